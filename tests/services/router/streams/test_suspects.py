"""Records that failed are tried again one batch at a time in the whole mesh."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hedgerow.errors import Unavailable
from services.common.log import Log
from services.router.streams.scoring import suspects
from services.router.streams.scoring.suspects import Suspects
from services.router.streams.stopping import Stopped, Stopping


class Turns:
    """Of several routers."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.going_on: list[str] = []
        self.begun: list[tuple[str, float]] = []

    def router(self, name: str) -> Suspects:
        return Suspects(self._log.streams.suspects("wine"), name)

    @asynccontextmanager
    async def turn(
        self, router: Suspects, name: str, stopping: Stopping | None = None
    ) -> AsyncIterator[None]:
        async with router.turn(1.0, stopping or Stopping()):
            self.begun.append((name, asyncio.get_running_loop().time()))
            self.going_on.append(name)
            assert self.going_on == [name], "two at a time"
            yield
            self.going_on.remove(name)

    async def take(self, router: Suspects, name: str, *late: float) -> None:
        async with self.turn(router, name):
            await asyncio.sleep(0.01)
            for seconds in late:
                router.harmed(seconds)

    @property
    def gap(self) -> float:
        """Between the last two."""
        (_, one), (_, other) = self.begun[-2:]
        return other - one


async def test_one_batch_at_a_time_is_tried_at_whichever_router(log: Log) -> None:
    turns = Turns(log)
    routers = {name: turns.router(name) for name in ("one", "other", "third")}
    await asyncio.gather(
        *(turns.take(router, n) for n, router in routers.items() for _ in range(4))
    )
    assert sorted(name for name, _ in turns.begun) == sorted([*routers] * 4)


@pytest.mark.parametrize("next_", ["one", "other"])
async def test_after_a_turn_that_was_late_nobody_has_one_for_a_while(log: Log, next_: str) -> None:
    turns = Turns(log)
    routers = {name: turns.router(name) for name in ("one", "other")}
    await turns.take(routers["one"], "one")
    await turns.take(routers[next_], next_)
    assert turns.gap < 0.15
    await turns.take(routers["one"], "one", 0.1)
    await turns.take(routers[next_], next_, 0.1)
    assert 0.2 <= turns.gap < 0.6


async def test_the_more_turns_in_a_row_do_harm_the_longer_is_the_rest(log: Log) -> None:
    turns = Turns(log)
    router = turns.router("one")
    gaps = []
    for _ in range(3):
        await turns.take(router, "one", 0)
        gaps.append(turns.gap if len(turns.begun) > 1 else 0)
    await turns.take(router, "one")
    gaps.append(turns.gap)
    assert [0.1 <= gaps[1] < 0.19, 0.2 <= gaps[2] < 0.39, 0.4 <= gaps[3] < 0.79] == [True] * 3, gaps
    await turns.take(router, "one")
    assert turns.gap < 0.09
    await turns.take(router, "one", 1000)
    assert router._quiet_at - turns.begun[-1][1] < 5.1


async def test_turns_may_do_harm_for_days(log: Log) -> None:
    router = Turns(log).router("one")
    router._in_a_row = 100_000
    router.harmed(1.0)
    assert 4.5 < router._quiet_at - asyncio.get_running_loop().time() <= 5.0


async def test_harm_that_others_do_meanwhile_counts_too(log: Log) -> None:
    turns = Turns(log)
    router = turns.router("one")
    await turns.take(router, "one")
    router.harmed(0.1)
    await turns.take(router, "one")
    assert turns.gap >= 0.2


async def test_who_is_to_stop_waits_for_no_turn(log: Log) -> None:
    turns = Turns(log)
    one, other, stopping = turns.router("one"), turns.router("other"), Stopping()
    async with turns.turn(one, "one"):
        asyncio.get_running_loop().call_later(0.1, stopping.tell)
        with pytest.raises(Stopped):
            async with turns.turn(other, "other", stopping):
                pytest.fail("it had a turn")
    await turns.take(other, "other")


async def test_a_turn_that_fails_is_over_and_one_of_a_router_that_died_ends_by_itself(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(log)
    one, other = turns.router("one"), turns.router("other")
    with pytest.raises(ValueError, match="a defect"):
        async with one.turn(1.0, Stopping()):
            raise ValueError("a defect")
    await asyncio.wait_for(turns.take(other, "other"), 0.5)

    monkeypatch.setattr(suspects, "_MARGIN_SECONDS", 0.5)
    dying = turns.router("dying").turn(0.1, Stopping())
    await dying.__aenter__()
    begun = asyncio.get_running_loop().time()
    await turns.take(other, "other")
    assert 0.5 < asyncio.get_running_loop().time() - begun < 2


async def test_without_the_log_there_is_no_turn() -> None:
    log = Log("redis://127.0.0.1:1")
    with pytest.raises(Unavailable):
        await Turns(log).take(Turns(log).router("one"), "one")
    await log.close()
