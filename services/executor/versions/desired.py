"""Which model versions an executor should run. Pure: the catalog in, a set of versions out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from hedgerow.v1.models_pb2 import ModelVersion
from services.common.catalog import Catalog, Succession
from services.common.recent_versions import VersionKey
from services.executor.versions.served import Served


@dataclass(frozen=True)
class Desired:
    """What should run."""

    versions: dict[VersionKey, ModelVersion] = field(default_factory=dict)
    warm: set[VersionKey] = field(default_factory=set)
    """Of these, what serves only so that a rollback takes effect at once."""
    successions: set[tuple[str, Succession]] = field(default_factory=set)
    """By data type, the versions that take over from another one which is to go on until they serve."""


def desired(
    catalog: Catalog,
    served: Served,
    given_up: Collection[VersionKey] = (),
    held_back: Collection[VersionKey] = (),
    settled: Collection[tuple[str, Succession]] = (),
) -> Desired:
    """Return the versions to run: what the catalog wants everywhere, as far as it is this executor's.

    Of each model that is the newest `served`, and what plans need. A version in `given_up` (it could not be
    loaded, or kept dying) is replaced by the newest before it that was not, so that what served before
    serves on. One that is `held_back` by what may pass is wanted still, and so is that other one until it
    is over. What a version takes over from is wanted until that is `settled`.
    """
    making = _Making(catalog, served, given_up, held_back, settled)
    for data_type in catalog.data_types:
        if served.has_data_type(data_type):
            making.add_newest(data_type)
            making.add_wanted(data_type)
    return making.found


@dataclass(frozen=True)
class _Making:
    """What is to run, while it is made; see `desired`."""

    catalog: Catalog
    served: Served
    given_up: Collection[VersionKey]
    held_back: Collection[VersionKey]
    settled: Collection[tuple[str, Succession]]
    found: Desired = field(default_factory=Desired)

    def add_newest(self, data_type: str) -> None:
        """Add the newest version of each model, and what serves while that is held back."""
        for name in self.catalog.models(data_type):
            for key, model in self._usable(data_type, name):
                self.found.versions[key] = model
                if key not in self.held_back:
                    break

    def _usable(self, data_type: str, name: str) -> Iterator[tuple[VersionKey, ModelVersion]]:
        """Yield the versions of a model that this executor may run, the newest first."""
        for version in self.catalog.model(data_type, name).newest_first():
            key = VersionKey(data_type, name, version.model.version)
            if version.life.is_usable and self._may_run(key, version.model):
                yield key, version.model

    def add_wanted(self, data_type: str) -> None:
        """Add what plans need, and what goes on until that serves or because it cannot."""
        wanted = self.catalog.wanted(data_type)
        names = set(wanted.versions)
        for succession in wanted.successions:
            self.found.successions.add((data_type, succession))
            if not self._is_over(data_type, succession):
                names.add((succession.name, succession.former))
        for name, number in sorted(names):
            key = VersionKey(data_type, name, number)
            model = self.catalog.find(*key)
            if model is None or not self._may_run(key, model):
                continue
            if (name, number) in wanted.warm and key not in self.found.versions:
                self.found.warm.add(key)
            self.found.versions[key] = model

    def _is_over(self, data_type: str, succession: Succession) -> bool:
        """Tell whether a version has taken over, and can be had."""
        target = VersionKey(data_type, succession.name, succession.target)
        stuck = target in self.given_up or target in self.held_back
        return not stuck and (data_type, succession) in self.settled

    def _may_run(self, key: VersionKey, model: ModelVersion) -> bool:
        return key not in self.given_up and self.served.has(model)
