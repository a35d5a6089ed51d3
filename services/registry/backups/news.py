"""What a backup knows and the log does not. Pure."""

from __future__ import annotations

from hedgerow.errors import NotFound
from hedgerow.v1.backup_pb2 import BackupDataType
from hedgerow.v1.events_pb2 import Snapshot, TrackedModel, TrackedVersion
from hedgerow.v1.plans_pb2 import Plan
from services.common.catalog import Catalog, Version


def known_version(tracked: TrackedVersion, catalog: Catalog) -> Version | None:
    """Return what a catalog has under the number of a version, if it has."""
    model = tracked.pushed.model
    try:
        return catalog.version(model.descriptor.data_type, model.descriptor.name, model.version)
    except NotFound:
        return None


def in_the_log(tracked: TrackedVersion, catalog: Catalog) -> Version | None:
    """Return the same unless the log has lost it: then it is remembered by its registry only."""
    known = known_version(tracked, catalog)
    return None if known is None or known.lost else known


def news(part: BackupDataType, catalog: Catalog) -> Snapshot | None:
    """Return what a part of a backup knows and a catalog does not, None if that is nothing."""
    told, data_type = part.snapshot, part.data_type
    unknown = Snapshot(highest_revision=told.highest_revision)
    unknown.models.extend(
        model
        for model in (_news_of(one, data_type, catalog) for one in told.models)
        if model is not None
    )
    if not _plans(data_type, catalog):
        unknown.plans.extend(told.plans)
        unknown.lines.extend(told.lines)
    if unknown.models or unknown.plans or told.highest_revision > _revision(data_type, catalog):
        return unknown
    return None


def _news_of(told: TrackedModel, data_type: str, catalog: Catalog) -> TrackedModel | None:
    unknown = TrackedModel(name=told.name, highest_version=told.highest_version)
    unknown.versions.extend(v for v in told.versions if in_the_log(v, catalog) is None)
    aliases = _aliases(data_type, told.name, catalog)
    unknown.aliases.extend(alias for alias in told.aliases if alias.alias not in aliases)
    more = told.highest_version > catalog.highest(data_type, told.name)
    return unknown if unknown.versions or unknown.aliases or more else None


def _aliases(data_type: str, name: str, catalog: Catalog) -> set[str]:
    try:
        known = catalog.model(data_type, name).aliases.values()
    except NotFound:
        return set()
    return {alias.name for alias in known if not alias.lost}


def _plans(data_type: str, catalog: Catalog) -> list[Plan]:
    try:
        return [] if catalog.has_lost_plans(data_type) else catalog.plans(data_type)
    except NotFound:
        return []


def _revision(data_type: str, catalog: Catalog) -> int:
    try:
        return catalog.highest_revision(data_type)
    except NotFound:
        return 0
