"""Commands and the example that have a registry tell what happened, or write all of it down."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from redis.asyncio import Redis

from hedgerow.backups.files import read_pieces
from hedgerow.cli.models.happened import lines_of
from hedgerow.client.history import Seen
from hedgerow.v1 import events_pb2 as pb
from hedgerow.v1.models_pb2 import ExecutorReport, Identity, VersionName, VersionState
from hedgerow.v1.plans_pb2 import Plan
from services.registry.settings import RegistrySettings
from tests.services.common.events import pushed
from tests.services.registry.harness import Client, contents, described, registry
from tests.services.registry.watchers import running
from tests.support import wait_until

ROOT = Path(__file__).parents[3]


class Done(NamedTuple):
    """What a process did."""

    code: int
    out: bytes
    err: str


async def process(
    *command: str, to: int | IO[bytes] = PIPE, **said: Any
) -> asyncio.subprocess.Process:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **said}
    return await asyncio.create_subprocess_exec(
        sys.executable, *command, stdin=PIPE, stdout=to, stderr=PIPE, env=environment
    )


async def hedgerow(
    address: str, *command: str, given: bytes = b"", to: int | IO[bytes] = PIPE
) -> Done:
    """Run a command of the command line."""
    started = await process("-m", "hedgerow.cli", *command, to=to, HEDGEROW_REGISTRY=address)
    out, err = await started.communicate(given)
    assert started.returncode is not None
    return Done(started.returncode, out, err.decode())


@contextmanager
def full_device() -> Iterator[IO[bytes]]:
    with Path("/dev/full").open("wb") as file:
        yield file


async def test_a_backup_goes_into_a_file_and_back(
    settings: RegistrySettings, log_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "hedgerow.backup"
    with full_device() as no_room:
        async with registry(settings) as client, running(settings) as address:
            await client.push(described("tree"), b"one")
            one, two, full = await asyncio.gather(
                hedgerow(address, "registry", "backup", str(file)),
                hedgerow(address, "registry", "backup", "-"),
                hedgerow(address, "registry", "backup", "-", to=no_room),
            )
        assert full.err == "error: cannot write stdout: No space left on device\n"
        assert one == Done(0, f"{file}: 1 versions, 1 definitions\n".encode(), "")
        assert two.err == "-: 1 versions, 1 definitions\n"
        with file.open("rb") as opened:
            assert len(list(read_pieces(opened))) == 4
    async with Redis.from_url(log_url) as redis:
        await redis.flushall()
    async with running(settings) as address:
        from_stdin = await hedgerow(address, "registry", "restore", "-", given=two.out)
        assert from_stdin.out == b"1 versions and 1 definitions are back\n"
        again, wrong, missing, both, elsewhere = await asyncio.gather(
            hedgerow(address, "registry", "restore", str(file), "--json"),
            hedgerow(address, "registry", "restore", __file__),
            hedgerow(address, "registry", "restore", str(tmp_path / "nothing")),
            hedgerow(address, "registry", "restore"),
            hedgerow(address, "registry", "restore", str(file), "--definitions", str(tmp_path)),
        )
        assert json.loads(again.out) == {"versions": 0, "blobs": 0, "without_bytes": []}
        assert (wrong.code, wrong.err.partition(":")[0]) == (1, "error")
        assert "this is no backup" in wrong.err
        assert "nothing: No such file" in missing.err
        assert "give the file of a backup, or --from-executor" in both.err
        assert "--definitions: it goes with --from-executor" in elsewhere.err


async def test_a_backup_that_fails_leaves_what_was_there(
    client: Client, settings: RegistrySettings, log_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "hedgerow.backup"
    file.write_bytes(b"the one of yesterday")
    await client.push(described("tree"), b"one")
    async with Redis.from_url(log_url) as redis:
        for key in await redis.keys("hedgerow:blob:*"):
            await redis.delete(key)
    async with running(settings) as address:
        done = await hedgerow(address, "registry", "backup", str(file))
        assert (done.code, done.out) == (1, b"")
        assert "wine/tree@1; push them again" in done.err
        assert file.read_bytes() == b"the one of yesterday"
        done = await hedgerow(address, "registry", "backup", str(file), "--skip-lost")
        assert done.code == 0
        assert "the backup is without the bytes of wine/tree@1" in done.err
    assert [path for path in contents(tmp_path) if path.name != "spool"] == [file]


async def test_what_happens_is_printed_as_it_happens(
    client: Client, settings: RegistrySettings
) -> None:
    await client.push(described("tree"))
    async with running(settings) as address:
        watch = "-m", "hedgerow.cli", "models", "watch", "wine", "--from-beginning"
        people = await process(*watch, HEDGEROW_REGISTRY=address)
        programs = await process(*watch, "--json", HEDGEROW_REGISTRY=address)
        assert people.stdout
        assert programs.stdout
        try:
            assert b"  wine/tree@1 pushed" in await people.stdout.readline()
            said = json.loads(await programs.stdout.readline())
            assert said["event"]["pushed"]["model"]["version"] == 1
            await client.push(described("forest"))
            assert b"  wine/forest@1 pushed" in await people.stdout.readline()
        finally:
            for one in (people, programs):
                one.terminate()
                await one.wait()


async def test_the_example_posts_each_event_until_it_is_taken_and_goes_on_where_it_was(
    client: Client, settings: RegistrySettings, tmp_path: Path
) -> None:
    asked: list[str] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        body = json.loads(await reader.readexactly(length))
        asked.append(body["event"]["pushed"]["model"]["descriptor"]["name"])
        status = b"503 Not Now" if len(asked) == 1 else b"204 No Content"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    places = tmp_path / "places.json"
    async with running(settings) as address:
        example = str(ROOT / "examples" / "webhook.py"), address, url, str(places)
        await client.push(described("tree"))
        first = await process(*example)
        await wait_until(places.exists, "the first was posted and noted")
        first.kill()
        await first.wait()
        await client.push(described("forest"))
        second = await process(*example)
        await wait_until(lambda: "forest" in asked, "the second was posted")
        second.kill()
        await second.wait()
    server.close()
    assert asked == ["tree", "tree", "forest"], "what is not taken is sent again, and nothing else"


def test_each_kind_of_event_has_a_line() -> None:
    tree = VersionName(name="wine-tree", version=3)
    ada = Identity(name="ada")

    def report(state: VersionState, reason: str = "") -> pb.ModelEvent:
        told = ExecutorReport(executor="10.0.0.3:8402", state=state, reason=reason)
        return pb.ModelEvent(reported=pb.VersionReported(model=tree, report=told))

    by_ada = pushed("wine-tree", 3)
    by_ada.by.CopyFrom(ada)
    tags = pb.TagsChanged(model=tree, set={"run": "7"}, removed=["draft"])
    abandoned = pb.ChangeAbandoned(reference="wine-tree@best", version=3, reason="it died")
    alias = pb.AliasSet(model=tree, alias="champion")
    events = [
        (by_ada, "wine/wine-tree@3 pushed by ada"),
        (pb.ModelEvent(alias_set=alias), "wine/wine-tree: champion -> @3"),
        (
            pb.ModelEvent(alias_set=pb.AliasSet(model=tree, alias="champion", rollback=True)),
            "wine/wine-tree: champion -> @3 (back)",
        ),
        (
            pb.ModelEvent(
                alias_deleted=pb.AliasDeleted(name="wine-tree", alias="champion"), by=ada
            ),
            "wine/wine-tree: champion removed by ada",
        ),
        (pb.ModelEvent(plan_applied=Plan(revision=4)), "wine: plan revision 4"),
        (report(VersionState.VERSION_STATE_LIVE), "wine/wine-tree@3 live on 10.0.0.3:8402"),
        (
            report(VersionState.VERSION_STATE_FAILED, "no such tensor"),
            "wine/wine-tree@3 failed on 10.0.0.3:8402: no such tensor",
        ),
        (report(VersionState.VERSION_STATE_PUSHED), "wine/wine-tree@3 ended on 10.0.0.3:8402"),
        (pb.ModelEvent(tags_changed=tags), "wine/wine-tree@3: run=7, draft removed"),
        (pb.ModelEvent(retired=tree), "wine/wine-tree@3 retired"),
        (pb.ModelEvent(deleted=tree), "wine/wine-tree@3 deleted"),
        (pb.ModelEvent(retried=tree), "wine/wine-tree@3 is tried again"),
        (pb.ModelEvent(abandoned=abandoned), "wine: wine-tree@best -> @3 given up: it died"),
        (
            pb.ModelEvent(numbers_used=pb.NumbersUsed()),
            "wine: numbers that were given before the log was emptied",
        ),
        (pb.ModelEvent(restored=pb.Snapshot()), "wine: 0 versions of 0 models restored"),
        (pb.ModelEvent(), "wine: something that this program is too old for"),
    ]
    for event, line in events:
        assert lines_of(Seen("wine", "1-0", event))[0].endswith("  " + line)
    kinds = {event.WhichOneof("kind") for event, _ in events}
    assert kinds >= {field.name for field in pb.ModelEvent.DESCRIPTOR.oneofs[0].fields}
    snapshot = pb.Snapshot(models=[pb.TrackedModel(name="wine-tree", highest_version=3)])
    assert lines_of(Seen("wine", "1-0", snapshot=snapshot)) == [
        "wine/wine-tree: 0 versions, up to @3"
    ]
