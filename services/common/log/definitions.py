"""The bytes of registered models: small ones inside their event, others in chunks beside it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from hedgerow.errors import Corrupt
from hedgerow.v1.models_pb2 import ModelPushed
from services.common.catalog import Definition
from services.common.log import keys
from services.common.log.blobs import Blobs
from services.common.log.models import ModelLog


class Definitions:
    """Stores and reads definitions. Whatever it hands out whole has the sha256 it was stored under."""

    def __init__(self, log: ModelLog, blobs: Blobs) -> None:
        self._log = log
        self._blobs = blobs

    async def store(self, pushed: ModelPushed, file: Path) -> None:
        """Put the definition of `pushed.model` into the event or beside it, and say where.

        It is durable once the event is appended after `keep`. Raises Unavailable.
        """
        if pushed.model.size <= keys.INLINE_LIMIT:
            pushed.inline = await asyncio.to_thread(file.read_bytes)
        else:
            pushed.chunks = await self._blobs.write(pushed.model.sha256, file)

    async def keep(self, pushed: ModelPushed) -> None:
        """Make what `store` wrote beside the event durable. Raises Unavailable."""
        if pushed.chunks:
            await self._blobs.keep(pushed.model.sha256, pushed.chunks)

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
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                async for piece in self.read(definition):
                    await asyncio.to_thread(file.write, piece)
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise

    async def _pieces(self, definition: Definition) -> AsyncIterator[bytes]:
        if definition.chunks:
            async for chunk in self._blobs.read(definition.sha256, definition.chunks):
                yield chunk
        else:
            event = await self._log.read(definition.data_type, definition.entry_id)
            yield event.pushed.inline
