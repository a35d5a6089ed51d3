"""Removing bytes that nobody refers to, while somebody may be pushing the same ones."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from redis import Redis

from hedgerow.errors import Unavailable
from hedgerow.v1.events_pb2 import ModelPushed
from services.common.catalog import Definition
from services.common.log import Log
from services.common.log.keys import CHUNK_BYTES, SINGLE
from tests.services.common.events import push_of

SIZE = 2 * CHUNK_BYTES + 1


class Push:
    """The steps of a push as the registry takes them, and what remains of its bytes."""

    def __init__(self, log: Log, log_url: str, file: Path) -> None:
        self.log, self.file = log, file
        self.pushed: ModelPushed = push_of(file)
        self.redis = Redis.from_url(log_url)

    async def store(self) -> None:
        await self.log.definitions.store(self.pushed, self.file)

    async def keep(self) -> None:
        await self.log.definitions.keep(self.pushed)

    async def keep_again(self) -> None:
        """After the event: what is gone is stored once more."""
        try:
            await self.keep()
        except Unavailable:
            await self.store()
            await self.keep()

    @property
    def definition(self) -> Definition:
        return Definition("wine", self.pushed.model.sha256, SIZE, self.pushed.chunks)

    def lives(self) -> list[int]:
        """The time to live of each chunk: -1 for ever, -2 it is gone."""
        names = [SINGLE.blob(self.pushed.model.sha256, number) for number in range(3)]
        return [self.redis.ttl(name) for name in names]


@pytest.fixture
async def push(log: Log, log_url: str, tmp_path: Path) -> Push:
    """A push whose bytes are stored and durable, of a version that was deleted since."""
    file = tmp_path / "definition"
    file.write_bytes(os.urandom(SIZE))
    push = Push(log, log_url, file)
    await push.store()
    await push.keep()
    return push


def asked(
    *answers: bool, between: Callable[[], Awaitable[None]] | None = None
) -> Callable[..., Awaitable[bool]]:
    """Answers whether bytes are needed, first and then again, and does something before the last answer."""
    left = list(answers)

    async def is_needed() -> bool:
        if between is not None and len(left) == 1:
            await between()
        return left.pop(0)

    return is_needed


async def test_what_nobody_needs_goes_and_what_somebody_needs_stays(log: Log, push: Push) -> None:
    assert await log.definitions.discard(push.definition, asked(True)) == 0
    assert push.lives() == [-1, -1, -1]
    assert await log.definitions.present([push.definition]) == [push.definition]
    assert await log.definitions.discard(push.definition, asked(False, False)) == SIZE
    assert push.lives() == [-2, -2, -2]
    assert await log.definitions.present([push.definition]) == []
    assert await log.definitions.discard(push.definition, asked(False, False)) == 0


async def test_a_push_that_was_registered_before_the_bytes_were_doomed_keeps_them(
    log: Log, push: Push
) -> None:
    assert await log.definitions.discard(push.definition, asked(False, True)) == 0
    assert push.lives() == [-1, -1, -1]


async def test_a_push_that_is_registered_after_it_was_asked_keeps_them(
    log: Log, push: Push
) -> None:
    freed = await log.definitions.discard(
        push.definition, asked(False, False, between=push.keep_again)
    )
    assert freed == 0
    assert push.lives() == [-1, -1, -1]


async def test_a_push_that_is_registered_after_they_went_stores_them_once_more(
    log: Log, push: Push
) -> None:
    await push.store()  # by now they are durable, and stay so
    await log.definitions.discard(push.definition, asked(False, False))
    await push.keep_again()
    assert push.lives() == [-1, -1, -1]
    assert b"".join([p async for p in log.definitions.read(push.definition)]) == _content(push)


async def test_what_another_doomed_and_is_needed_is_spared(log: Log, push: Push) -> None:
    for number in range(3):
        push.redis.pexpire(SINGLE.blob(push.pushed.model.sha256, number), 60_000)
    assert await log.definitions.discard(push.definition, asked(True)) == 0
    assert push.lives() == [-1, -1, -1]


async def test_a_removal_that_is_cut_short_leaves_nothing_for_ever(log: Log, push: Push) -> None:
    async def fails() -> None:
        raise Unavailable("the log is out of reach")

    with pytest.raises(Unavailable):
        await log.definitions.discard(push.definition, asked(False, False, between=fails))
    assert all(0 < life <= 3600 for life in push.lives())


def _content(push: Push) -> bytes:
    return push.file.read_bytes()
