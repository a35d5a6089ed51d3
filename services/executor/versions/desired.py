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
    found = Desired()
    for data_type in catalog.data_types:
        if served.has_data_type(data_type):
            _add_newest(found, catalog, data_type, served, given_up, held_back)
            _add_wanted(found, catalog, data_type, served, given_up, held_back, settled)
    return found


def _add_newest(
    found: Desired,
    catalog: Catalog,
    data_type: str,
    served: Served,
    given_up: Collection[VersionKey],
    held_back: Collection[VersionKey],
) -> None:
    for name in catalog.models(data_type):
        for key, model in _usable(catalog, data_type, name, served, given_up):
            found.versions[key] = model
            if key not in held_back:
                break


def _usable(
    catalog: Catalog,
    data_type: str,
    name: str,
    served: Served,
    given_up: Collection[VersionKey],
) -> Iterator[tuple[VersionKey, ModelVersion]]:
    """Yield the versions of a model that this executor may run, the newest first."""
    for version in catalog.model(data_type, name).newest_first():
        key = VersionKey(data_type, name, version.model.version)
        if version.life.is_usable and key not in given_up and served.has(version.model):
            yield key, version.model


def _add_wanted(
    found: Desired,
    catalog: Catalog,
    data_type: str,
    served: Served,
    given_up: Collection[VersionKey],
    held_back: Collection[VersionKey],
    settled: Collection[tuple[str, Succession]],
) -> None:
    """Add what plans need, and what goes on until that serves or because it cannot."""
    wanted = catalog.wanted(data_type)
    names = set(wanted.versions)
    for succession in wanted.successions:
        found.successions.add((data_type, succession))
        target = VersionKey(data_type, succession.name, succession.target)
        stuck = target in given_up or target in held_back
        if stuck or (data_type, succession) not in settled:
            names.add((succession.name, succession.former))
    needed = found.versions.keys()
    for name, number in sorted(names):
        key = VersionKey(data_type, name, number)
        model = catalog.find(*key)
        if model is None or key in given_up or not served.has(model):
            continue
        if (name, number) in wanted.warm and key not in needed:
            found.warm.add(key)
        found.versions[key] = model
