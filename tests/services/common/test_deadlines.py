import asyncio
from collections.abc import AsyncIterator

import pytest

from services.common.deadlines import Deadlines


class Calls:
    """Keeps what was called, and lets a test wait for it."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self._called = asyncio.Event()

    def __call__(self, keys: list[int]) -> None:
        self.batches.append(keys)
        self._called.set()

    @property
    def keys(self) -> list[int]:
        return [key for batch in self.batches for key in batch]

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.keys) < count:
                self._called.clear()
                await self._called.wait()


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
async def deadlines(calls: Calls) -> AsyncIterator[Deadlines[int]]:
    deadlines: Deadlines[int] = Deadlines(calls)
    yield deadlines
    deadlines.close()


def soon(milliseconds: float) -> float:
    return asyncio.get_running_loop().time() + milliseconds / 1000


async def test_keys_are_called_in_the_order_of_their_deadlines(
    deadlines: Deadlines[int], calls: Calls
) -> None:
    deadlines.add(3, soon(30))
    deadlines.add(1, soon(5))
    deadlines.add(2, soon(15))
    await calls.wait_for(3)
    assert calls.keys == [1, 2, 3]
    assert len(deadlines) == 0


async def test_what_is_due_together_is_called_together(
    deadlines: Deadlines[int], calls: Calls
) -> None:
    when = soon(5)
    for key in range(100):
        deadlines.add(key, when)
    await calls.wait_for(100)
    assert calls.batches == [list(range(100))]


async def test_a_deadline_that_has_passed_is_called_by_the_loop_and_not_at_once(
    deadlines: Deadlines[int], calls: Calls
) -> None:
    deadlines.add(1, soon(-50))
    assert calls.keys == []
    await calls.wait_for(1)


async def test_a_removed_key_is_not_called(deadlines: Deadlines[int], calls: Calls) -> None:
    deadlines.add(1, soon(5))
    deadlines.add(2, soon(10))
    deadlines.remove(1)
    deadlines.remove(7)
    await calls.wait_for(1)
    assert calls.keys == [2]


async def test_a_key_that_is_added_again_is_moved(deadlines: Deadlines[int], calls: Calls) -> None:
    deadlines.add(1, soon(5))
    deadlines.add(2, soon(10))
    deadlines.add(1, soon(20))
    await calls.wait_for(2)
    assert calls.keys == [2, 1]


async def test_a_key_can_be_added_while_others_are_called(calls: Calls) -> None:
    def due(keys: list[int]) -> None:
        calls(keys)
        if keys == [1]:
            chained.add(2, soon(2))

    chained: Deadlines[int] = Deadlines(due)
    chained.add(1, soon(2))
    await calls.wait_for(2)
    assert calls.keys == [1, 2]


async def test_after_close_nothing_is_called(deadlines: Deadlines[int], calls: Calls) -> None:
    other: Deadlines[int] = Deadlines(Calls())
    other.add(1, soon(1))
    other.close()
    deadlines.add(1, soon(5))
    await calls.wait_for(1)
    assert len(other) == 0


async def test_a_key_is_not_called_before_its_time_by_the_given_clock(calls: Calls) -> None:
    clock = Clock()
    deadlines: Deadlines[int] = Deadlines(calls, clock)
    deadlines.add(1, 100.0)
    deadlines.add(2, 100.0005)
    deadlines.add(3, 100.05)
    await calls.wait_for(2)
    assert calls.batches == [
        [1, 2]
    ]  # 3 is more than the granularity away, whatever the loop's clock says
    clock.now = 100.1
    await calls.wait_for(3)


async def test_one_timer_serves_any_number_of_keys(
    deadlines: Deadlines[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    delays: list[float] = []
    original = loop.call_later

    def counted(delay: float, *args: object) -> asyncio.TimerHandle:
        delays.append(delay)
        return original(delay, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "call_later", counted)
    start = soon(60_000)
    for key in range(1000):
        deadlines.add(key, start + key)
    assert len(delays) == 1
    deadlines.add(-1, start - 1)
    assert len(delays) == 2


async def test_removed_keys_do_not_pile_up(deadlines: Deadlines[int], calls: Calls) -> None:
    for key in range(10_000):
        deadlines.add(key, soon(60_000))
        if key >= 10:
            deadlines.remove(key)
    assert len(deadlines) == 10
    assert len(deadlines._heap) < 100
    last = soon(2)
    for key in range(10):
        deadlines.add(key, last)
    await calls.wait_for(10)
    assert sorted(calls.keys) == list(range(10))
