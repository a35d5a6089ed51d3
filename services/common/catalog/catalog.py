"""The catalog: what exists of all data types.

The messages it hands out are its own: callers must not change them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hedgerow.errors import NotFound
from hedgerow.references import Reference
from hedgerow.v1.events_pb2 import ModelEvent, NumbersUsed, PlanLine, Snapshot
from hedgerow.v1.models_pb2 import ExecutorReport, ModelVersion, VersionLife
from hedgerow.v1.plans_pb2 import Plan
from services.common.catalog.data_type import DataType
from services.common.catalog.lines import Candidates
from services.common.catalog.parts import MOST_VERSIONS
from services.common.catalog.versions import Definition, Model, Version
from services.common.catalog.wanted import WantedVersions, wanted_versions


class Catalog:
    """A fold of events."""

    def __init__(self) -> None:
        self._types: dict[str, DataType] = {}
        self.beginnings = 0
        """How often the log began anew under it: versions may be others than those of the same number."""

    # -- the fold ----------------------------------------------------------------------------------

    def apply(self, data_type: str, event: ModelEvent, entry_id: str = "") -> bool:
        """Fold one event in; return False if its entry had been folded in before.

        Events of a data type come in the order of its stream.
        """
        if entry_id and self.has(data_type, entry_id):
            return False
        self._known(data_type).apply(event, entry_id)
        return True

    def load(self, data_type: str, snapshot: Snapshot) -> None:
        """Begin a data type with a snapshot, in place of the events up to its last one."""
        self._types[data_type] = DataType(data_type)
        self._types[data_type].load(snapshot)

    def snapshot(self, data_type: str) -> Snapshot:
        """Return all that is known of a data type."""
        return self._known(data_type).to_proto()

    def parts(self, data_type: str, most_versions: int = MOST_VERSIONS) -> Iterator[Snapshot]:
        """Return the same in parts, as it is now, however long they take; see `Known.parts`."""
        return self._known(data_type).known().parts(most_versions)

    def become(self, other: Catalog) -> None:
        """Forget everything and be what `other` is, which is not to be used any more."""
        self._types = other._types
        self.beginnings += 1

    def take(self, other: Catalog, data_types: Iterable[str]) -> None:
        """Be what `other` is as far as some data types go."""
        for data_type in data_types:
            self._types[data_type] = other._known(data_type)
        self.beginnings += 1

    def inherit(self, before: Catalog, data_types: Iterable[str] | None = None) -> None:
        """Take over what an earlier catalog knew and this one does not, of some data types or of all.

        Where a number stands for other bytes here, this catalog's word counts.
        """
        for data_type in list(before._types if data_types is None else data_types):
            if (old := before._types.get(data_type)) is not None:
                self._known(data_type).inherit(old)

    def lost(self) -> list[str]:
        """Return the models with versions that the log does not have any more."""
        return [f"{name}/{model}" for name in self.data_types for model in self._types[name].lost()]

    def lost_references(self) -> list[str]:
        """Return the plans and aliases that the log does not have any more."""
        found = {name: self._types[name].lost_references() for name in self.data_types}
        return [f"{what} of {name}" for name, lost in found.items() for what in lost]

    def has_lost_plans(self, data_type: str) -> bool:
        """Tell whether the log does not have the plans of a data type any more. Raises NotFound."""
        return self._of(data_type).has_lost_plans

    def numbers_beyond(
        self, other: Catalog, data_types: Iterable[str] | None = None
    ) -> dict[str, NumbersUsed]:
        """Return which numbers were given that another catalog does not know of, by data type."""
        beyond = {}
        for name in list(self._types if data_types is None else data_types):
            if name in self._types:
                numbers = self._types[name].numbers_beyond(other._types.get(name))
                if numbers.versions or numbers.revision:
                    beyond[name] = numbers
        return beyond

    def inside_entries(self, data_type: str) -> list[Version]:
        """Return the versions of which the bytes are inside of an entry."""
        models = self._known(data_type).models.values()
        return [version for m in models for version in m.versions.values() if version.entry_id]

    def last_ids(self) -> dict[str, str]:
        """Return the id of the entry folded in last of each data type."""
        return {name: known.last_id for name, known in self._types.items()}

    def last_id(self, data_type: str) -> str:
        """Return the id of the entry folded in last; `0-0` if there is none."""
        known = self._types.get(data_type)
        return known.last_id if known else "0-0"

    def has(self, data_type: str, entry_id: str) -> bool:
        """Tell whether an entry has been folded in."""
        return position(entry_id) <= position(self.last_id(data_type))

    def _known(self, data_type: str) -> DataType:
        if data_type not in self._types:
            self._types[data_type] = DataType(data_type)
        return self._types[data_type]

    # -- models ------------------------------------------------------------------------------------

    @property
    def data_types(self) -> list[str]:
        """The data types that have models, sorted."""
        return sorted(name for name, known in self._types.items() if _has_versions(known))

    def has_models(self, data_type: str) -> bool:
        """Tell whether a data type has models."""
        known = self._types.get(data_type)
        return known is not None and _has_versions(known)

    def check_has_models(self, data_type: str) -> None:
        """Raise NotFound, with what to do, if a data type has no models."""
        if not self.has_models(data_type):
            raise NotFound.among(
                "data type", data_type, self.data_types, "push a model for it first"
            )

    @property
    def known_types(self) -> list[str]:
        """All data types of which anything was told, be it only numbers, sorted."""
        return sorted(self._types)

    def models(self, data_type: str) -> Mapping[str, Model]:
        """Return the models of a data type, by name. Raises NotFound."""
        return {name: m for name, m in self._of(data_type).models.items() if m.versions}

    def versions(
        self, data_type: str = "", after: tuple[str, str, int] | None = None
    ) -> Iterator[Version]:
        """Yield all versions, of one data type or of all, by data type, name and version.

        Or those that come `after` a data type, name and version. Raises NotFound.
        """
        first = after or ("", "", 0)
        for name in [data_type] if data_type else self.data_types:
            for model in sorted(self.models(name)) if name >= first[0] else ():
                if (name, model) >= first[:2]:
                    numbers = self._types[name].models[model].versions
                    yield from (v for n, v in numbers.items() if (name, model, n) > first)

    def find(self, data_type: str, name: str, version: int = 0) -> ModelVersion | None:
        """Return a version, 0 being the newest that may serve, or None if there is none."""
        known = self._types.get(data_type)
        model = known.models.get(name) if known else None
        found = model and (model.versions.get(version) if version else model.newest)
        return found.model if found else None

    def highest(self, data_type: str, name: str) -> int:
        """Return the highest version ever given to a model; 0 if there was none."""
        known = self._types.get(data_type)
        model = known.models.get(name) if known else None
        return model.highest if model else 0

    def version(self, data_type: str, name: str, version: int = 0, alias: str = "") -> Version:
        """Return a version: of this number, or of an alias, or the newest that may serve.

        Raises NotFound, listing those there are.
        """
        model = self.model(data_type, name)
        if alias:
            version = self._of_alias(data_type, model, alias)
        found = model.versions.get(version) if version else model.newest
        if found is None:
            first, last = min(model.versions), max(model.versions)
            there = f"{name}@{first} to {name}@{last}" if last > first else f"{name}@{first}"
            raise NotFound.among(
                "version", f"{name}@{version}", [there], f"in data type {data_type!r}"
            )
        return found

    def model(self, data_type: str, name: str) -> Model:
        """Return a model. Raises NotFound, listing those there are."""
        models = self.models(data_type)
        if name not in models:
            raise NotFound.among("model", name, models, f"in data type {data_type!r}")
        return models[name]

    @staticmethod
    def _of_alias(data_type: str, model: Model, alias: str) -> int:
        found = model.aliases.get(alias)
        if found is None or not found.version:
            there = [name for name, known in model.aliases.items() if known.version]
            advice = f"of model {model.name!r} in data type {data_type!r}"
            raise NotFound.among("alias", alias, there, advice)
        return found.version

    def life(self, version: Version) -> VersionLife:
        """Return how a version is, with its aliases."""
        said = version.model.descriptor
        model = self._of(said.data_type).models[said.name]
        return version.life.to_proto(model.aliases_of(version.model.version))

    def report(
        self, data_type: str, name: str, version: int, executor: str
    ) -> ExecutorReport | None:
        """Return what an executor said of a version last; None if that is nothing."""
        known = self._types.get(data_type)
        found = known.version(name, version) if known else None
        return found.life.reports.get(executor) if found else None

    def is_over(self, data_type: str, name: str, version: int) -> bool:
        """Tell whether a version is retired or deleted; False if there is none."""
        known = self._types.get(data_type)
        found = known.version(name, version) if known else None
        return found is not None and found.life.is_over

    def task_seconds(self, data_type: str, name: str, version: int) -> float:
        """Return what a task takes on a version that has shared a process; 0 if it has not, or must not."""
        known = self._types.get(data_type)
        found = known.version(name, version) if known else None
        return found.life.task_seconds if found else 0.0

    def has_served(self, data_type: str, name: str, version: int) -> bool:
        """Tell whether a version was live at some time; False if there is none."""
        known = self._types.get(data_type)
        found = known.version(name, version) if known else None
        return found is not None and found.life.has_served

    def definition(self, data_type: str, name: str, version: int = 0) -> Definition:
        """Return where the bytes of a version are. Raises NotFound, as `version`."""
        return self.version(data_type, name, version).definition

    def verification(self, data_type: str, name: str, version: int) -> Definition | None:
        """Return where the verification of a version is, None if it has none. Raises NotFound."""
        return self.version(data_type, name, version).verification

    # -- plans -------------------------------------------------------------------------------------

    def plan(self, data_type: str) -> Plan:
        """Return the plan in force: the one applied last, else the default. Raises NotFound."""
        return self._of(data_type).plan

    def default_plan(self, data_type: str) -> Plan:
        """Return the plan of a data type nobody applied one to; see `default_plan`. Raises NotFound."""
        return self._of(data_type).default

    def plans(self, data_type: str) -> list[Plan]:
        """Return the latest revisions applied, oldest first. Raises NotFound."""
        return list(self._of(data_type).plans)

    def highest_revision(self, data_type: str) -> int:
        """Return the highest revision ever given to the plan of a data type. Raises NotFound."""
        return self._of(data_type).highest_revision

    def resolve(self, data_type: str, reference: Reference) -> int:
        """Return the version that a reference points to, 0 if to none. Raises NotFound."""
        return self._of(data_type).resolve(reference)[1]

    def candidates(self, data_type: str, plan: Plan | None = None) -> list[Candidates]:
        """Return who may answer for each model of a plan, by default of the one in force.

        Raises NotFound.
        """
        known = self._of(data_type)
        return known.candidates(known.plan if plan is None else plan)

    def wanted(self, data_type: str, in_the_end: bool = False) -> WantedVersions:
        """Return which versions of a data type executors are to run. Raises NotFound."""
        return wanted_versions(self._of(data_type), in_the_end)

    def with_plan(self, plan: Plan) -> Catalog:
        """Return what this would be with another plan in force, and that data type alone.

        It shares its models with this one, and is only to be looked at. Raises NotFound.
        """
        other = Catalog()
        other._types[plan.data_type] = self._of(plan.data_type).with_plan(plan)
        return other

    def lines(self, data_type: str) -> list[PlanLine]:
        """Return the lines of the plan in force. Raises NotFound."""
        return [line.to_proto() for line in self._of(data_type).lines]

    def _of(self, data_type: str) -> DataType:
        known = self._types.get(data_type)
        if known is None or not _has_versions(known):
            raise NotFound.among("data type", data_type, self.data_types)
        return known


def _has_versions(known: DataType) -> bool:
    return any(model.versions for model in known.models.values())


def position(entry_id: str) -> tuple[int, int]:
    """Return what entry ids are ordered by."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)
