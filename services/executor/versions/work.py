"""What the hosts of each version have done, those that have ended and those that live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from hedgerow.v1.state_pb2 import ModelWork
from services.common.recent_versions import RecentVersions, VersionKey
from services.executor.work_done import WorkDone


class WorkOfVersions:
    """Counts by version; `living` gives those of the hosts that have not ended."""

    def __init__(self, living: Callable[[], Iterable[tuple[VersionKey, WorkDone]]]) -> None:
        self._living = living
        self._ended = RecentVersions(lambda _: WorkDone())

    def ended(self, key: VersionKey, work: WorkDone) -> None:
        """Count what a host of a version had done when it ended."""
        self._ended.of(*key).add(work)

    def told(self, data_type: str = "") -> list[ModelWork]:
        """Return what the hosts of each version have done, of one data type or of all."""
        return [
            work.to_proto(key) for key, work in self.totals() if data_type in ("", key.data_type)
        ]

    def totals(self) -> list[tuple[VersionKey, WorkDone]]:
        """Return what the hosts of each version have done together."""
        done: dict[VersionKey, WorkDone] = {}
        for key, work in self._all():
            done.setdefault(key, WorkDone()).add(work)
        return sorted(done.items())

    def batch_rows(self, key: VersionKey) -> tuple[int, ...]:
        """Return the sizes that batches of a model have had: the largest, of all of its versions."""
        sizes = (work.largest_batch for other, work in self._all() if other[:2] == key[:2])
        largest = max(sizes, default=0)
        return (largest,) if largest else ()

    def _all(self) -> Iterator[tuple[VersionKey, WorkDone]]:
        yield from self._ended.items()
        yield from self._living()
