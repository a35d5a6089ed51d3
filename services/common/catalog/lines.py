"""Who answers for a model of a plan, while that moves from version to version.

A plan refers to a version by its number, by an alias, or as the newest; what it points to may change at any
time, and the version it points to then may have no host yet. So for each model of the plan in force there
is a line: the versions it pointed to, the latest first. The first is the *target*. Until a host serves it,
a former target answers, and never a third one: the latest that took over, which is that an executor served
it since it was pointed to. One that was a target only for a moment did not, though it may have served long
ago; and one that did goes on counting when it has no host for a while, whatever older ones have then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import NamedTuple

from hedgerow.references import Reference, parse_reference
from hedgerow.v1.events_pb2 import ChangeAbandoned, PlanLine
from services.common.catalog.versions import Model, Version

_KEPT = 16
"""Versions of a line: more than may be kept warm, and as many again that may be retired meanwhile."""

_LOOKED_AT = 64
"""Versions that are looked at for one that has served, where the line itself remembers none."""


class Candidates(NamedTuple):
    """The versions that may answer for a model of a plan, best first."""

    wanted: int
    """The version that the plan points to; 0: none."""
    versions: tuple[int, ...]
    """At most two: the target, and the one that answers until it serves."""
    warm: tuple[int, ...] = ()
    """Former targets that are usable: first what rollbacks lead to, then the others, the latest first."""
    reason: str = ""
    """Why the wanted one cannot answer, or was given up."""


class Line:
    """One model of the plan in force."""

    def __init__(
        self,
        reference: Reference,
        targets: list[int] | None = None,
        took_over: Iterable[int] = (),
    ) -> None:
        self.reference = reference
        self.targets = targets or []
        self.took_over = set(took_over)
        """Those that an executor has served since they were pointed to last."""
        self.abandoned: ChangeAbandoned | None = None
        self._wanted = 0

    @property
    def target(self) -> int:
        """The version that should answer; 0: there is none."""
        return self.targets[0] if self.targets else 0

    def point(self, target: int, wanted: int) -> None:
        """Say which version the plan points to now (`wanted`), and which of its model may answer for that.

        The two differ where the newest has failed. 0: there is none, and what answered before goes on.
        """
        self._wanted = wanted
        if not target or (self.abandoned is not None and self.abandoned.version == target):
            return
        if target != self.target:
            self.targets = [target, *(other for other in self.targets if other != target)][:_KEPT]
            self.took_over.discard(target)
        self.abandoned = None

    def look(self, model: Model) -> None:
        """Note which of its versions have taken over by now."""
        self.took_over &= {*self.targets}
        self.took_over.update(
            number
            for number in self.targets
            if number in model.versions and model.versions[number].life.is_live
        )

    def abandon(self, event: ChangeAbandoned) -> None:
        """Give the target up, and stay with what was before it, until somebody asks anew."""
        if event.version != self.target or len(self.targets) < 2:
            return
        self.targets = self.targets[1:]
        self.abandoned = ChangeAbandoned()
        self.abandoned.CopyFrom(event)

    def ask_anew(self) -> None:
        """Somebody asked for what the plan points to, once more."""
        self.abandoned = None

    def candidates(self, model: Model) -> Candidates:
        """Return who may answer."""
        former = self._former(model)
        goes_on = (v for v in former if v.model.version in self.took_over)
        answering = next(goes_on, former[0] if former else None)
        versions = (answering.model.version,) if answering else ()
        if model.is_usable(self.target):
            versions = (self.target, *versions)
        reason = self._reason(model.versions.get(self._wanted))
        return Candidates(self._wanted, versions, self._warm(model, former), reason)

    def _warm(self, model: Model, former: list[Version]) -> tuple[int, ...]:
        """Return what has served before the target, first what a rollback leads to.

        After one that is not what was the target before, but the one before that.
        """
        alias = model.aliases.get(self.reference.alias)
        before = [*reversed(alias.before)] if alias is not None else []
        numbers = [version.model.version for version in former]
        first = [number for number in before if number in numbers]
        return (*first, *(number for number in numbers if number not in first))

    def _former(self, model: Model) -> list[Version]:
        """Return what has served before the target and still may, the latest first."""
        numbers = [number for number in self.remembered(model) if number != self.target]
        found = [model.versions[number] for number in numbers if number in model.versions]
        return [v for v in found if v.life.is_usable and v.life.has_served][:_KEPT]

    def remembered(self, model: Model) -> list[int]:
        """Return the target, and what was it before, the latest first.

        Who begins to follow the newest in the middle of a log remembers no targets: any older one that has
        served will do.
        """
        if self.reference != Reference(self.reference.name):
            return self.targets
        newest = islice(model.newest_first(), _LOOKED_AT)
        older = [v.model.version for v in newest if v.life.has_served]
        known = {*self.targets, *(number for number in older if number > self.target)}
        return [*self.targets, *(number for number in older if number not in known)]

    def _reason(self, wanted: Version | None) -> str:
        if self.abandoned is not None:
            return f"given up: {self.abandoned.reason}"
        if wanted is None:
            return ""
        return "it is retired" if wanted.life.is_over else wanted.life.reason

    def to_proto(self) -> PlanLine:
        """Return all of it."""
        return PlanLine(
            reference=str(self.reference),
            targets=self.targets,
            abandoned=self.abandoned,
            took_over=sorted(self.took_over),
        )

    @staticmethod
    def from_proto(told: PlanLine) -> Line:
        """Return the line that was told."""
        line = Line(parse_reference(told.reference), list(told.targets), told.took_over)
        if told.HasField("abandoned"):
            line.abandoned = ChangeAbandoned()
            line.abandoned.CopyFrom(told.abandoned)
        return line


def succeed(
    before: list[Line], references: list[Reference], models: Mapping[str, Model]
) -> list[Line]:
    """Return the lines of a new plan: each takes up where one of the plan before it left.

    That is the one of the same reference, else the first of the same model that no other takes up.
    """
    left = list(before)
    taken: dict[Reference, Line] = {}
    for reference in references:
        if (line := next((line for line in left if line.reference == reference), None)) is not None:
            left.remove(line)
            taken[reference] = line
    lines = []
    for reference in references:
        line = taken.get(reference)
        if line is None:
            line = next((old for old in left if old.reference.name == reference.name), None)
            if line is not None:
                left.remove(line)
        model = models.get(reference.name)
        targets = line.remembered(model)[:_KEPT] if line is not None and model is not None else ()
        lines.append(Line(reference, list(targets), line.took_over if line is not None else ()))
    return lines
