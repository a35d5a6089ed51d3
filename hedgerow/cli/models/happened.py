"""What happened, in a line for people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING, Any

from hedgerow.v1 import events_pb2 as pb
from hedgerow.v1.models_pb2 import VersionName, VersionState

if TYPE_CHECKING:
    from hedgerow.client.history.watching import Seen


def lines_of(seen: Seen) -> list[str]:
    """Return what is printed of something that was seen: of a snapshot, which models there are."""
    if seen.event is None:
        return [] if seen.snapshot is None else _of_snapshot(seen.data_type, seen.snapshot)
    event = seen.event
    moment = event.at.ToDatetime().replace(tzinfo=UTC).astimezone()
    by = f" by {event.by.name or event.by.address}" if event.HasField("by") else ""
    kind = event.WhichOneof("kind")
    say = _KINDS.get(kind or "")
    said = (
        say(getattr(event, kind), by)
        if say and kind
        else "something that this program is too old for"
    )
    return [
        f"{moment:%Y-%m-%d %H:%M:%S}  {seen.data_type}{'/' if _is_of_model(kind) else ': '}{said}"
    ]


def _of_snapshot(data_type: str, snapshot: pb.Snapshot) -> list[str]:
    return [
        f"{data_type}/{model.name}: {len(model.versions)} versions, up to @{model.highest_version}"
        for model in snapshot.models
    ]


def _is_of_model(kind: str | None) -> bool:
    return kind not in ("plan_applied", "abandoned", "numbers_used", "restored", None)


def _name(model: VersionName) -> str:
    return f"{model.name}@{model.version}"


def _pushed(event: pb.ModelPushed, by: str) -> str:
    model = event.model
    return f"{model.descriptor.name}@{model.version} pushed{by}"


def _alias_set(event: pb.AliasSet, by: str) -> str:
    back = " (back)" if event.rollback else ""
    return f"{event.model.name}: {event.alias} -> @{event.model.version}{back}{by}"


def _tags(event: pb.TagsChanged, by: str) -> str:
    said = [f"{key}={value}" for key, value in sorted(event.set.items())]
    said += [f"{key} removed" for key in event.removed]
    return f"{_name(event.model)}: {', '.join(said)}{by}"


def _reported(event: pb.VersionReported, by: str) -> str:
    report, name = event.report, _name(event.model)
    where = f" on {report.executor}" if report.executor else ""
    if report.state == VersionState.VERSION_STATE_PUSHED:
        return f"{name} ended{where}"
    state = VersionState.Name(report.state).removeprefix("VERSION_STATE_").lower()
    return f"{name} {state}{where}" + (f": {report.reason}" if report.reason else "")


def _abandoned(event: pb.ChangeAbandoned, by: str) -> str:
    return f"{event.reference} -> @{event.version} given up: {event.reason}"


def _restored(event: pb.Snapshot, by: str) -> str:
    versions = sum(len(model.versions) for model in event.models)
    return f"{versions} versions of {len(event.models)} models restored{by}"


_KINDS: dict[str, Callable[[Any, str], str]] = {
    "pushed": _pushed,
    "plan_applied": lambda plan, by: f"plan revision {plan.revision}{by}",
    "alias_set": _alias_set,
    "alias_deleted": lambda event, by: f"{event.name}: {event.alias} removed{by}",
    "tags_changed": _tags,
    "retired": lambda model, by: f"{_name(model)} retired{by}",
    "deleted": lambda model, by: f"{_name(model)} deleted{by}",
    "reported": _reported,
    "retried": lambda model, by: f"{_name(model)} is tried again{by}",
    "abandoned": _abandoned,
    "numbers_used": lambda event, by: "numbers that were given before the log was emptied",
    "restored": _restored,
}
