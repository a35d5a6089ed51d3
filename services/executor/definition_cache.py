"""The definitions an executor has on its disk, by sha256."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from hedgerow.v1.models_pb2 import ModelVersion

Fetch = Callable[[ModelVersion, Path], Awaitable[None]]
"""Writes a definition to a path, whole and verified or not at all."""


class DefinitionCache:
    """A cache on disk: a definition is fetched once, however often its hosts start."""

    def __init__(self, folder: Path, fetch: Fetch) -> None:
        self._folder = folder
        self._fetch = fetch
        self._locks: dict[str, asyncio.Lock] = {}

    async def path_of(self, model: ModelVersion) -> Path:
        """Return the file with a definition. Raises Unavailable or Corrupt if it cannot be had."""
        path = self._folder / model.sha256
        async with self._locks.setdefault(model.sha256, asyncio.Lock()):
            if not path.exists():
                self._folder.mkdir(parents=True, exist_ok=True)
                await self._fetch(model, path)
        return path
