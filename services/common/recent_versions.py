"""What is known of each model version, kept for the latest of each model only.

Every push makes a version, and what nobody removes grows as long as a service lives. A version that is
neither used nor told of any more is one that `KEPT` others of its model were used after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

from hedgerow.v1.models_pb2 import ModelVersion

Kept = TypeVar("Kept")

KEPT = 8
"""Versions of a model: the one that serves, those that plans pin, and some to compare it with."""


class VersionKey(NamedTuple):
    """Names a model version in the mesh."""

    data_type: str
    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.data_type}/{self.name}@{self.version}"

    @staticmethod
    def of(model: ModelVersion) -> VersionKey:
        """Return the key of a version."""
        return VersionKey(model.descriptor.data_type, model.descriptor.name, model.version)


class RecentVersions(Generic[Kept]):
    """Something for each version, made by `new` when it is first asked for.

    Beyond `KEPT` versions of a model, what was not asked for the longest is forgotten, and begins anew
    should it be asked for once more.
    """

    def __init__(self, new: Callable[[VersionKey], Kept]) -> None:
        self._new = new
        self._models: dict[tuple[str, str], dict[int, Kept]] = {}

    def of(self, data_type: str, name: str, version: int) -> Kept:
        """Return what is kept of a version."""
        versions = self._models.setdefault((data_type, name), {})
        kept = versions.pop(version, None)
        if kept is None:
            kept = self._new(VersionKey(data_type, name, version))
            if len(versions) >= KEPT:
                del versions[next(iter(versions))]
        # The last is the one that was asked for last.
        versions[version] = kept
        return kept

    def items(self, data_type: str = "") -> Iterator[tuple[VersionKey, Kept]]:
        """Yield what is kept of one data type, or of all, ordered by data type, name and version."""
        for (of_type, name), versions in sorted(self._models.items(), key=lambda item: item[0]):
            if data_type in ("", of_type):
                for version in sorted(versions):
                    yield VersionKey(of_type, name, version), versions[version]
