"""What this router spared its hosts: counts that grow, by model version."""

from __future__ import annotations

from dataclasses import dataclass

from hedgerow.v1.models_pb2 import ModelVersion
from hedgerow.v1.state_pb2 import ModelWork
from services.common.recent_versions import RecentVersions, VersionKey
from services.common.seconds import duration_of


@dataclass(slots=True)
class Spared:
    """Of one model version."""

    rows_dropped: int = 0
    """Of tasks that were cancelled, or out of time, while they waited here for a host."""
    rows_not_started: int = 0
    replicas: int = 0
    """Tasks started a second time."""
    rows_scored: int = 0
    """What hosts told, to know what a row costs."""
    scoring_seconds: float = 0.0

    def scored(self, rows: int, seconds: float) -> None:
        """Learn from a host what rows cost."""
        self.rows_scored += rows
        self.scoring_seconds += seconds

    @property
    def saved_seconds(self) -> float:
        """What the rows that never reached a host would have taken, by the mean of those scored."""
        if not self.rows_scored:
            return 0.0
        spared = self.rows_dropped + self.rows_not_started
        return spared * self.scoring_seconds / self.rows_scored


class WorkSpared:
    """Of the model versions used lately."""

    def __init__(self) -> None:
        self._spared = RecentVersions(lambda _: Spared())

    def of(self, data_type: str, name: str, version: int) -> Spared:
        """Return the counts of a version, which begin at nothing."""
        return self._spared.of(data_type, name, version)

    def of_model(self, model: ModelVersion) -> Spared:
        """Return the counts of a version."""
        return self.of(model.descriptor.data_type, model.descriptor.name, model.version)

    def to_protos(self, data_type: str = "") -> list[ModelWork]:
        """Write the counts of one data type, or of all, ordered by name and version."""
        return [_to_proto(key, spared) for key, spared in self._spared.items(data_type)]


def _to_proto(key: VersionKey, spared: Spared) -> ModelWork:
    data_type, name, version = key
    return ModelWork(
        data_type=data_type,
        name=name,
        version=version,
        rows_dropped=spared.rows_dropped,
        rows_not_started=spared.rows_not_started,
        replicas=spared.replicas,
        saved=duration_of(spared.saved_seconds),
    )
