"""What a plan says of its data type's stream, with what holds where it says nothing."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from hedgerow.v1 import plans_pb2 as pb

MAX_PARTITIONS = 256
"""Each is a few streams that routers look after, whether records come or not."""

MAX_TRIES = 100
MAX_DEDUPLICATE = timedelta(hours=24)
"""Each id of that time is in the log's memory."""

MAX_AGE = timedelta(days=1000)
"""Of what is kept, and for what counts as overdue."""

MAX_LENGTH = 2**63 - 1
"""What a Redis server counts to."""


class Kept(NamedTuple):
    """How much of a stream stays, of each partition: what is older, and what is more, goes."""

    age: timedelta
    length: int


class Unread(StrEnum):
    """What happens to scores that a consumer group has not acknowledged when there are too many."""

    KEEP = "keep"
    """They stay, and what is scored meanwhile stays too."""
    PAUSE = "pause"
    """They stay, and no more records are read until there is room."""


class StreamSettings(NamedTuple):
    """How the records of a data type's stream are read and scored."""

    partitions: int = 1
    """Streams that records are spread over by their keys; 1: there is only the one without a number."""
    max_age: timedelta | None = None
    """Records that waited longer are marked; None: none is."""
    tries: int = 3
    deduplicate: timedelta = timedelta(minutes=2)
    """Within this time an id is scored once; 0: ids are not looked at."""
    records: Kept = Kept(timedelta(hours=1), 100_000)
    scores: Kept = Kept(timedelta(hours=24), 1_000_000)
    unread: Unread = Unread.KEEP

    @classmethod
    def of(cls, plan: pb.Plan) -> StreamSettings:
        """Return what holds for a plan that was checked; the defaults stand here and nowhere else."""
        said = plan.stream
        default = cls()
        has_window = said.HasField("deduplicate")
        return cls(
            partitions=said.partitions or default.partitions,
            max_age=said.max_age.ToTimedelta() if said.HasField("max_age") else None,
            tries=said.tries or default.tries,
            deduplicate=said.deduplicate.ToTimedelta() if has_window else default.deduplicate,
            records=_kept(said.records, default.records),
            scores=_kept(said.scores, default.scores),
            unread=Unread.PAUSE if said.unread == pb.UNREAD_PAUSE else default.unread,
        )


def with_partitions(plan: pb.Plan, partitions: int) -> pb.Plan:
    """Return a plan that says how many partitions there are: as many as before if it says nothing.

    1 is what a plan means that says nothing, and is not written into it.
    """
    filled = pb.Plan()
    filled.CopyFrom(plan)
    if not filled.stream.partitions and partitions > 1:
        filled.stream.partitions = partitions
    return filled


def canonical(plan: pb.Plan) -> pb.Plan:
    """Return a plan in which what means nothing else than silence is left out, to compare it."""
    bare = pb.Plan()
    bare.CopyFrom(plan)
    if bare.join == pb.JOIN_BALANCED:
        bare.ClearField("join")
    stream = bare.stream
    if stream.partitions == 1:
        stream.ClearField("partitions")
    if stream.unread == pb.UNREAD_KEEP:
        stream.ClearField("unread")
    for name in ("records", "scores"):
        if not getattr(stream, name).ByteSize():
            stream.ClearField(name)
    if not stream.ByteSize():
        bare.ClearField("stream")
    return bare


def _kept(said: pb.Retention, default: Kept) -> Kept:
    age = said.age.ToTimedelta() if said.HasField("age") else default.age
    return Kept(age, said.length or default.length)
