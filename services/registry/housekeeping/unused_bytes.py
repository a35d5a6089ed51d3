"""Bytes that only versions refer to that are deleted."""

from __future__ import annotations

from collections.abc import Iterator

from hedgerow.v1.events_pb2 import ModelPushed
from services.common.catalog import Catalog, Definition, Version
from services.common.log import Definitions
from services.registry.ledger import Ledger


class UnusedBytes:
    """Removes them from the log. What other versions have the same of, of whatever model, stays."""

    def __init__(self, definitions: Definitions, ledger: Ledger) -> None:
        self._definitions = definitions
        self._ledger = ledger

    async def remove(self, version: Version) -> int:
        """Remove those of a version that is deleted; return how many bytes went. Raises Unavailable."""
        return sum([await self._discard(found) for found in _in_log(version)])

    async def forsake(self, pushed: ModelPushed) -> None:
        """Remove those of a version that the log has refused. Raises Unavailable."""
        await self.remove(Version.of(pushed, ""))

    async def sweep(self) -> None:
        """Remove what deletions left behind that were cut short, and spare what they doomed and is needed.

        Raises Unavailable.
        """
        catalog = await self._ledger.catch_up()
        deleted = [version for version in catalog.versions() if version.life.is_deleted]
        found = {
            definition.sha256: definition for version in deleted for definition in _in_log(version)
        }
        for definition in await self._definitions.present(found.values()):
            await self._discard(definition)

    async def _discard(self, definition: Definition) -> int:
        async def is_needed() -> bool:
            return definition.sha256 in _needed(await self._ledger.catch_up())

        return await self._definitions.discard(definition, is_needed)


def _in_log(version: Version) -> Iterator[Definition]:
    """Yield where the bytes of a version are, in as far as they are beside the log's events."""
    for definition in (version.definition, version.verification):
        if definition is not None and (definition.chunks or definition.entry_id):
            yield definition


def _needed(catalog: Catalog) -> set[str]:
    remaining = (version for version in catalog.versions() if not version.life.is_deleted)
    return {definition.sha256 for version in remaining for definition in _in_log(version)}
