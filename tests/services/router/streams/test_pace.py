"""How fast streams are read beside calls, and alone."""

from __future__ import annotations

import asyncio

import pytest

from services.router.streams.scoring.pace import Pace, Turns


class Calls:
    """When the last call came."""

    def __init__(self) -> None:
        self.at = float("-inf")

    def come(self) -> None:
        self.at = asyncio.get_running_loop().time()


async def took(pace: Pace, rows: int, seconds: float) -> None:
    async with pace.turn(rows):
        await asyncio.sleep(seconds)


async def test_batches_are_large_alone_as_the_deadline_allows_and_small_beside_calls() -> None:
    calls = Calls()
    pace = Pace(Turns(0.5, lambda: calls.at), 512)
    assert pace.rows(1.0) == 32  # nothing is known yet
    assert pace.batches(4) == 4
    await took(pace, 64, 0.0128)  # at least 200 us a record
    assert pace.rows(10.0) == 512
    assert 64 < pace.rows(0.1) <= 200
    assert 1 <= pace.rows(0.0005) <= 2
    calls.come()
    assert pace.rows(10.0) == 64
    assert pace.batches(4) == 1


async def test_beside_calls_streams_have_a_share_of_the_time_and_one_that_hangs_keeps_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = Calls()
    turns = Turns(0.25, lambda: calls.at)
    one, other = Pace(turns, 512), Pace(turns, 512)
    for pace in (one, other):
        await took(pace, 100, 0.01)
    calls.come()
    clock = asyncio.get_running_loop().time
    begun = clock()
    async with one.turn(100):  # and does not end before the others have
        first = clock() - begun
        async with other.turn(100):
            second = clock() - begun
        async with one.turn(100):
            third = clock() - begun
    assert second - first >= 0.039  # four times the 10 ms that it was to take
    assert third - second >= 0.039
    assert third < 1.0
