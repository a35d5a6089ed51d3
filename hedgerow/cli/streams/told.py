"""How streams are, as the commands tell it: to scripts and to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from hedgerow.v1.streams_pb2 import StreamState


def name_of(state: StreamState) -> str:
    """Return a partition as it is named in the log: `wine`, `wine/3`."""
    return f"{state.data_type}/{state.partition}" if state.partition else state.data_type


def age_text(age: timedelta) -> str:
    """Return for how long something has waited, in the two largest units that matter: `1m 12s`."""
    seconds = age.total_seconds()
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    if not hours:
        return f"{minute}m {second:02}s"
    days, hour = divmod(hours, 24)
    return f"{days}d {hour:02}h" if days else f"{hour}h {minute:02}m"


def oldest_text(state: StreamState) -> str:
    """Return for how long the oldest record has waited."""
    return age_text(state.oldest.ToTimedelta()) if state.HasField("oldest") else "-"


def stream_dict(state: StreamState) -> dict[str, Any]:
    """Return what is known of a partition, for JSON."""
    oldest = state.oldest.ToTimedelta().total_seconds() if state.HasField("oldest") else None
    return {
        "data_type": state.data_type,
        "partition": state.partition,
        "key": state.key,
        "waiting": state.waiting,
        "oldest_seconds": oldest,
        "in_flight": state.in_flight,
        "records": state.records,
        "scores": state.scores,
        "dead_letters": state.dead_letters,
        "paused": state.paused or None,
        "remark": state.remark or None,
        "readers": list(state.readers),
    }


def total_of(states: Sequence[StreamState]) -> StreamState:
    """Return the partitions of a data type as one: the sums, and the oldest of all."""
    from hedgerow.v1.streams_pb2 import StreamState as State

    total = State(readers=sorted({reader for state in states for reader in state.readers}))
    for state in states:
        for count in ("waiting", "in_flight", "records", "scores", "dead_letters"):
            setattr(total, count, getattr(total, count) + getattr(state, count))
    ages = [state.oldest.ToTimedelta() for state in states if state.HasField("oldest")]
    if ages:
        total.oldest.FromTimedelta(max(ages))
    return total
