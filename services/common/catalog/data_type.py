"""All that is known of one data type, and what each kind of event makes of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from hedgerow.references import Reference
from hedgerow.v1 import events_pb2 as pb
from hedgerow.v1.models_pb2 import Identity, VersionName
from hedgerow.v1.plans_pb2 import Plan
from services.common.catalog.aliases import Alias
from services.common.catalog.default_plan import default_plan
from services.common.catalog.lines import Candidates, Line, succeed
from services.common.catalog.parts import Known
from services.common.catalog.versions import Model, Version

_PLANS_KEPT = 100
"""Revisions of a plan that are remembered."""


class DataType:
    """One data type."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.models: dict[str, Model] = {}
        self.plans: deque[Plan] = deque(maxlen=_PLANS_KEPT)
        """The latest revisions applied, oldest first; the last is in force."""
        self.highest_revision = 0
        self.has_lost_plans = False
        """The log does not have the plans any more; they are remembered here."""
        self._lines: list[Line] = []
        self._stale = False
        self.last_id = "0-0"
        self._default: Plan | None = None
        """Made when it is asked for: a log may have ten thousand pushes and no plan."""
        self._kinds: dict[str, Callable[[Any, Timestamp, Identity], None]] = {
            "plan_applied": self._plan_applied,
            "alias_set": self._alias_set,
            "alias_deleted": self._alias_deleted,
            "tags_changed": self._tags_changed,
            "retired": lambda name, at, by: self._over(name, "retire"),
            "deleted": lambda name, at, by: self._over(name, "delete"),
            "reported": self._reported,
            "retried": self._retried,
            "abandoned": self._abandoned,
            "numbers_used": self._numbers_used,
            "restored": lambda snapshot, at, by: self.add(snapshot),
        }

    # -- what there is -----------------------------------------------------------------------------

    def version(self, name: str, number: int) -> Version | None:
        """Return a version, if there is one."""
        model = self.models.get(name)
        return model.versions.get(number) if model else None

    @property
    def plan(self) -> Plan:
        """The plan in force: the one applied last, else the default."""
        return self.plans[-1] if self.plans else self.default

    @property
    def default(self) -> Plan:
        """The default plan: of the models that can serve, or of all if none can."""
        if self._default is None:
            newest = {n: m.newest for n, m in self.models.items()}
            found = {name: version for name, version in newest.items() if version is not None}
            usable = {name: v.model for name, v in found.items() if v.life.is_usable}
            self._default = default_plan(
                self.name, usable or {name: version.model for name, version in found.items()}
            )
        return self._default

    def resolve(self, reference: Reference) -> tuple[int, int]:
        """Return the version that answers for a reference as soon as it serves, and the one it points to.

        They differ where the newest has failed. 0: there is none.
        """
        model = self.models.get(reference.name)
        if model is None:
            return 0, 0
        if reference.version:
            return reference.version, reference.version
        if reference.alias:
            alias = model.aliases.get(reference.alias)
            version = alias.version if alias else 0
            return version, version
        newest, latest = model.newest, model.latest
        return _number(newest), _number(latest)

    @property
    def lines(self) -> list[Line]:
        """Who answers for the models of the plan in force, one a model."""
        if self._stale and self.models:
            self._stale = False
            references = [Reference.of(model) for model in self.plan.models]
            if not self.plans:
                # Those of the default plan are made of what there is: what they remembered would depend on
                # who had looked at them and when.
                self._lines = [Line(reference) for reference in references]
            elif references != [line.reference for line in self._lines]:
                self._lines = succeed(self._lines, references, self.models)
            self._point(self._lines)
        return self._lines

    def candidates(self, plan: Plan) -> list[Candidates]:
        """Return who may answer for each model of a plan: of the one in force by its lines."""
        references = [Reference.of(model) for model in plan.models]
        lines = self.lines
        if references != [line.reference for line in lines]:
            # A revision before the one in force.
            lines = succeed(lines, references, self.models)
            self._point(lines)
        nothing = Model("")
        return [line.candidates(self.models.get(line.reference.name, nothing)) for line in lines]

    # -- the fold ----------------------------------------------------------------------------------

    def apply(self, event: pb.ModelEvent, entry_id: str) -> None:
        """Fold one event in. A kind unknown here was written by a newer program and changes nothing."""
        self.last_id = entry_id or self.last_id
        kind = event.WhichOneof("kind")
        if kind == "pushed":
            self._pushed(event.pushed, entry_id)
        elif kind in self._kinds:
            self._kinds[kind](getattr(event, kind), event.at, event.by)
        self.refresh()
        if self.plans:  # its lines remember each step
            self.lines  # noqa: B018

    def add(self, snapshot: pb.Snapshot) -> None:
        """Take in what a snapshot knows and nobody here; what is known stays as it is."""
        for tracked in snapshot.models:
            model = self._model(tracked.name)
            for told in tracked.versions:
                model.add(Version.from_proto(told))
            model.put_in_order()
            for alias in tracked.aliases:
                model.add_alias(Alias.from_proto(alias))
            model.highest = max(model.highest, tracked.highest_version)
        if snapshot.plans and (self.has_lost_plans or not self.plans):
            self.has_lost_plans = False
            self.plans.clear()
            self.plans.extend(_copy(plan) for plan in snapshot.plans)
            self._lines = [Line.from_proto(line) for line in snapshot.lines]
        self.highest_revision = max(self.highest_revision, snapshot.highest_revision)

    def inherit(self, before: DataType) -> None:
        """Take over what an earlier one knew and this one does not."""
        for name, old in before.models.items():
            self._model(name).inherit(old)
        if before.plans and not self.plans:
            self.plans, self._lines = before.plans, before.lines
            self.has_lost_plans = True
        self.highest_revision = max(self.highest_revision, before.highest_revision)
        self.refresh()

    def numbers_beyond(self, other: DataType | None) -> pb.NumbersUsed:
        """Return which numbers were given that another one does not know of."""
        theirs = {name: model.highest for name, model in other.models.items()} if other else {}
        revision = self.highest_revision
        return pb.NumbersUsed(
            versions={n: m.highest for n, m in self.models.items() if m.highest > theirs.get(n, 0)},
            revision=revision if revision > (other.highest_revision if other else 0) else 0,
        )

    def lost(self) -> list[str]:
        """Return the models with versions that the log does not have any more, sorted."""
        return sorted(n for n, m in self.models.items() if any(v.lost for v in m.versions.values()))

    def lost_references(self) -> list[str]:
        """Return the aliases that the log does not have any more, and the plan if it has lost that."""
        aliases = [alias for model in self.models.values() for alias in model.lost_aliases()]
        return [*(["the plan"] if self.has_lost_plans else []), *sorted(aliases)]

    def load(self, snapshot: pb.Snapshot) -> None:
        """Begin with a snapshot, in place of the events up to its `last_id`."""
        self.add(snapshot)
        self.last_id = snapshot.last_id
        self.refresh()

    def with_plan(self, plan: Plan) -> DataType:
        """Return what this would be with another plan. It shares the models: only look at it."""
        other = DataType(self.name)
        other.models = self.models
        other.plans.extend(self.plans)
        other._lines = [Line.from_proto(line.to_proto()) for line in self.lines]
        other.refresh()
        other.apply(pb.ModelEvent(plan_applied=plan), "")
        return other

    def to_proto(self) -> pb.Snapshot:
        """Return all that is known."""
        (whole,) = self.known().parts(most_versions=0)
        return whole

    def known(self) -> Known:
        """Take hold of all that is known, to be told part by part."""
        return Known.of(
            [self.models[name] for name in sorted(self.models)],
            self.plans,
            [line.to_proto() for line in self.lines] if self.plans else [],
            self.last_id,
            self.highest_revision,
        )

    def _model(self, name: str) -> Model:
        return self.models.setdefault(name, Model(name))

    def refresh(self) -> None:
        """What was made of models and plans is to be made anew."""
        self._default = None
        self._stale = True

    def _point(self, lines: list[Line]) -> None:
        for line in lines:
            line.point(*self.resolve(line.reference))
            if (model := self.models.get(line.reference.name)) is not None:
                line.look(model)

    # -- kinds of events ---------------------------------------------------------------------------

    def _pushed(self, pushed: pb.ModelPushed, entry_id: str) -> None:
        model, number = self._model(pushed.model.descriptor.name), pushed.model.version
        is_late = number < model.highest  # it was lost, or numbers were used by others
        model.add(Version.of(pushed, entry_id))
        if is_late:
            model.versions = dict(sorted(model.versions.items()))

    def _plan_applied(self, plan: Plan, at: Timestamp, by: Identity) -> None:
        self._lines = self.lines  # as the plan before has them
        self.has_lost_plans = False
        self.plans.append(_copy(plan))
        self.highest_revision = max(self.highest_revision, plan.revision)
        for line in self._lines:
            line.ask_anew()

    def _alias_set(self, event: pb.AliasSet, at: Timestamp, by: Identity) -> None:
        model = self._model(event.model.name)
        alias = model.aliases.setdefault(event.alias, Alias(event.alias))
        move = alias.go_back if event.rollback else alias.point
        move(event.model.version, at, by)
        for line in self.lines:
            if (line.reference.name, line.reference.alias) == (event.model.name, event.alias):
                line.ask_anew()

    def _alias_deleted(self, event: pb.AliasDeleted, at: Timestamp, by: Identity) -> None:
        alias = self._model(event.name).aliases.get(event.alias)
        if alias is not None:
            alias.delete(at, by)

    def _tags_changed(self, event: pb.TagsChanged, at: Timestamp, by: Identity) -> None:
        version = self.version(event.model.name, event.model.version)
        if version is None:
            return
        # A new message: the one before may have been handed out.
        model = type(version.model)()
        model.CopyFrom(version.model)
        for key in event.removed:
            model.tags.pop(key, None)
        model.tags.update(event.set)
        version.model = model

    def _over(self, name: VersionName, what: str) -> None:
        version = self.version(name.name, name.version)
        if version is not None:
            version.life.delete() if what == "delete" else version.life.retire()

    def _reported(self, event: pb.VersionReported, at: Timestamp, by: Identity) -> None:
        version = self.version(event.model.name, event.model.version)
        if version is not None:
            version.life.report(event.report, at)

    def _retried(self, name: VersionName, at: Timestamp, by: Identity) -> None:
        version = self.version(name.name, name.version)
        if version is not None:
            version.life.retry()
        for line in self.lines:
            if line.reference.name == name.name:
                line.ask_anew()

    def _abandoned(self, event: pb.ChangeAbandoned, at: Timestamp, by: Identity) -> None:
        for line in self.lines:
            if str(line.reference) == event.reference:
                line.abandon(event)

    def _numbers_used(self, event: pb.NumbersUsed, at: Timestamp, by: Identity) -> None:
        for name, highest in event.versions.items():
            model = self._model(name)
            model.highest = max(model.highest, highest)
        self.highest_revision = max(self.highest_revision, event.revision)


def _number(version: Version | None) -> int:
    return version.model.version if version else 0


def _copy(plan: Plan) -> Plan:
    copy = Plan()
    copy.CopyFrom(plan)
    return copy
