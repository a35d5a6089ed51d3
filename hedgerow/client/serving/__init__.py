"""Waits until versions of models serve: from a push, an alias or a plan until it is of use, seconds pass.

applied = await registry.apply_plan(plan)
goal = PlanGoal(registry, "wine", applied.plan.revision)
await wait_until_serving("localhost:8400", goal, told=print)
"""

from hedgerow.client.serving.goals import AliasGoal, Goal, PlanGoal, VersionGoal, Wanted
from hedgerow.client.serving.waiting import WAIT_SECONDS, wait_until_serving

__all__ = [
    "WAIT_SECONDS",
    "AliasGoal",
    "Goal",
    "PlanGoal",
    "VersionGoal",
    "Wanted",
    "wait_until_serving",
]
