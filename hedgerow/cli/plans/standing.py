"""Which models of a plan do not stand as it asks, and who answers for them meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hedgerow.cli.models.told import state_text
from hedgerow.client.registry import AsyncRegistry
from hedgerow.client.state import get_state
from hedgerow.errors import HedgerowError
from hedgerow.v1.events_pb2 import PlanLine
from hedgerow.v1.models_pb2 import (
    VERSION_STATE_DELETED,
    VERSION_STATE_FAILED,
    VERSION_STATE_LIVE,
    VERSION_STATE_QUARANTINED,
    VERSION_STATE_RETIRED,
    VersionLife,
)
from hedgerow.v1.state_pb2 import PlanModelState

_BAD = (VERSION_STATE_FAILED, VERSION_STATE_QUARANTINED)
_FOR_GOOD = ("given up", "it is retired", "retired", "deleted", "failed", "quarantined")
"""How reasons begin that will not go away by themselves."""


class Standing(NamedTuple):
    """Of one model of the plan in force."""

    reference: str
    wanted: int
    """The version that it points to; 0: none."""
    answering: int
    """The version that answers; 0: none."""
    reason: str
    """Why that is another one; empty if it is not."""

    @property
    def is_as_asked(self) -> bool:
        """The version that it points to answers."""
        return self.wanted == self.answering and not self.reason

    def text(self) -> str:
        """Return what is not as asked, for people."""
        reason = f" ({self.reason})" if self.reason else ""
        if not self.wanted:
            return f"{self.reference}: there is no such version{reason}"
        if self.wanted == self.answering:
            return f"{self.reference}: @{self.wanted} answers{reason}"
        instead = f"@{self.answering} answers" if self.answering else "nothing answers"
        if self.reason.startswith(_FOR_GOOD):
            return f"{self.reference}: @{self.wanted} does not serve{reason}; {instead}"
        until = " until it does" if self.answering else ""
        return f"{self.reference}: @{self.wanted} does not serve yet{reason}; {instead}{until}"


class Standings(NamedTuple):
    """Of a plan."""

    revision: int
    """The one in effect: a router goes by the one before until all models of a new one can answer."""
    models: list[Standing]


async def standings_of(
    client: AsyncRegistry, router: str, data_type: str, revision: int
) -> Standings:
    """Return how the models of the plan in force stand: a router tells, or else what the log has."""
    told = [one for one in await _ask(router, data_type) if one.data_type == data_type]
    models = [_told(one) for one in told if one.plan_revision == revision]
    in_effect = max((one.plan_revision for one in told), default=revision)
    return Standings(in_effect, models or await _remembered(client, data_type))


async def _ask(router: str, data_type: str) -> list[PlanModelState]:
    try:
        return list((await get_state(router, data_type)).plan_models)
    except HedgerowError:  # a plan can be shown without a router
        return []


def _told(one: PlanModelState) -> Standing:
    return Standing(one.reference, one.wanted, one.answering, one.reason)


async def _remembered(client: AsyncRegistry, data_type: str) -> list[Standing]:
    lives = {
        (tracked.model.descriptor.name, tracked.model.version): tracked.life
        for tracked in await client.list_tracked(data_type)
    }
    _, lines = await client.get_plan_lines(data_type)
    return [_of_line(line, lives) for line in lines]


def _of_line(line: PlanLine, lives: dict[tuple[str, int], VersionLife]) -> Standing:
    name = line.reference.partition("@")[0]
    live = [v for v in line.targets if _is_live(lives.get((name, v)))]
    answering = live[0] if live else 0
    if line.abandoned.version:
        reason = f"given up: {line.abandoned.reason}"
        return Standing(line.reference, line.abandoned.version, answering, reason)
    wanted = line.targets[0] if line.targets else 0
    if line.reference == name:  # the newest is meant, and another one is the target if that failed
        wanted = max(
            (v for (n, v), life in lives.items() if n == name and _remains(life)), default=0
        )
    if wanted == answering:
        return Standing(line.reference, wanted, answering, "")
    life = lives.get((name, wanted), VersionLife())
    state = state_text(life.state)
    reason = f"{state}: {life.reason}" if life.state in _BAD else state
    return Standing(line.reference, wanted, answering, reason)


def _remains(life: VersionLife) -> bool:
    return life.state not in (VERSION_STATE_RETIRED, VERSION_STATE_DELETED)


def _is_live(life: VersionLife | None) -> bool:
    return life is not None and life.state == VERSION_STATE_LIVE


def remarks(standings: Standings, revision: int) -> Iterator[str]:
    """Yield a comment for each thing that is not as a revision asks."""
    from hedgerow.cli.output import printable

    if standings.revision < revision:
        yield f"# revision {standings.revision} answers until all models of this one can"
    for standing in standings.models:
        if not standing.is_as_asked:
            yield f"# {printable(standing.text())}"
