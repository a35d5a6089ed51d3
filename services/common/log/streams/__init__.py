"""Streams of records: how they are read, settled, trimmed and filled. All that knows Redis about them.

A data type has the stream `hedgerow:{wine}:records`, and with partitions also `hedgerow:{wine/0}:records`
and so on, each with its scores, dead letters and other keys in one slot. Routers are one consumer group.

What is promised: an entry that was read is *settled* once, by one script that acknowledges it and writes
the scores and dead letters of its records. Until then it is pending, and if whoever read it dies, somebody
else takes it over. So each record has exactly one score or dead letter, though it may be scored twice.
"""

from services.common.log.streams.entries import MOST_ROWS, Fields, RecordEntry
from services.common.log.streams.figures import Figures
from services.common.log.streams.holding import SHARED, Holding
from services.common.log.streams.letters import Letters
from services.common.log.streams.partitions import Partition, partition_for, partitions
from services.common.log.streams.reading import Reading, RecordReader, Status
from services.common.log.streams.scores import ScoreReader, check_position
from services.common.log.streams.sending import Sending, Sent
from services.common.log.streams.settling import Fate, LeaseLost, Settled, Settlement
from services.common.log.streams.splits import Splits
from services.common.log.streams.streams import Streams
from services.common.log.streams.trimming import Trimming

__all__ = [
    "MOST_ROWS",
    "SHARED",
    "Fate",
    "Fields",
    "Figures",
    "Holding",
    "LeaseLost",
    "Letters",
    "Partition",
    "Reading",
    "RecordEntry",
    "RecordReader",
    "ScoreReader",
    "Sending",
    "Sent",
    "Settled",
    "Settlement",
    "Splits",
    "Status",
    "Streams",
    "Trimming",
    "check_position",
    "partition_for",
    "partitions",
]
