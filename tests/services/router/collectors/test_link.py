"""What a link to a collector takes note of, without the collector."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from hedgerow.v1.collection_pb2 import CollectResponse, TaskProgress
from hedgerow.v1.plans_pb2 import Plan
from services.router.collectors.link import CollectorLink, CollectorListener


class Listener:
    def __init__(self) -> None:
        self.progress: list[int] = []

    def callbacks(self) -> CollectorListener:
        def progress(messages: Any) -> None:
            self.progress += [message.task_id for message in messages]

        return CollectorListener(lambda decision: None, progress, lambda ids: None)


@pytest.fixture
async def listener() -> Listener:
    return Listener()


@pytest.fixture
async def link(listener: Listener) -> AsyncIterator[CollectorLink]:
    made = CollectorLink(
        "127.0.0.1:1", listener.callbacks(), lambda _: None
    )  # where nobody listens
    yield made
    await made.close()


def plan(content: bytes) -> Any:
    return SimpleNamespace(content=content, message=Plan(), qualities=[], awaited=[])


async def test_progress_of_a_task_that_was_opened_elsewhere_is_no_news(
    link: CollectorLink, listener: Listener
) -> None:
    link._open = {2}
    progress = [TaskProgress(task_id=1, ended=1), TaskProgress(task_id=2, ended=1)]
    link._received(CollectResponse(progress=progress))
    assert listener.progress == [2]


async def test_the_number_of_the_oldest_plan_is_given_to_a_new_one(
    link: CollectorLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.router.collectors.link._MOST_PLANS", 2)
    one, two, three = plan(b"1"), plan(b"2"), plan(b"3")
    assert [link._key_of(each)[0] for each in (one, two, one)] == [1, 2, 1]
    key, definitions = link._key_of(three)
    assert key == 1
    assert [definition.key for definition in definitions] == [1]
    assert link._key_of(two) == (2, [])
    key, definitions = link._key_of(one)  # it is not known any more, and defined again
    assert key == 2
    assert len(definitions) == 1
