"""What was counted of each model version since the collector started."""

from __future__ import annotations

import time
from collections.abc import Iterator

from google.protobuf.timestamp_pb2 import Timestamp

from hedgerow.v1.state_pb2 import ModelStats
from services.common.recent_versions import RecentVersions
from services.common.seconds import duration_of


class Counts:
    """Of one model version. Durations are seconds of scoring, a frame each."""

    __slots__ = (
        "agreed",
        "alone",
        "answered",
        "cancelled",
        "chosen",
        "data_type",
        "failed",
        "late",
        "name",
        "not_started",
        "records",
        "scoring",
        "shadow",
        "version",
        "wasted",
    )

    def __init__(self, data_type: str, name: str, version: int) -> None:
        self.data_type = data_type
        self.name = name
        self.version = version
        self.answered = 0
        """Tasks it answered in time; a shadow's count whenever they come."""
        self.late = 0
        """Tasks whose deadline came while it was outstanding, and results that no task waited for."""
        self.failed = 0
        """Tasks it failed, its host's death included."""
        self.chosen = 0
        """Records whose answer was its own."""
        self.records = 0
        """Records it answered, late ones included."""
        self.agreed = 0
        """Of those, records whose answer was the one that was decided."""
        self.alone = 0
        """Of those, records whose answer no other model gave, though others answered."""
        self.cancelled = 0
        """Tasks that were decided while it was outstanding."""
        self.not_started = 0
        """Tasks that were decided without starting it."""
        self.wasted = 0.0
        """Seconds of scoring for results that nobody took."""
        self.shadow = False
        """It had no vote when it was last in a plan."""
        self.scoring = ScoringTimes()

    def to_proto(self) -> ModelStats:
        """Write the counts for the wire."""
        stats = ModelStats(
            data_type=self.data_type,
            name=self.name,
            version=self.version,
            answered=self.answered,
            late=self.late,
            failed=self.failed,
            chosen=self.chosen,
            records=self.records,
            agreed=self.agreed,
            alone=self.alone,
            cancelled=self.cancelled,
            not_started=self.not_started,
            wasted=duration_of(self.wasted),
            shadow=self.shadow,
        )
        if self.scoring.since_ns:
            stats.scoring.CopyFrom(duration_of(self.scoring.total))
            stats.shortest_scoring.CopyFrom(duration_of(self.scoring.least))
            stats.longest_scoring.CopyFrom(duration_of(self.scoring.most))
            since = Timestamp()
            since.FromNanoseconds(self.scoring.since_ns)
            stats.since.CopyFrom(since)
        return stats


class ScoringTimes:
    """How long frames took to score, and since when: nanoseconds of Unix time, 0 before the first."""

    __slots__ = ("least", "most", "since_ns", "total")

    def __init__(self) -> None:
        self.since_ns = 0
        self.total = 0.0
        self.least = 0.0
        self.most = 0.0

    def add(self, seconds: float) -> None:
        """Count a frame."""
        if not self.since_ns:
            self.since_ns = time.time_ns()
            self.least = seconds
        self.total += seconds
        self.least = min(self.least, seconds)
        self.most = max(self.most, seconds)


class Statistics:
    """The counts of the model versions that reported, failed or were started lately."""

    def __init__(self) -> None:
        self._counts = RecentVersions(lambda key: Counts(*key))

    def of(self, data_type: str, name: str, version: int) -> Counts:
        """Return the counts of a version, which begin at nothing."""
        return self._counts.of(data_type, name, version)

    def to_protos(self, data_type: str = "") -> Iterator[ModelStats]:
        """Write the counts of one data type, or of all (""), ordered by name and version."""
        for _, counts in self._counts.items(data_type):
            yield counts.to_proto()
