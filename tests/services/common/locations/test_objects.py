"""Bytes of a real S3 server."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from hedgerow.errors import Corrupt, HedgerowError, InvalidModel, LimitExceeded, NotFound
from hedgerow.locations.location import parse_folders
from hedgerow.locations.stores import Inaccessible
from services.common.locations import Locations
from tests.object_store import ObjectStore

MIB = 2**20
_PEAK = "/proc/self/clear_refs"


def allowing(folders: str) -> Locations:
    return Locations(parse_folders(folders), "HEDGEROW_REGISTRY_LOCATIONS")


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def read(location: str, data: bytes, limit: int = 100 * MIB) -> list[bytes]:
    """Read what should be this data."""
    locations = allowing(location.rpartition("/")[0])
    return [piece async for piece in locations.read(location, sha256_of(data), limit)]


async def test_an_object_comes_back_in_small_pieces(s3: ObjectStore) -> None:
    data = os.urandom(5 * MIB + 3)
    pieces = await read(s3.put("wine/tree.pmml", data), data)
    assert b"".join(pieces) == data
    assert [len(piece) for piece in pieces] == [MIB] * 5 + [3]


async def test_an_object_of_no_bytes_gives_none(s3: ObjectStore) -> None:
    assert await read(s3.put("empty", b""), b"") == []


@pytest.mark.skipif(not os.path.exists(_PEAK), reason="the kernel tells no peak of memory")
async def test_what_is_large_takes_hardly_more_memory_than_what_is_not(
    s3: ObjectStore, tmp_path: Path
) -> None:
    locations, took = allowing(f"s3://{s3.bucket}"), 0
    for size in (0, 60 * MIB):  # once before, so that all is imported; a client has 20 MiB
        data = os.urandom(size)
        location, sha256 = s3.put("model", data), sha256_of(data)
        del data
        before = _begin_to_watch_memory()
        await locations.fetch(location, sha256, size, tmp_path / "model")
        took = _memory("VmHWM") - before
    assert (tmp_path / "model").stat().st_size == 60 * MIB
    assert took < 36 * MIB


def _begin_to_watch_memory() -> int:
    """Have the peak be what this process has now, in bytes; return it."""
    Path(_PEAK).write_text("5")
    return _memory("VmRSS")


def _memory(name: str) -> int:
    """Bytes of this process's memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024


async def test_bytes_that_change_between_two_fetches_are_refused_with_what_to_do(
    s3: ObjectStore, tmp_path: Path
) -> None:
    location, sha256 = s3.put("model", b"as it was pushed"), sha256_of(b"as it was pushed")
    locations, target = allowing(f"s3://{s3.bucket}"), tmp_path / "cache" / "model"
    target.parent.mkdir()
    await locations.fetch(location, sha256, 16, target)
    assert sha256_of(target.read_bytes()) == sha256
    target.unlink()
    for other in (b"as it is today..", b"as it was pushed, and more"):
        s3.put("model", other)
        with pytest.raises(
            Inaccessible, match=r"has other bytes than when it was pushed.*put those"
        ):
            await locations.fetch(location, sha256, 16, target)
        assert list(target.parent.iterdir()) == []


async def test_a_wrong_checksum_of_a_push_is_told_as_the_pushers_mistake(s3: ObjectStore) -> None:
    location = s3.put("model", b"bytes")
    with pytest.raises(Corrupt, match="other bytes"):
        await read(location, b"others")
    taken = allowing(f"s3://{s3.bucket}").take(location, "ab" * 32, 100)
    with pytest.raises(
        InvalidModel, match=f"have sha256 {sha256_of(b'bytes')}, and not 'abab.*said"
    ):
        [piece async for piece in taken]


async def test_more_than_is_allowed_is_not_fetched(s3: ObjectStore) -> None:
    location = s3.put("model", b"x" * 1001)
    with pytest.raises(
        LimitExceeded, match=r"more bytes at s3://.* than the 1000 that are allowed"
    ):
        await read(location, b"", limit=1000)


@pytest.mark.parametrize(
    ("location", "error", "said"),
    [
        ("s3://{bucket}/missing", NotFound, "no file at s3://models-.*/missing"),
        ("s3://no-such-bucket/model", NotFound, "bucket does not exist"),
        ("s3://{bucket}/folder", NotFound, "it is a folder"),
    ],
)
async def test_what_is_not_there_is_named(
    s3: ObjectStore, location: str, error: type[HedgerowError], said: str
) -> None:
    s3.put("folder/model", b"x")
    with pytest.raises(error, match=said):
        await read(location.format(bucket=s3.bucket), b"")


async def test_without_credentials_it_is_said_how_to_give_some(
    s3: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = s3.put("model", b"x")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Inaccessible, match=r"no credentials for s3://.*by its environment"):
        await read(location, b"x")


async def test_credentials_that_have_no_permission_are_told_so(s3: ObjectStore) -> None:
    location = s3.put("model", b"x")
    s3.ask_for_rights(True)
    try:
        with pytest.raises(Inaccessible, match="no permission for s3://"):
            await read(location, b"x")
    finally:
        s3.ask_for_rights(False)


@pytest.mark.parametrize(
    ("allowed", "said"),
    [
        (
            "s3://{bucket}/team/",
            "not in a folder that HEDGEROW_REGISTRY_LOCATIONS allows: s3://.*/team/",
        ),
        ("", "no locations are allowed here; push the bytes, or have HEDGEROW_REGISTRY_LOCATIONS"),
    ],
)
async def test_outside_of_what_is_allowed_nothing_is_read(
    s3: ObjectStore, allowed: str, said: str
) -> None:
    locations = allowing(allowed.format(bucket=s3.bucket))
    for location in (s3.put("model", b"x"), s3.put("teams/model", b"x")):
        with pytest.raises(InvalidModel, match=said):
            locations.check(location)
        with pytest.raises(InvalidModel, match=said):
            [piece async for piece in locations.read(location, sha256_of(b"x"), 100)]
