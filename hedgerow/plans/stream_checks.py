"""What a plan must not say of its join and its stream. See `checks`."""

from __future__ import annotations

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from hedgerow.durations import format_duration
from hedgerow.plans.streams import (
    MAX_AGE,
    MAX_DEDUPLICATE,
    MAX_LENGTH,
    MAX_PARTITIONS,
    MAX_TRIES,
)
from hedgerow.plans.yaml_values import refusal
from hedgerow.v1 import plans_pb2 as pb

_MICROSECOND = timedelta(microseconds=1)


def check_stream(plan: pb.Plan) -> None:
    """Raise InvalidPlan, naming the path, if the join is none or the stream's bounds are not kept."""
    if plan.join not in pb.Join.values():
        raise refusal("join", f"{plan.join} is not known; give keyed or balanced")
    stream = plan.stream
    _check_count("stream.partitions", stream.partitions, MAX_PARTITIONS)
    if stream.HasField("max_age"):
        _check_age("stream.max_age", stream.max_age)
    _check_count("stream.tries", stream.tries, MAX_TRIES)
    if stream.HasField("deduplicate"):
        _check_window(stream.deduplicate)
    _check_kept("stream.records", stream.records)
    _check_kept("stream.scores", stream.scores)
    if stream.unread not in pb.Unread.values():
        raise refusal("stream.unread", f"{stream.unread} is not known; give keep or pause")


def _check_count(path: str, count: int, most: int) -> None:
    if count > most:
        raise refusal(path, f"{count} are too many; give 1 to {most}")


def _check_kept(path: str, kept: pb.Retention) -> None:
    if kept.HasField("age"):
        _check_age(f"{path}.age", kept.age)
    if kept.length > MAX_LENGTH:
        raise refusal(f"{path}.length", f"{kept.length} are too many; give 1 to {MAX_LENGTH}")


def _check_age(path: str, age: Duration) -> None:
    if not 0 < age.ToMicroseconds() <= MAX_AGE // _MICROSECOND:
        most = format_duration(MAX_AGE)
        raise refusal(path, f"it must be more than 0 and at most {most}, which are 1000 days")


def _check_window(window: Duration) -> None:
    if not 0 <= window.ToMicroseconds() <= MAX_DEDUPLICATE // _MICROSECOND:
        most = format_duration(MAX_DEDUPLICATE)
        raise refusal("stream.deduplicate", f"it must be 0s, for never, or at most {most}")
