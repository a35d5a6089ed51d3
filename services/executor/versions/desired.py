"""Which model versions an executor should run. Pure: the catalog in, a set of versions out."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hedgerow.v1.models_pb2 import ModelVersion
from services.common.catalog import Catalog
from services.common.recent_versions import VersionKey
from services.executor.versions.served import Served


def desired(
    catalog: Catalog,
    served: Served,
    given_up: Collection[VersionKey],
    held_back: Collection[VersionKey] = (),
) -> dict[VersionKey, ModelVersion]:
    """Return the versions to run: of each model `served` the newest, and those the plan in force stays on.

    A version in `given_up` (it could not be loaded, or kept dying) is replaced by the newest before it
    that was not, so that what served before serves on. One that is `held_back` by what may pass is wanted
    still, and so is that other one until it is over.
    """
    wanted: dict[VersionKey, ModelVersion] = {}
    for data_type in catalog.data_types:
        if not served.has_data_type(data_type):
            continue
        pinned = {(m.name, m.version) for m in catalog.plan(data_type).models if m.version}
        for name, versions in catalog.models(data_type).items():
            keep = {version for pin, version in pinned if pin == name}
            usable = {VersionKey.of(model): model for model in versions if served.has(model)}
            usable = {key: model for key, model in usable.items() if key not in given_up}
            chosen = _newest(usable) | _newest(usable.keys() - held_back) | keep
            wanted |= {key: model for key, model in usable.items() if key.version in chosen}
    return wanted


def _newest(keys: Iterable[VersionKey]) -> set[int]:
    """Return the newest version, in a set that is empty if there is none."""
    newest = max((key.version for key in keys), default=None)
    return set() if newest is None else {newest}
