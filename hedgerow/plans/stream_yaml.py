"""Joins and streams as users write them, in YAML, and as the wire carries them.

    join: keyed                 # or balanced
    stream:
      partitions: 8
      max_age: 30s
      tries: 5
      deduplicate: 2m           # 0s: ids are not looked at
      records: {age: 1h, length: 100000}
      scores: {age: 24h, length: 1000000}
      unread: keep              # or pause

`hedgerow.plans.streams` has what holds where nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.duration_pb2 import Duration

from hedgerow.durations import format_duration, parse_duration
from hedgerow.plans.streams import MAX_LENGTH, MAX_PARTITIONS, MAX_TRIES, Unread
from hedgerow.plans.yaml_values import mapping, parsed, text, wrong
from hedgerow.v1 import plans_pb2 as pb

KEYS = ("join", "stream")
"""What is said of both in a plan."""

_JOINS = {"keyed": pb.JOIN_KEYED, "balanced": pb.JOIN_BALANCED}
_UNREAD = {str(Unread.KEEP): pb.UNREAD_KEEP, str(Unread.PAUSE): pb.UNREAD_PAUSE}
_STREAM_KEYS = ("partitions", "max_age", "tries", "deduplicate", "records", "scores", "unread")
_DURATION = "a duration such as 30s or 2m"


def read_stream(fields: Mapping[str, Any], plan: pb.Plan) -> None:
    """Read what a plan says of its join and its stream, into it. Raises InvalidPlan."""
    if "join" in fields:
        plan.join = _JOINS[_one_of("join", fields["join"], _JOINS)]
    said = mapping("stream", fields.get("stream"), _STREAM_KEYS)
    stream = pb.StreamPlan()
    for name, most in (("partitions", MAX_PARTITIONS), ("tries", MAX_TRIES)):
        if name in said:
            setattr(stream, name, _count(f"stream.{name}", said[name], most))
    for name in ("max_age", "deduplicate"):
        if name in said:
            getattr(stream, name).CopyFrom(_duration(f"stream.{name}", said[name]))
    for name in ("records", "scores"):
        kept = _retention_from(f"stream.{name}", said.get(name))
        if kept.ByteSize():
            getattr(stream, name).CopyFrom(kept)
    if "unread" in said:
        stream.unread = _UNREAD[_one_of("stream.unread", said["unread"], _UNREAD)]
    if stream.ByteSize():
        plan.stream.CopyFrom(stream)


def _retention_from(path: str, item: object) -> pb.Retention:
    said = mapping(path, item, ("age", "length"))
    kept = pb.Retention()
    if "age" in said:
        kept.age.CopyFrom(_duration(f"{path}.age", said["age"]))
    if "length" in said:
        kept.length = _count(f"{path}.length", said["length"], MAX_LENGTH)
    return kept


def _count(path: str, item: object, most: int) -> int:
    if isinstance(item, bool) or not isinstance(item, int) or not 0 < item <= most:
        raise wrong(path, item, f"a whole number, 1 to {most}")
    return item


def _duration(path: str, item: object) -> Duration:
    duration = Duration()
    duration.FromTimedelta(parsed(path, text(path, item, _DURATION), parse_duration))
    return duration


def _one_of(path: str, item: object, names: Mapping[str, int]) -> str:
    if not isinstance(item, str) or item not in names:
        raise wrong(path, item, " or ".join(names))
    return item


# -- writing -------------------------------------------------------------------------------------------


def stream_to(plan: pb.Plan) -> dict[str, Any]:
    """Write what a plan says of its join and its stream; reading it gives the same."""
    fields: dict[str, Any] = {}
    for name, join in _JOINS.items():
        if plan.join == join:
            fields["join"] = name
    if stream := _stream_to(plan.stream):
        fields["stream"] = stream
    return fields


def _stream_to(stream: pb.StreamPlan) -> dict[str, Any]:
    retentions = {"records": stream.records, "scores": stream.scores}
    fields = {
        "partitions": stream.partitions,
        "max_age": _text(stream, "max_age"),
        "tries": stream.tries,
        "deduplicate": _text(stream, "deduplicate"),
        **{name: _retention_to(kept) for name, kept in retentions.items()},
        "unread": next((name for name, said in _UNREAD.items() if stream.unread == said), ""),
    }
    return {name: value for name, value in fields.items() if value}


def _retention_to(kept: pb.Retention) -> dict[str, Any]:
    fields = {"age": _text(kept, "age"), "length": kept.length}
    return {name: value for name, value in fields.items() if value}


def _text(message: pb.StreamPlan | pb.Retention, name: str) -> str:
    """Write one of the message's durations; "" if it has none."""
    duration: Duration = getattr(message, name)
    return format_duration(duration.ToTimedelta()) if message.HasField(name) else ""
