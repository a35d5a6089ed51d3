"""The plans in force, with all that is looked up for a task prepared once a change and not once a task."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from hedgerow.data.signatures import Needs, SignatureCheck
from hedgerow.errors import NotFound
from hedgerow.plans.plan import overridden
from hedgerow.plans.ranking import check_ranking, metric_rule
from hedgerow.plans.strategy_checks import DEFAULT_DEADLINE
from hedgerow.v1 import plans_pb2
from hedgerow.v1.models_pb2 import ModelVersion
from hedgerow.v1.scoring_pb2 import ScoreRequest
from hedgerow.v1.state_pb2 import PlanModelState
from services.common.catalog import Catalog
from services.router.plans.enough import enough_of
from services.router.plans.in_effect import Choose, Entry, InEffect, ModelName
from services.router.plans.ranking import Served, qualities
from services.router.plans.strategy import Strategy, compile_strategy

_MOST_OVERRIDES = 256
"""Kept prepared; callers have few policies of their own, but nobody can be kept from inventing more."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan in force, as a router needs it. A new one is made at each change of what it depends on."""

    message: plans_pb2.Plan
    qualities: list[float]
    """What each model is ranked by: higher is better, -infinity where there is none."""
    deadline_ns: int
    check: SignatureCheck
    content: bytes
    """What a collector is told of it, to tell one that is new from one that it knows."""
    strategy: Strategy
    entries: list[Entry] = field(default_factory=list)
    """Its models, in its order."""
    awaited: list[int] = field(default_factory=list)
    """Of each model the version that should answer, 0 where it does; empty if all do."""
    is_keyed: bool = False
    """Which hosts a record goes to is decided by its key."""
    enough: int = 0
    """As `enough_of` has it."""

    @property
    def voters(self) -> list[Entry]:
        """Those of its models that are not shadows."""
        pairs = zip(self.entries, self.message.models, strict=True)
        return [entry for entry, model in pairs if not model.shadow]


class PreparedPlans:
    """Gives the plan of a data type; forgets what it prepared when told that something changed."""

    def __init__(self, catalog: Catalog, choose: Choose, patience: timedelta) -> None:
        self._catalog = catalog
        self._choose = choose
        self._in_effect = InEffect(catalog, choose, patience)
        self._prepared: dict[str, Plan] = {}
        self._overrides: dict[tuple[str, bytes, bytes], Plan] = {}

    def changed(self, data_types: Collection[str] | None = None) -> None:
        """Forget what was prepared: a model, a plan or a host of some data types has come or gone.

        None: of any.
        """
        if data_types is None:
            self._prepared.clear()
            self._overrides.clear()
            return
        for data_type in data_types:
            self._prepared.pop(data_type, None)
        for key in [key for key in self._overrides if key[0] in data_types]:
            del self._overrides[key]

    def look(self) -> None:
        """Look again at revisions that have not taken effect: they do not wait for ever."""
        self.changed(self._in_effect.waiting)

    def plan(self, data_type: str) -> Plan:
        """Return the plan in effect. Raises NotFound, naming the data types there are."""
        plan = self._prepared.get(data_type)
        if plan is None:
            plan = self._prepared[data_type] = self._prepare(data_type)
        return plan

    def find(self, data_type: str) -> Plan | None:
        """Return the plan in effect, None if nobody knows the data type."""
        try:
            return self.plan(data_type)
        except NotFound:
            return None

    def plan_for(self, request: ScoreRequest) -> Plan:
        """Return the plan in effect, with the request's own policy and strategy in place of its.

        Raises NotFound, and InvalidPlan if the two do not fit together.
        """
        data_type = request.batch.data_type
        plan = self.plan(data_type)
        policy = request.policy if request.HasField("policy") else None
        strategy = request.strategy if request.HasField("strategy") else None
        if policy is None and strategy is None:
            return plan
        key = data_type, _bytes(policy), _bytes(strategy)
        found = self._overrides.get(key)
        if found is None:
            message = overridden(plan.message, policy, strategy)
            if policy is not None:  # of the plan's own the registry has seen to it
                check_ranking(message, self._versions(data_type, message))
            found = self._prepare_message(data_type, message)
            if len(self._overrides) >= _MOST_OVERRIDES:
                self._overrides.clear()
            self._overrides[key] = found
        return found

    def plans(self, data_type: str = "") -> list[plans_pb2.Plan]:
        """Return the plans in force of one data type or of all."""
        return [self._catalog.plan(name) for name in self._names(data_type)]

    def states(self, data_type: str = "") -> list[PlanModelState]:
        """Return who answers for each model of the plans in force, of one data type or of all."""
        return [
            self._state(entry, plan.message.revision)
            for name in self._names(data_type)
            for plan in [self.plan(name)]
            for entry in self._in_effect.entries(self._catalog.plan(name))
        ]

    def _names(self, data_type: str) -> list[str]:
        """Return the data types that are meant by one, or by none, and have models."""
        if not data_type:
            return self._catalog.data_types
        return [data_type] if self._catalog.has_models(data_type) else []

    def _state(self, entry: Entry, in_effect: int) -> PlanModelState:
        answering = self._choose(entry.model, entry.versions)
        reason = "" if answering == entry.wanted else entry.reason or "it does not serve yet"
        return PlanModelState(
            data_type=entry.model[0],
            reference=entry.reference,
            wanted=entry.wanted,
            answering=answering,
            reason=reason,
            plan_revision=in_effect,
        )

    def lineups(self, model: ModelName) -> list[tuple[int, ...]]:
        """Return the versions that may answer for a model, in each place that plans have it."""
        plan = self.find(model[0])
        if plan is None:
            return []
        newest = self._catalog.plan(model[0])
        entries = [*plan.entries, *self._in_effect.entries(newest)]
        return [entry.versions for entry in entries if entry.model == model]

    def _prepare(self, data_type: str) -> Plan:
        self._catalog.check_has_models(data_type)
        return self._prepare_message(data_type, self._in_effect.plan(data_type))

    def _prepare_message(self, data_type: str, message: plans_pb2.Plan) -> Plan:
        entries = self._in_effect.entries(message)
        served = [self._served(entry) for entry in entries]
        deadline = message.policy.deadline.ToTimedelta() or DEFAULT_DEADLINE
        # What a shadow model cannot score must not be refused for the sake of the others.
        needs = [
            Needs(f"{served.descriptor.name}@{served.version}", served.signature)
            for served, model in zip(served, message.models, strict=True)
            if served is not None and not model.shadow
        ]
        ranked = self._qualities(data_type, message, served)
        wanted = _awaited(entries, served)
        told = message.SerializeToString(deterministic=True)
        return Plan(
            message=message,
            qualities=ranked,
            content=told + repr((ranked, wanted)).encode(),
            awaited=wanted,
            deadline_ns=deadline // timedelta(microseconds=1) * 1000,
            check=SignatureCheck(needs),
            strategy=compile_strategy(message),
            is_keyed=message.join == plans_pb2.JOIN_KEYED,
            enough=enough_of(message),
            entries=entries,
        )

    def _qualities(
        self, data_type: str, plan: plans_pb2.Plan, served: Sequence[ModelVersion | None]
    ) -> list[float]:
        versions = self._versions(data_type, plan)
        models = [
            Served(versions.get(model.name, ()), version.version if version else 0)
            for model, version in zip(plan.models, served, strict=True)
        ]
        return qualities(metric_rule(plan.policy.rule), models)

    def _versions(self, data_type: str, plan: plans_pb2.Plan) -> dict[str, list[ModelVersion]]:
        """Return the versions of each model of a plan that ranks by a metric, oldest first."""
        if metric_rule(plan.policy.rule) is None:
            return {}
        models = self._catalog.models(data_type)
        names = {model.name for model in plan.models} & models.keys()
        return {name: [v.model for v in models[name].versions.values()] for name in names}

    def _served(self, entry: Entry) -> ModelVersion | None:
        """The version that would score now, or the one that should if no host is reached yet."""
        version = self._choose(entry.model, entry.versions) or entry.wanted
        return self._catalog.find(*entry.model, version)


def _awaited(entries: Sequence[Entry], served: Sequence[ModelVersion | None]) -> list[int]:
    pairs = zip(entries, served, strict=True)
    found = [
        0 if model and model.version == entry.wanted else entry.wanted for entry, model in pairs
    ]
    return found if any(found) else []


def _bytes(message: plans_pb2.Policy | plans_pb2.Strategy | None) -> bytes:
    """Return what tells one override from another; none at all from an empty one too."""
    return b"-" if message is None else b"+" + message.SerializeToString(deterministic=True)
