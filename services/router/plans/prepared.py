"""The plans in force, with all that is looked up for a task prepared once a change and not once a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from hedgerow.data.signatures import Needs, SignatureCheck
from hedgerow.errors import NotFound
from hedgerow.plans.plan import overridden
from hedgerow.plans.strategy_checks import DEFAULT_DEADLINE
from hedgerow.v1 import plans_pb2
from hedgerow.v1.models_pb2 import ModelVersion
from hedgerow.v1.scoring_pb2 import ScoreRequest
from services.common.catalog import Catalog
from services.router.plans.strategy import Strategy, compile_strategy

_MOST_OVERRIDES = 256
"""Kept prepared; callers have few policies of their own, but nobody can be kept from inventing more."""

Chosen = Callable[[str, str, int], int]
"""Version that is served of (data type, name, wanted version); 0 if none is."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan in force, as a router needs it. A new one is made at each change of what it depends on."""

    message: plans_pb2.Plan
    qualities: list[float]
    """Registered quality of each model, 0 where there is none."""
    deadline_ns: int
    check: SignatureCheck
    content: bytes
    """What a collector is told of it, to tell one that is new from one that it knows."""
    strategy: Strategy
    models: list[tuple[tuple[str, str], int]] = field(default_factory=list)
    """Of each model: data type and name, and the version to stay on (0: the newest that serves)."""


class PreparedPlans:
    """Gives the plan of a data type; forgets what it prepared when told that something changed."""

    def __init__(self, catalog: Catalog, chosen: Chosen) -> None:
        self._catalog = catalog
        self._chosen = chosen
        self._prepared: dict[str, Plan] = {}
        self._overrides: dict[tuple[str, bytes, bytes], Plan] = {}

    def changed(self) -> None:
        """Forget what was prepared: a model, a plan or a host has come or gone."""
        self._prepared.clear()
        self._overrides.clear()

    def plan(self, data_type: str) -> Plan:
        """Return the plan in force. Raises NotFound, naming the data types there are."""
        plan = self._prepared.get(data_type)
        if plan is None:
            plan = self._prepared[data_type] = self._prepare(data_type)
        return plan

    def find(self, data_type: str) -> Plan | None:
        """Return the plan in force, None if nobody knows the data type."""
        try:
            return self.plan(data_type)
        except NotFound:
            return None

    def plan_for(self, request: ScoreRequest) -> Plan:
        """Return the plan in force, with the request's own policy and strategy in place of its.

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
            found = self._prepare_message(data_type, overridden(plan.message, policy, strategy))
            if len(self._overrides) >= _MOST_OVERRIDES:
                self._overrides.clear()
            self._overrides[key] = found
        return found

    def plans(self) -> list[plans_pb2.Plan]:
        """Return the plans in force of all data types."""
        return [self._catalog.plan(data_type) for data_type in sorted(self._catalog.data_types)]

    def _prepare(self, data_type: str) -> Plan:
        if data_type not in self._catalog.data_types:
            raise NotFound.among(
                "data type", data_type, self._catalog.data_types, "push a model for it first"
            )
        return self._prepare_message(data_type, self._catalog.plan(data_type))

    def _prepare_message(self, data_type: str, message: plans_pb2.Plan) -> Plan:
        served = [self._served(data_type, model) for model in message.models]
        deadline = message.policy.deadline.ToTimedelta() or DEFAULT_DEADLINE
        # What a shadow model cannot score must not be refused for the sake of the others.
        needs = [
            Needs(f"{served.descriptor.name}@{served.version}", served.signature)
            for served, model in zip(served, message.models, strict=True)
            if served is not None and not model.shadow
        ]
        qualities = [model.descriptor.quality if model else 0.0 for model in served]
        return Plan(
            message=message,
            qualities=qualities,
            content=message.SerializeToString(deterministic=True) + repr(qualities).encode(),
            deadline_ns=deadline // timedelta(microseconds=1) * 1000,
            check=SignatureCheck(needs),
            strategy=compile_strategy(message),
            models=[((data_type, model.name), model.version) for model in message.models],
        )

    def _served(self, data_type: str, model: plans_pb2.PlanModel) -> ModelVersion | None:
        """The version that would score now, or the one that is registered if none is served yet."""
        version = self._chosen(data_type, model.name, model.version) or model.version
        return self._catalog.find(data_type, model.name, version)


def _bytes(message: plans_pb2.Policy | plans_pb2.Strategy | None) -> bytes:
    """Return what tells one override from another; none at all from an empty one too."""
    return b"-" if message is None else b"+" + message.SerializeToString(deterministic=True)
