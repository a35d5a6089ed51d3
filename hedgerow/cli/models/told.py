"""Versions, aliases and who did something, as the commands tell them: to scripts and to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from hedgerow.client.registry import Tracked
    from hedgerow.v1.events_pb2 import AliasChange, TrackedAlias
    from hedgerow.v1.models_pb2 import (
        ExecutorReport,
        Feature,
        Identity,
        Metric,
        ModelVersion,
        VersionLife,
        VersionState,
    )


def as_dict(model: ModelVersion) -> dict[str, Any]:
    """Return what is known of a version, for JSON."""
    said = model.descriptor
    return {
        "data_type": said.data_type,
        "name": said.name,
        "version": model.version,
        "type": said.model_type,
        "description": said.description,
        "metrics": [_metric(metric) for metric in said.metrics],
        "parent": said.parent or None,
        "tags": dict(sorted(model.tags.items())),
        "features": [feature.name for feature in model.signature.features],
        "classes": list(model.signature.classes),
        "sha256": model.sha256,
        "size": model.size,
        "location": said.location or None,
        "verification_records": model.verification_records,
        "own_verification_records": model.own_verification_records,
        "pushed_at": model.pushed_at.ToJsonString(),
        "pushed_by": by_dict(model.pushed_by),
    }


def tracked_dict(tracked: Tracked) -> dict[str, Any]:
    """Return what is known of a version and its life, for JSON."""
    return {**as_dict(tracked.model), **_life(tracked.life)}


def alias_dict(data_type: str, name: str, alias: TrackedAlias) -> dict[str, Any]:
    """Return an alias and its history, for JSON."""
    return {
        "data_type": data_type,
        "name": name,
        "alias": alias.alias,
        "version": alias.version or None,
        "before": list(alias.before),
        "history": [_change(change) for change in alias.changes],
    }


def by_dict(by: Identity) -> dict[str, Any] | None:
    """Return who did something, for JSON."""
    if not by.name and not by.address:
        return None
    return {"name": by.name, "verified": by.verified, "address": by.address}


def by_text(by: Identity) -> str:
    """Return who did something, for people: `ada@lab`; empty if nobody knows."""
    return by.name or by.address


def state_text(state: VersionState) -> str:
    """Return a state in a word: `live`."""
    from hedgerow.v1.models_pb2 import VersionState as States

    name = States.Name(state).removeprefix("VERSION_STATE_").lower()
    return "pushed" if name == "unspecified" else name


def feature_text(feature: Feature) -> str:
    """Return a feature for people: `alcohol`, `region (string)`."""
    from hedgerow.v1.models_pb2 import Feature as Features

    if feature.type in (Features.TYPE_UNSPECIFIED, Features.TYPE_DOUBLE):
        return feature.name
    return f"{feature.name} ({Features.Type.Name(feature.type).removeprefix('TYPE_').lower()})"


def moment_text(moment: Timestamp) -> str:
    """Return a moment for people; empty if it is not known."""
    from hedgerow.cli.output import time_text

    return time_text(moment.ToDatetime()) if moment.ByteSize() else ""


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "value": metric.value,
        "data_set": metric.data_set or None,
        "lower_is_better": metric.lower_is_better,
    }


def _life(life: VersionLife) -> dict[str, Any]:
    return {
        "state": state_text(life.state),
        "reason": life.reason or None,
        "has_served": life.has_served,
        "aliases": list(life.aliases),
        "executors": [_report(report) for report in life.executors],
    }


def _report(report: ExecutorReport) -> dict[str, Any]:
    return {
        "executor": report.executor or None,
        "state": state_text(report.state),
        "reason": report.reason or None,
        "since": report.since.ToJsonString(),
        "tried_again": report.tried_again,
    }


def _change(change: AliasChange) -> dict[str, Any]:
    return {
        "at": change.at.ToJsonString(),
        "version": change.version or None,
        "rollback": change.rollback,
        "by": by_dict(change.by),
    }
