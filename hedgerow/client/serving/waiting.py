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
    will not serve, and Unavailable after `seconds`, or if there is no such router; both say why.
    """
    end = time.monotonic() + seconds
    before: list[str] = []
    while True:
        wanted = await goal.wanted()
        state = await get_state(router, goal.data_type)
        standings = [standing_of(one, state, executors) for one in wanted]
        lines = [standing.text() for standing in standings]
        for line in lines:
            if line not in before:
                told(line)
        before = lines
        _check_hope(standings)
        missing = [standing.text() for standing in standings if not standing.is_reached]
        if not missing and not (missing := _behind(goal, state)):
            return
        if time.monotonic() >= end:
            raise Unavailable(f"waited {seconds:g} s in vain: {'; '.join(missing)}")
        await asyncio.sleep(_POLL_SECONDS)


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
