"""Backups, and what brings them back."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from hedgerow.backups.files import read_pieces, write_pieces
from hedgerow.backups.pieces import Digest
from hedgerow.client.history import backups
from hedgerow.errors import Corrupt, InvalidInput, Refused, Unavailable
from hedgerow.v1.backup_pb2 import BackupPiece
from hedgerow.v1.events_pb2 import AliasSet, ModelEvent
from hedgerow.v1.models_pb2 import VersionName
from services.common.log import Log
from services.common.log.keys import SINGLE
from services.registry.settings import RegistrySettings
from tests.cluster import on_both
from tests.services.common.events import pushed
from tests.services.registry.harness import Client, contents, described, plan_of, registry
from tests.services.registry.watchers import running, watching
from tests.support import wait_until

LARGE = b"large" * 600_000
"""Three chunks."""


async def backed_up(address: str, *, skip_lost: bool = False) -> bytes:
    """The file of a backup."""
    file = io.BytesIO()
    await backups.backup(file, address, skip_lost=skip_lost)
    return file.getvalue()


def pieces_of(file: bytes) -> list[BackupPiece]:
    return list(read_pieces(io.BytesIO(file)))


def signed(pieces: list[BackupPiece]) -> Iterator[BackupPiece]:
    """These pieces, with an end that fits."""
    digest = Digest()
    for piece in pieces:
        if not piece.HasField("end"):
            digest.add(piece)
            yield piece
    yield digest.end()


async def filled(client: Client) -> None:
    """Two versions of a model, a plan, an alias, and a model of another data type."""
    await client.push(described("tree"), b"one")
    await client.push(described("tree"), LARGE)
    await client.push(described("net", "iris"), b"three")
    await client.alias("tree@2", "best")
    await client.apply(plan_of("tree@1"))


async def state_of(client: Client) -> list[object]:
    """All that clients can see of what `filled` made."""
    return [
        await client.list(),
        [await client.pull("tree", version) for version in (1, 2)],
        await client.pull("net", data_type="iris"),
        await client.plan(),
    ]


async def emptied(log_url: str) -> None:
    """Remove all keys from a log, whatever it is on."""
    for port in re.findall(r":(\d+)", log_url):
        async with Redis(port=int(port)) as redis:
            await redis.flushall()


@on_both
async def test_a_log_that_was_emptied_is_what_it_was_after_a_restore(
    settings: RegistrySettings, log: Log, log_url: str, spool: Path
) -> None:
    async with registry(settings) as client, running(settings) as address:
        await filled(client)
        mesh = await log.mesh()
        before = await state_of(client)
        file = await backed_up(address)
    await emptied(log_url)
    async with registry(settings) as client, running(settings) as address:
        await log.mesh()
        restored = await backups.restore(pieces_of(file), address)
        assert restored == backups.Restored(versions=3, blobs=3, without_bytes=[])
        await wait_until(lambda: _all_there(client), "the other registry knows it too")
        assert await state_of(client) == before
        assert await log.mesh() == mesh
        # Once more, and nothing happens; numbers go on where they were.
        assert await backups.restore(pieces_of(file), address) == backups.Restored(0, 0, [])
        assert (await client.push(described("tree"), b"new")).model.version == 3
    assert not contents(spool)


async def _all_there(client: Client) -> bool:
    return len(await client.list()) == 3


async def test_what_the_log_knows_stays_as_it_is(
    client: Client, settings: RegistrySettings, log: Log, log_url: str
) -> None:
    async with running(settings) as address:
        await filled(client)
        file = await backed_up(address)
        await client.apply(plan_of("tree"))
        await client.push(described("tree"), b"newer")
        await wait_until(lambda: _has_four(client), "all is known")
        async with Redis.from_url(log_url) as redis:  # and one of the definitions is damaged
            lost = (await client.get("tree", 1)).sha256
            await redis.set(SINGLE.blob(lost, 0), b"damaged")
        restored = await backups.restore(pieces_of(file), address)
        assert restored == backups.Restored(versions=0, blobs=1, without_bytes=[])
        assert (await client.plan()).revision == 2
        assert (await client.pull("tree", 1))[1] == b"one"
        assert await _has_four(client)


async def _has_four(client: Client) -> bool:
    return len(await client.list()) == 4


async def test_a_backup_of_another_mesh_is_refused_before_anything_is_written(
    settings: RegistrySettings, log_url: str
) -> None:
    async with registry(settings) as client, running(settings) as address:
        await client.push(described("aspen"), b"only in the backup")
        await client.push(described("tree"), b"one")
        file = await backed_up(address)
    async with Redis.from_url(log_url) as redis:
        await redis.flushall()
    async with registry(settings) as client:
        await client.push(described("tree"), b"another one")
        async with running(settings) as address:
            with pytest.raises(Refused, match=r"wine/tree@1 of the backup .* is another one"):
                await backups.restore(pieces_of(file), address)
        assert await client.list() == ["wine/tree@1"]


async def test_bytes_that_the_log_has_lost_are_told_or_left_out(
    client: Client, settings: RegistrySettings, log_url: str
) -> None:
    async with running(settings) as address:
        await filled(client)
        lost = (await client.get("tree", 2)).sha256
        async with Redis.from_url(log_url) as redis:
            await redis.delete(SINGLE.blob(lost, 1))
        with pytest.raises(Corrupt, match=r"lost the bytes of wine/tree@2; push .*--skip-lost"):
            await backed_up(address)
        file = await backed_up(address, skip_lost=True)
        async with Redis.from_url(log_url) as redis:
            await redis.flushall()
        await wait_until(lambda: _is_told(client), "the registry has noticed")
        restored = await backups.restore(pieces_of(file), address)
        assert restored == backups.Restored(3, 2, without_bytes=["wine/tree@2"])
        assert not (await client.query()).log_problem
        await client.push(described("tree"), LARGE)  # as the log's errors advise
        assert (await client.pull("tree", 2))[1] == LARGE


async def _is_told(client: Client) -> bool:
    return "the log has lost models" in (await client.query()).log_problem


async def test_a_registry_that_remembers_what_was_lost_has_a_restore_write_all_of_it(
    settings: RegistrySettings, log_url: str
) -> None:
    async with running(settings) as address, registry(settings) as client:
        await filled(client)
        file = await backed_up(address)
        async with Redis.from_url(log_url) as redis:
            await redis.flushall()
        # It has not noticed yet, and does before it says what is missing.
        assert await backups.restore(pieces_of(file), address) == backups.Restored(3, 3, [])
    async with registry(settings) as client:
        assert not (await client.alias("tree@2", "best")).changed
        assert (await client.plan()).revision == 1
        assert not (await client.query()).log_problem


async def test_definitions_inside_of_their_event_come_back_in_chunks(
    log: Log, log_url: str, settings: RegistrySettings
) -> None:
    event = pushed("old", data=b"inline")
    event.pushed.inline = b"inline"
    await log.models.append("wine", event, "0-0")
    async with running(settings) as address:
        file = await backed_up(address)
    async with Redis.from_url(log_url) as redis:
        await redis.flushall()
    async with registry(settings) as client:
        async with running(settings) as address:
            await backups.restore(pieces_of(file), address)
        await wait_until(lambda: client.list(), "it is there")
        assert (await client.pull("old"))[1] == b"inline"


async def test_aliases_and_what_else_events_tell_come_back(
    log: Log, log_url: str, settings: RegistrySettings
) -> None:
    told = pushed("tree")
    told.pushed.inline = b"x"
    after = (await log.models.append("wine", told, "0-0")).id
    event = ModelEvent(alias_set=AliasSet(model=VersionName(name="tree", version=1), alias="best"))
    await log.models.append("wine", event, after)
    async with running(settings) as address:
        file = await backed_up(address)
    async with Redis.from_url(log_url) as redis:
        await redis.flushall()
    async with running(settings) as address, watching(address) as watcher:
        await backups.restore(pieces_of(file), address)
        await wait_until(lambda: watcher.seen, "it is told")
        assert watcher.seen[0].event is not None
        (model,) = watcher.seen[0].event.restored.models
        assert [alias.alias for alias in model.aliases] == ["best"]
        assert await backups.restore(pieces_of(file), address) == backups.Restored(0, 0, [])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda pieces: [], "this is no backup: it is empty"),
        (lambda pieces: pieces[1:], "it does not begin as one"),
        (lambda pieces: pieces[:-1], "its end is missing"),
        (lambda pieces: [pieces[0], *pieces[2:]], "not those that were written"),
        (lambda pieces: [*pieces, pieces[1]], "it goes on after its end"),
        (lambda pieces: [pieces[0], *pieces], "it begins twice"),
        (lambda pieces: signed([p for p in pieces if p.chunk.number != 1]), "bytes of .* missing"),
        (lambda pieces: signed([changed(p) for p in pieces]), "the bytes of .* are others"),
        (
            lambda pieces: signed([newer(p) for p in pieces]),
            "of format 2, and this program knows 1",
        ),
        (lambda pieces: signed([renamed(p) for p in pieces]), "cannot name a data type"),
        (lambda pieces: signed([misplaced(p) for p in pieces]), "is in it as one of wine/"),
    ],
)
async def test_what_is_no_whole_backup_changes_nothing(
    settings: RegistrySettings, log_url: str, damage: object, said: str
) -> None:
    async with registry(settings) as client, running(settings) as address:
        await client.push(described("tree"), LARGE)
        file = await backed_up(address)
        async with Redis.from_url(log_url) as redis:
            await redis.flushall()
            with pytest.raises(InvalidInput, match=said):
                await backups.restore(damage(pieces_of(file)), address)  # type: ignore[operator]
            assert not await redis.keys("*wine*")
            assert not await redis.keys("hedgerow:blob:*")


def changed(piece: BackupPiece) -> BackupPiece:
    if piece.chunk.number == 1:
        piece.chunk.data = b"x" + piece.chunk.data[1:]
    return piece


def newer(piece: BackupPiece) -> BackupPiece:
    if piece.HasField("head"):
        piece.head.format = 2
    return piece


def renamed(piece: BackupPiece) -> BackupPiece:
    if piece.HasField("data_type"):
        piece.data_type.data_type = "../x"
    return piece


def misplaced(piece: BackupPiece) -> BackupPiece:
    for model in piece.data_type.snapshot.models:
        model.name = "forest"
    return piece


async def test_a_disk_of_an_executor_brings_back_what_it_has(
    settings: RegistrySettings, log_url: str, tmp_path: Path
) -> None:
    from hedgerow.backups.executor_disk import pieces_of_disk

    async with registry(settings) as client, running(settings) as address:
        await filled(client)
        pieces = pieces_of(await backed_up(address))
        for name, version in [("tree", 1), ("tree", 2)]:
            model, data = await client.pull(name, version)
            (tmp_path / model.sha256).write_bytes(data if version == 1 else b"damaged")
    (tmp_path / "state").mkdir()
    known = [piece for piece in pieces if not piece.HasField("chunk")]
    write_pieces(
        tmp_path / "state" / "executor-1.state", [p for p in known if not p.HasField("end")]
    )
    (tmp_path / "state" / "executor-2.state").write_bytes(b"half of a file")
    async with Redis.from_url(log_url) as redis:
        await redis.flushall()
    async with running(settings) as address:
        restored = await backups.restore(pieces_of_disk(tmp_path), address)
    assert restored == backups.Restored(3, 1, without_bytes=["iris/net@1", "wine/tree@2"])


def test_a_disk_that_has_nothing_or_too_much_is_refused(tmp_path: Path) -> None:
    from hedgerow.backups.executor_disk import pieces_of_disk
    from hedgerow.v1.backup_pb2 import BackupHead

    with pytest.raises(InvalidInput, match=r"is not what an executor has left: it has no file"):
        next(pieces_of_disk(tmp_path))
    for mesh in ("a", "b"):
        head = BackupPiece(head=BackupHead(format=1, mesh=mesh))
        write_pieces(tmp_path / f"{mesh}.state", [head])
    with pytest.raises(InvalidInput, match=r"several meshes; give one file: .*a.state, .*b.state"):
        next(pieces_of_disk(tmp_path))
    assert next(pieces_of_disk(tmp_path / "b.state")).head.mesh == "b"


async def test_a_backup_for_which_there_is_no_room_is_refused_with_the_reason_and_leaves_nothing(
    settings: RegistrySettings, disk: Path, log: Log, log_url: str
) -> None:
    async with registry(settings) as client, running(settings) as address:
        await filled(client)
        file = await backed_up(address)
    small = settings.model_copy(update={"spool_dir": disk})
    async with running(small) as address:
        with pytest.raises(Unavailable, match=r"No space left.*REGISTRY_SPOOL_DIR"):
            await backups.restore(read_pieces(io.BytesIO(file)), address)
        assert not contents(disk)
