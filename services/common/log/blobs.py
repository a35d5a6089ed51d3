"""Definitions and verifications, in chunks under their sha256."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, BinaryIO

from hedgerow.errors import Corrupt, Unavailable
from services.common.log import keys
from services.common.log.connection import BULK, executed, keys_of, within

# A chunk that is durable already stays so: another version may have the same bytes.
_PUT = """
if redis.call('PTTL', KEYS[1]) == -1 then
  redis.call('SET', KEYS[1], ARGV[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
"""

# Chunks that somebody made durable meanwhile stay.
_REMOVE = """
local freed = 0
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) >= 0 then
    freed = freed + redis.call('STRLEN', key)
    redis.call('UNLINK', key)
  end
end
return freed
"""


class Blobs:
    """Writes, keeps and reads chunks."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._keys = keys_of(redis)

    async def write(self, sha256: str, path: Path) -> int:
        """Write a file in chunks and return how many; they expire unless `keep` is called.

        Chunks that are there are overwritten, which mends those that are damaged. Raises Unavailable.
        """
        number = 0
        with path.open("rb") as file:
            while chunk := await _read(file):
                async with within(BULK):
                    await self._redis.eval(
                        _PUT, 1, self._keys.blob(sha256, number), chunk, _milliseconds_of_upload()
                    )
                number += 1
        return number

    async def keep(self, sha256: str, chunks: int) -> None:
        """Make chunks durable. Raises Unavailable if one has expired meanwhile."""
        names = self._names(sha256, chunks)
        async with within(BULK), self._redis.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.persist(name)
            for name in names:
                pipeline.exists(name)
            there = (await executed(pipeline))[chunks:]
        if not all(there):
            raise Unavailable("the push took so long that its first part has expired; push again")

    async def doom(self, sha256: str, chunks: int) -> None:
        """Have chunks expire, if `keep` is not called. Raises Unavailable."""
        async with within(BULK), self._redis.pipeline(transaction=False) as pipeline:
            for name in self._names(sha256, chunks):
                pipeline.pexpire(name, _milliseconds_of_upload())
            await executed(pipeline)

    async def spare(self, sha256: str, chunks: int) -> None:
        """Take `doom` back, of the chunks that are there. Raises Unavailable."""
        async with within(BULK), self._redis.pipeline(transaction=False) as pipeline:
            for name in self._names(sha256, chunks):
                pipeline.persist(name)
            await executed(pipeline)

    async def remove(self, sha256: str, chunks: int) -> int:
        """Remove chunks that are still doomed and return how many bytes went. Raises Unavailable."""
        names = self._names(sha256, chunks)
        async with within(BULK):
            freed: int = await self._redis.eval(_REMOVE, len(names), *names)
        return freed

    async def there(self, chunks: Iterable[tuple[str, int]]) -> list[bool]:
        """Tell of each chunk, by its sha256 and number, whether it is there. Raises Unavailable."""
        async with within(BULK), self._redis.pipeline(transaction=False) as pipeline:
            for sha256, number in chunks:
                pipeline.exists(self._keys.blob(sha256, number))
            return [bool(found) for found in await executed(pipeline)]

    async def read(self, sha256: str, chunks: int) -> AsyncIterator[bytes]:
        """Yield the chunks in order, unverified. Raises Corrupt if one is gone, Unavailable."""
        for number in range(chunks):
            async with within(BULK):
                chunk: bytes | None = await self._redis.get(self._keys.blob(sha256, number))
            if chunk is None:
                raise Corrupt(f"chunk {number} of {chunks} of definition {sha256} is gone")
            yield chunk

    def _names(self, sha256: str, chunks: int) -> list[str]:
        return [self._keys.blob(sha256, number) for number in range(chunks)]


async def _read(file: BinaryIO) -> bytes:
    return await asyncio.to_thread(file.read, keys.CHUNK_BYTES)


def _milliseconds_of_upload() -> int:
    return int(keys.UPLOAD_TTL.total_seconds() * 1000)
