"""What exists: data types, models with their versions, and the plan in force of each data type.

A catalog is a fold of the log's events and knows neither Redis nor gRPC. Registry, router and executor
fold the same events and so come to the same catalog. The messages it hands out are its own: callers
must not change them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hedgerow.errors import NotFound
from hedgerow.plans.strategy_checks import DEFAULT_DEADLINE
from hedgerow.v1.models_pb2 import ModelEvent, ModelPushed, ModelVersion
from hedgerow.v1.plans_pb2 import Plan, PlanModel, Policy
from hedgerow.v1.rules_pb2 import QUALITY_MEASURE_REGISTERED, QualityRule, Rule

_MOST_MODELS = 64
"""A plan has at most this many."""


@dataclass(frozen=True, slots=True)
class Definition:
    """Where the bytes of a version are; `services.common.log.Definitions` reads them."""

    data_type: str
    sha256: str
    size: int
    chunks: int
    """Chunks beside the event; 0: the bytes are inside of it."""
    entry_id: str
    """The event's place in the log."""


@dataclass(slots=True)
class _DataType:
    """What is known of one data type."""

    models: dict[str, list[ModelVersion]] = field(default_factory=dict)
    definitions: dict[tuple[str, int], Definition] = field(default_factory=dict)
    applied: Plan | None = None
    default: Plan | None = None
    last_id: str = "0-0"


class Catalog:
    """A fold of events."""

    def __init__(self) -> None:
        self._types: dict[str, _DataType] = {}
        self.beginnings = 0
        """How often the log began anew under it: versions may be others than those of the same number."""

    # -- the fold ----------------------------------------------------------------------------------

    def apply(self, data_type: str, event: ModelEvent, entry_id: str = "") -> bool:
        """Fold one event in; return False if its entry had been folded in before.

        Events of a data type come in the order of its stream. Kinds of events that are unknown here
        were written by a newer program and change nothing.
        """
        if entry_id and self.has(data_type, entry_id):
            return False
        known = self._types.setdefault(data_type, _DataType())
        known.last_id = entry_id or known.last_id
        kind = event.WhichOneof("kind")
        if kind == "pushed":
            _add(known, data_type, event.pushed, entry_id)
        elif kind == "plan_applied":
            known.applied = event.plan_applied
        return True

    def become(self, other: Catalog) -> None:
        """Forget everything and be what `other` is, which is not to be used any more."""
        self._types = other._types
        self.beginnings += 1

    def inherit(self, before: Catalog) -> list[str]:
        """Take over the models and plans of an earlier catalog that are missing here; return which models.

        A model that is known here has the versions known here: the log's word counts.
        """
        taken: list[str] = []
        for data_type, old in before._types.items():
            known = self._types.setdefault(data_type, _DataType())
            lost = old.models.keys() - known.models.keys()
            for name in lost:
                known.models[name] = old.models[name]
            known.definitions |= {
                key: old.definitions[key] for key in old.definitions if key[0] in lost
            }
            known.applied = known.applied or old.applied
            known.default = None
            taken += [f"{data_type}/{name}" for name in sorted(lost)]
        return taken

    def last_id(self, data_type: str) -> str:
        """Return the id of the entry folded in last; `0-0` if there is none."""
        known = self._types.get(data_type)
        return known.last_id if known else "0-0"

    def has(self, data_type: str, entry_id: str) -> bool:
        """Tell whether an entry has been folded in."""
        return position(entry_id) <= position(self.last_id(data_type))

    # -- looking up --------------------------------------------------------------------------------

    @property
    def data_types(self) -> list[str]:
        """The data types that have models, sorted."""
        return sorted(name for name, known in self._types.items() if known.models)

    def models(self, data_type: str) -> Mapping[str, Sequence[ModelVersion]]:
        """Return the versions of each model, oldest first, by name. Raises NotFound."""
        return self._of(data_type).models

    def versions(self, data_type: str = "") -> Iterator[ModelVersion]:
        """Yield all versions, of one data type or of all, by data type, name and version.

        Raises NotFound.
        """
        for name in [data_type] if data_type else self.data_types:
            for _, versions in sorted(self.models(name).items()):
                yield from versions

    def find(self, data_type: str, name: str, version: int = 0) -> ModelVersion | None:
        """Return a version, 0 being the newest, or None if there is none."""
        known = self._types.get(data_type)
        versions = known.models.get(name, []) if known else []
        found = [model for model in versions if version in (0, model.version)]
        return found[-1] if found else None

    def model(self, data_type: str, name: str, version: int = 0) -> ModelVersion:
        """Return a version, 0 being the newest. Raises NotFound, listing those there are."""
        models = self.models(data_type)
        if name not in models:
            raise NotFound.among("model", name, models, f"in data type {data_type!r}")
        if (found := self.find(data_type, name, version)) is not None:
            return found
        newest = models[name][-1].version
        there = [f"{name}@1 to {name}@{newest}" if newest > 1 else f"{name}@1"]
        raise NotFound.among("version", f"{name}@{version}", there, f"in data type {data_type!r}")

    def definition(self, data_type: str, name: str, version: int = 0) -> Definition:
        """Return where the bytes of a version are. Raises NotFound, as `model`."""
        model = self.model(data_type, name, version)
        return self._of(data_type).definitions[name, model.version]

    def plan(self, data_type: str) -> Plan:
        """Return the plan in force: the one applied last, else the default. Raises NotFound."""
        known = self._of(data_type)
        return known.applied or self.default_plan(data_type)

    def default_plan(self, data_type: str) -> Plan:
        """Return the plan of a data type nobody applied one to: all models, the best registered wins.

        Models are listed by the registered quality of their newest version, best first, then by name.
        Raises NotFound.
        """
        known = self._of(data_type)
        if known.default is None:
            known.default = _default_plan(data_type, known.models)
        return known.default

    def _of(self, data_type: str) -> _DataType:
        known = self._types.get(data_type)
        if known is None or not known.models:
            raise NotFound.among("data type", data_type, self.data_types)
        return known


def position(entry_id: str) -> tuple[int, int]:
    """Return what entry ids are ordered by."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def _add(known: _DataType, data_type: str, pushed: ModelPushed, entry_id: str) -> None:
    # A copy: a part of a message keeps the whole of it alive, and so the bytes of the definition.
    model = ModelVersion()
    model.CopyFrom(pushed.model)
    name = model.descriptor.name
    known.models.setdefault(name, []).append(model)
    known.definitions[name, model.version] = Definition(
        data_type, model.sha256, model.size, pushed.chunks, entry_id
    )
    known.default = None


def _default_plan(data_type: str, models: Mapping[str, Sequence[ModelVersion]]) -> Plan:
    best_first = sorted(
        models, key=lambda name: (-models[name][-1].descriptor.quality, name)
    )  # a model without a quality counts as 0, as in the rule
    policy = Policy(rule=Rule(quality=QualityRule(by=QUALITY_MEASURE_REGISTERED)))
    policy.deadline.FromTimedelta(DEFAULT_DEADLINE)
    chosen = [PlanModel(name=name) for name in best_first[:_MOST_MODELS]]
    return Plan(data_type=data_type, models=chosen, policy=policy)
