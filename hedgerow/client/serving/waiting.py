"""The waiting itself: asks a router and the registry until a goal is reached, or cannot be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from hedgerow.client.serving.goals import Goal
from hedgerow.client.serving.standing import Standing, standing_of
from hedgerow.client.state import get_state
from hedgerow.errors import Refused, Unavailable
from hedgerow.v1.state_pb2 import GetStateResponse

WAIT_SECONDS = 120.0
"""The longest that is waited: an executor gives a model as much time to load, by default."""

_POLL_SECONDS = 0.2


async def wait_until_serving(
    router: str,
    goal: Goal,
    *,
    executors: int | None = None,
    seconds: float = WAIT_SECONDS,
    told: Callable[[str], None] = lambda line: None,
) -> None:
    """Wait until all that a goal points to serves on so many executors, and the router answers by it.

    By default on all executors that run such models, as far as the router tells; else on one. `told` is
    called with a line whenever something has changed. Raises Refused as soon as it is clear that a version
    will not serve, and Unavailable after `seconds`, or if there is no such router; both say why. A router
    or registry that goes away meanwhile is waited for: they are restarted in the middle of a release, too.
    """
    end = time.monotonic() + seconds
    looks = _Looks(router, goal, executors, told)
    while missing := await looks.missing():
        if time.monotonic() >= end:
            raise Unavailable(f"waited {seconds:g} s in vain: {'; '.join(missing)}")
        await asyncio.sleep(_POLL_SECONDS)


class _Looks:
    """One look after the other at how a goal stands."""

    def __init__(
        self, router: str, goal: Goal, executors: int | None, told: Callable[[str], None]
    ) -> None:
        self._router, self._goal, self._executors, self._told = router, goal, executors, told
        self._before: list[str] = []

    async def missing(self) -> list[str]:
        """Return what is missing. Raises Refused if it cannot come, Unavailable if nobody ever answered."""
        try:
            wanted = await self._goal.wanted()
            state = await get_state(self._router, self._goal.data_type)
        except Unavailable as error:
            if not self._before:
                raise
            self._tell([str(error)])
            return [str(error)]
        standings = [standing_of(one, state, self._executors) for one in wanted]
        self._tell([standing.text() for standing in standings])
        _check_hope(standings)
        missing = [standing.text() for standing in standings if not standing.is_reached]
        return missing or _behind(self._goal, state)

    def _tell(self, lines: list[str]) -> None:
        for line in lines:
            if line not in self._before:
                self._told(line)
        self._before = lines


def _check_hope(standings: list[Standing]) -> None:
    hopeless = [standing.hopeless for standing in standings if standing.hopeless]
    if hopeless:
        raise Refused("; ".join(hopeless))


def _behind(goal: Goal, state: GetStateResponse) -> list[str]:
    """Return in what the router is behind: it may not have heard of a plan."""
    plans = [plan for plan in state.plans if plan.data_type == goal.data_type]
    if all(plan.revision >= goal.revision for plan in plans):
        return []
    return [
        f"the router goes by revision {plans[0].revision} of the plan of {goal.data_type} and not by"
        f" {goal.revision}"
    ]
