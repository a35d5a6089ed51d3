"""What somebody who pushes might not expect, and what is to be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hedgerow.client.registry import AsyncRegistry, Pushed
    from hedgerow.v1.events_pb2 import PlanLine


async def lines_for(client: AsyncRegistry, pushed: Pushed) -> Sequence[PlanLine]:
    """Return the lines of the plan in force, if `remark` needs them."""
    if pushed.newest == pushed.model.version:
        return []
    return (await client.get_plan_lines(pushed.model.descriptor.data_type))[1]


def remark(pushed: Pushed, lines: Sequence[PlanLine]) -> str:
    """Return what is to be said after `wine-tree@3`; empty where all is as one would expect."""
    if pushed.newest != pushed.model.version:
        return _of_old_bytes(pushed, lines)
    if not pushed.created:
        return " was there already"
    if metric := pushed.lacks_metric:
        return (
            f" lacks the metric {metric} that the plan ranks by, so that of the version before it counts; "
            f"--metric {metric}=... says its own"
        )
    return ""


def _of_old_bytes(pushed: Pushed, lines: Sequence[PlanLine]) -> str:
    name, version = pushed.model.descriptor.name, pushed.model.version
    mine = [line for line in lines if line.reference.partition("@")[0] == name]
    begin = f" was there already; {name}@{pushed.newest} is newer"
    if any(version in line.targets[:1] for line in mine):
        return f"{begin}, but the plan points to {name}@{version}"
    if not mine:
        return f"{begin}, and the plan in force has neither"
    targets = sorted({line.targets[0] for line in mine if line.targets})
    listed = ", ".join(f"{name}@{target}" for target in targets)
    points_to = "it" if targets == [pushed.newest] else listed or "none"
    how = _how_to_serve(pushed, mine[0])
    return f"{begin}, and the plan points to {points_to}; to serve {name}@{version}: {how}"


def _how_to_serve(pushed: Pushed, line: PlanLine) -> str:
    """Return exactly what is to be typed."""
    said, version = pushed.model.descriptor, pushed.model.version
    alias = line.reference.partition("@")[2]
    if alias and not alias.isdigit():
        return f"`hedgerow models promote {said.data_type}/{said.name}@{version} {alias} --wait`"
    pinned = f"s/name: {line.reference}$/name: {said.name}@{version}/"
    return f"`hedgerow plan show {said.data_type} | sed '{pinned}' | hedgerow plan apply - --wait`"
