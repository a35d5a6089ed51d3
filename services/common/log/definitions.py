"""The bytes of registered models, in chunks beside their event.

Every follower reads every event, so events are small, and what a start costs does not depend on how large
the models are. Small definitions were written into their event once; those are read as ever.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path

from hedgerow.errors import Corrupt
from hedgerow.v1.events_pb2 import ModelPushed
from services.common.catalog import Definition
from services.common.files import write_whole
from services.common.log.blobs import Blobs
from services.common.log.models import ModelLog


class Definitions:
    """Stores and reads definitions. Whatever it hands out whole has the sha256 it was stored under."""

    def __init__(self, log: ModelLog, blobs: Blobs) -> None:
        self._log = log
        self._blobs = blobs

    async def store(self, pushed: ModelPushed, file: Path) -> None:
        """Put the definition of `pushed.model` beside the event, and say so in it.

        It is durable once the event is appended and `keep` was called before and after. Raises Unavailable.
        """
        pushed.chunks = await self._blobs.write(pushed.model.sha256, file)

    async def store_verification(self, pushed: ModelPushed, file: Path) -> None:
        """Do the same with its verification, `pushed.model.verification_sha256` being set."""
        sha256 = pushed.model.verification_sha256
        pushed.verification_chunks = await self._blobs.write(sha256, file)

    async def keep(self, pushed: ModelPushed) -> None:
        """Make what `store` wrote durable. Raises Unavailable if part of it has expired meanwhile."""
        await self._blobs.keep(pushed.model.sha256, pushed.chunks)
        await self._blobs.keep(pushed.model.verification_sha256, pushed.verification_chunks)

    async def discard(
        self, definition: Definition, is_needed: Callable[[], Awaitable[bool]]
    ) -> int:
        """Remove bytes that nobody refers to any more, and return how many went. Raises Unavailable.

        `is_needed` must know all that was appended before it is called.

        A push of the same bytes may be going on, at any registry. So the bytes are doomed first, then it is
        asked, and then what is still doomed is removed; and a push calls `keep` again once its event is
        appended. If that was before the bytes were doomed, `is_needed` knows of it; if it was after, they
        are doomed no longer, or the push finds that they are gone.

        What is needed is never doomed in the first place, so that nothing happens to it where this is cut
        short; if another did it, that is taken back.
        """
        sha256, chunks = definition.sha256, _chunks(definition)
        if await is_needed():
            await self._blobs.spare(sha256, chunks)
            return 0
        await self._blobs.doom(sha256, chunks)
        if await is_needed():
            await self._blobs.spare(sha256, chunks)
            return 0
        return await self._blobs.remove(sha256, chunks)

    async def present(self, definitions: Iterable[Definition]) -> list[Definition]:
        """Return those of which chunks are there, the last one at least. Raises Unavailable."""
        asked = list(definitions)
        there = await self._blobs.there([(found.sha256, _chunks(found) - 1) for found in asked])
        return [found for found, is_there in zip(asked, there, strict=True) if is_there]

    async def read(self, definition: Definition) -> AsyncIterator[bytes]:
        """Yield the bytes in pieces of at most 1 MiB.

        Raises Unavailable if the log is out of reach and Corrupt if bytes are gone or, after the last
        piece, if all of them together are not what was stored: use nothing before the end.
        """
        digest = hashlib.sha256()
        async for piece in self._pieces(definition):
            await asyncio.to_thread(digest.update, piece)
            yield piece
        if digest.hexdigest() != definition.sha256:
            raise Corrupt(f"definition {definition.sha256} is damaged; push the model again")

    async def fetch(self, definition: Definition, target: Path) -> None:
        """Write the bytes to a file, which appears whole and verified or not at all.

        Raises Unavailable, Corrupt, and OSError if the file cannot be written.
        """
        await write_whole(target, self.read(definition))

    async def _pieces(self, definition: Definition) -> AsyncIterator[bytes]:
        if definition.entry_id and (inside := await self._inside(definition)) is not None:
            yield inside
            return
        async for chunk in self._blobs.read(definition.sha256, _chunks(definition)):
            yield chunk

    async def _inside(self, definition: Definition) -> bytes | None:
        """Return the bytes inside of an entry; None: it was compacted since, and they are beside it."""
        try:
            event = await self._log.read(definition.data_type, definition.entry_id)
        except Corrupt:
            return None
        return event.pushed.inline


def _chunks(definition: Definition) -> int:
    """Return how many chunks it has beside its entry; one that was inside of it once has one."""
    return definition.chunks or bool(definition.entry_id)
