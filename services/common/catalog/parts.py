"""All that is known of a data type, in messages that are not too large to send, to write or to wait for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hedgerow.v1.events_pb2 import PlanLine, Snapshot, TrackedAlias
from hedgerow.v1.plans_pb2 import Plan
from services.common.catalog.versions import Model, Version

MOST_VERSIONS = 500
"""Of a part."""
_MOST_BYTES = 1024 * 1024
"""Of a part, which may become an event: that is appended within a second or not at all."""


class Known(NamedTuple):
    """What is known of a data type at one moment, though it is told part by part.

    Only how versions are on executors may be that of a later moment, which it would become anyway.
    """

    last_id: str
    models: list[tuple[Model, list[Version], list[TrackedAlias]]]
    plans: list[Plan]
    lines: list[PlanLine]
    highest_revision: int

    @staticmethod
    def of(
        models: Iterable[Model],
        plans: Iterable[Plan],
        lines: Iterable[PlanLine],
        last_id: str,
        highest_revision: int,
    ) -> Known:
        """Take hold of what is known now."""
        held = [(m, list(m.versions.values()), m.tell_aliases()) for m in models]
        return Known(last_id, held, list(plans), list(lines), highest_revision)

    def parts(self, most_versions: int = MOST_VERSIONS) -> Iterator[Snapshot]:
        """Yield it in parts, which a catalog takes one after the other; 0 versions: in one.

        Each says the highest numbers, for it may be the only one that arrives. The last has the plans: what
        they refer to is there by then.
        """
        part = _Part(self, most_versions)
        for model, versions, aliases in self.models:
            part.begin(model)
            for version in versions:
                if part.is_full:
                    yield part.snapshot
                    part = _Part(self, most_versions)
                    part.begin(model)
                part.add(version)
            part.snapshot.models[-1].aliases.extend(aliases)
        part.snapshot.plans.extend(self.plans)
        part.snapshot.lines.extend(self.lines)
        yield part.snapshot


class _Part:
    """A part that is being made."""

    def __init__(self, known: Known, most_versions: int) -> None:
        self.snapshot = Snapshot(last_id=known.last_id, highest_revision=known.highest_revision)
        self._most_versions = most_versions
        self._versions = 0
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        many = self._versions >= self._most_versions or self._bytes >= _MOST_BYTES
        return bool(self._most_versions) and many

    def begin(self, model: Model) -> None:
        self.snapshot.models.add(name=model.name, highest_version=model.highest)

    def add(self, version: Version) -> None:
        tracked = self.snapshot.models[-1].versions.add()
        version.tell(tracked)
        self._versions += 1
        self._bytes += tracked.ByteSize()
