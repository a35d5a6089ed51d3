"""Chunks of what is too big for an event: written, kept, read, and lost."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hedgerow.errors import Corrupt, Unavailable
from services.common.log.blobs import Blobs
from services.common.log.connection import connect, keys_of
from services.common.log.keys import CHUNK_BYTES, UPLOAD_TTL
from tests.cluster import on_both

CHUNK = CHUNK_BYTES

pytestmark = on_both


@pytest.fixture
async def redis(log_url: str) -> AsyncIterator[Any]:
    async with connect(log_url) as connected:
        yield connected


@pytest.fixture
def blobs(redis: Any) -> Blobs:
    return Blobs(redis)


class Data:
    """A file of random bytes."""

    def __init__(self, folder: Path, size: int, redis: Any) -> None:
        self._keys = keys_of(redis)
        self.bytes = os.urandom(size)
        self.sha256 = hashlib.sha256(self.bytes).hexdigest()
        self.path = folder / "data"
        self.path.write_bytes(self.bytes)

    def key(self, number: int) -> str:
        return self._keys.blob(self.sha256, number)


@pytest.fixture
def three(tmp_path: Path, redis: Any) -> Data:
    """Data of three chunks, the last of one byte."""
    return Data(tmp_path, 2 * CHUNK + 1, redis)


async def read(blobs: Blobs, data: Data, chunks: int) -> bytes:
    return b"".join([chunk async for chunk in blobs.read(data.sha256, chunks)])


@pytest.mark.parametrize(
    ("size", "chunks"), [(1, 1), (CHUNK, 1), (CHUNK + 1, 2), (2 * CHUNK + 1, 3)]
)
async def test_what_is_written_is_read(
    blobs: Blobs, redis: Any, tmp_path: Path, size: int, chunks: int
) -> None:
    data = Data(tmp_path, size, redis)
    assert await blobs.write(data.sha256, data.path) == chunks
    assert await read(blobs, data, chunks) == data.bytes


async def test_chunks_expire_until_they_are_kept(blobs: Blobs, redis: Any, three: Data) -> None:
    await blobs.write(three.sha256, three.path)
    limit = UPLOAD_TTL.total_seconds()
    assert all([0 < await redis.ttl(three.key(number)) <= limit for number in range(3)])
    await blobs.keep(three.sha256, 3)
    assert [await redis.ttl(three.key(number)) for number in range(3)] == [-1] * 3


async def test_what_is_kept_stays_so_when_it_is_written_again(
    blobs: Blobs, redis: Any, three: Data
) -> None:
    await blobs.write(three.sha256, three.path)
    await blobs.keep(three.sha256, 3)
    await redis.delete(three.key(2))
    await blobs.write(three.sha256, three.path)
    assert [await redis.ttl(three.key(number)) for number in range(2)] == [-1] * 2
    assert await redis.ttl(three.key(2)) > 0  # was gone, and may yet prove not to be wanted


async def test_one_that_expired_cannot_be_kept(blobs: Blobs, redis: Any, three: Data) -> None:
    await blobs.write(three.sha256, three.path)
    await redis.delete(three.key(1))
    with pytest.raises(Unavailable, match="its first part has expired; push again"):
        await blobs.keep(three.sha256, 3)


async def test_one_that_is_gone_is_named(blobs: Blobs, redis: Any, three: Data) -> None:
    await blobs.write(three.sha256, three.path)
    await redis.delete(three.key(1))
    with pytest.raises(Corrupt, match=f"chunk 1 of 3 of definition {three.sha256} is gone"):
        await read(blobs, three, 3)


async def test_writing_again_mends_one_that_is_damaged(
    blobs: Blobs, redis: Any, three: Data
) -> None:
    await blobs.write(three.sha256, three.path)
    await redis.set(three.key(0), b"damaged", keepttl=True)
    assert await read(blobs, three, 3) != three.bytes
    await blobs.write(three.sha256, three.path)
    assert await read(blobs, three, 3) == three.bytes
