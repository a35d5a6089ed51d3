"""When a host is told that nobody needs what it has: only where that is worth a message."""

from __future__ import annotations

import asyncio

from hedgerow.v1.execution_pb2 import CancelledModels
from services.router.hosts.cancellations import Cancellations
from tests.support import wait_until


class Host:
    """What a link knows of its host."""

    def __init__(self) -> None:
        self.has: set[int] = set()
        self.told: list[list[int]] = []
        self.told_of_models: list[dict[tuple[int, ...], list[int]]] = []
        self.cancelled = Cancellations(lambda ids: ids & self.has, self._write)

    def _write(self, ids: list[int], of_models: list[CancelledModels]) -> None:
        self.told.append(ids)
        self.told_of_models.append({tuple(one.models): list(one.task_ids) for one in of_models})

    def is_fast(self) -> None:
        for _ in range(100):
            self.cancelled.scored(0.0001)


async def test_a_host_of_which_nothing_is_known_is_told_at_once_of_all_that_it_has() -> None:
    host = Host()
    host.has = {1, 2}
    for task_id in (1, 2, 3):
        host.cancelled.add(task_id)
    await wait_until(lambda: host.told, "the host is told")
    assert host.told == [[1, 2]]


async def test_what_a_host_has_done_by_then_is_not_told() -> None:
    host = Host()
    host.is_fast()
    host.has = {1}
    host.cancelled.add(1)
    await asyncio.sleep(0)
    host.has = set()
    last = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, last.set)
    await last.wait()
    assert host.told == []


async def test_a_fast_host_that_is_slow_for_once_is_told_in_the_end() -> None:
    host = Host()
    host.is_fast()
    host.has = {1}
    host.cancelled.add(1)
    await asyncio.sleep(0)
    assert host.told == []
    await wait_until(lambda: host.told, "the host is told")
    assert host.told == [[1]]


async def test_what_travels_with_a_frame_needs_no_message() -> None:
    host = Host()
    host.has = {1, 2}
    host.cancelled.add(1)
    host.cancelled.add(2)
    assert host.cancelled.take() == ([1, 2], [])
    assert host.cancelled.take() == ([], [])
    await asyncio.sleep(0.01)
    assert host.told == []


async def test_nothing_is_told_after_the_end() -> None:
    host = Host()
    host.has = {1}
    host.cancelled.add(1)
    host.cancelled.close()
    await asyncio.sleep(0.01)
    assert host.told == []
