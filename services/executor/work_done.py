"""What hosts did, and what they were spared: counts that grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hedgerow.v1.state_pb2 import ModelWork
from services.common.seconds import duration_of

if TYPE_CHECKING:  # hosts need the counts, not the catalog
    from services.common.recent_versions import VersionKey


@dataclass(slots=True)
class WorkDone:
    """Of one model version in one host, or in several together."""

    rows_scored: int = 0
    rows_dropped: int = 0
    """Of tasks that were cancelled, or whose deadline had passed, before they were scored."""
    withheld: int = 0
    """Tasks that were cancelled while they were scored."""
    scoring_seconds: float = 0.0
    wasted_seconds: float = 0.0
    """Of those, spent on tasks that were withheld."""
    largest_batch: int = 0
    """Most rows that were scored in one call."""
    tasks: int = 0
    """Of which the rows were."""

    def scored(self, rows: int, tasks: int, seconds: float) -> None:
        """Count a call of the model."""
        self.tasks += tasks
        self.rows_scored += rows
        self.scoring_seconds += seconds
        self.largest_batch = max(self.largest_batch, rows)

    def add(self, other: WorkDone) -> None:
        """Count what another host did as well."""
        self.rows_scored += other.rows_scored
        self.rows_dropped += other.rows_dropped
        self.withheld += other.withheld
        self.scoring_seconds += other.scoring_seconds
        self.wasted_seconds += other.wasted_seconds
        self.largest_batch = max(self.largest_batch, other.largest_batch)
        self.tasks += other.tasks

    @property
    def saved_seconds(self) -> float:
        """What the rows dropped would have taken, by the mean of those scored."""
        if not self.rows_scored:
            return 0.0
        return self.rows_dropped * self.scoring_seconds / self.rows_scored

    def to_proto(self, key: VersionKey) -> ModelWork:
        """Write the counts of a version for the wire."""
        return ModelWork(
            data_type=key.data_type,
            name=key.name,
            version=key.version,
            rows_scored=self.rows_scored,
            rows_dropped=self.rows_dropped,
            withheld=self.withheld,
            scoring=duration_of(self.scoring_seconds),
            saved=duration_of(self.saved_seconds),
            wasted=duration_of(self.wasted_seconds),
        )
