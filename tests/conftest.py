"""Fixtures of all tests: a real Valkey server, and an eye on what is left behind in it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis import Redis

from hedgerow.local.valkey import Valkey
from services.common.log import Log, keys
from tests.cluster import Cluster
from tests.object_store import ObjectStore, use


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """A Valkey server for all tests, without persistence. Not to be stopped by a test."""
    server = Valkey()
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
def redis_url(valkey: Valkey) -> Iterator[str]:
    """The URL of a single Redis, empty. Fails the test if it leaves a key that would stay for ever."""
    with Redis.from_url(valkey.url) as redis:
        redis.flushall()
        yield valkey.url
        assert not _leaked(redis), "keys without a time to live that are not in keys.DURABLE"


@pytest.fixture
def log_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty log: on a single Redis, and in a second run on a cluster if it is `on_both`."""
    if getattr(request, "param", "redis") == "redis":
        return str(request.getfixturevalue("redis_url"))
    return str(request.getfixturevalue("valkey_cluster").url)


@pytest.fixture
async def log(log_url: str) -> AsyncIterator[Log]:
    """An empty log."""
    log = Log(log_url)
    yield log
    await log.close()


@pytest.fixture(scope="session")
def _three_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    asyncio.run(cluster.start())
    yield cluster
    asyncio.run(cluster.stop())


@pytest.fixture
def valkey_cluster(_three_nodes: Cluster) -> Iterator[Cluster]:
    """A Redis Cluster of three nodes, empty; who stops a node starts it again.

    Fails the test if it leaves a key that would stay for ever.
    """
    for server in _three_nodes.servers():
        server.flushall()
    yield _three_nodes
    for server in _three_nodes.servers():
        assert not _leaked(server), "keys without a time to live that are not in keys.DURABLE"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[ObjectStore]:
    """A real S3 server for all tests."""
    with ObjectStore() as store:
        yield store


@pytest.fixture
def s3(s3_server: ObjectStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ObjectStore:
    """The server with an empty bucket, found and trusted by this process."""
    use(s3_server, monkeypatch, str(tmp_path))
    s3_server.new_bucket()
    return s3_server


def _leaked(redis: Redis) -> list[str]:
    immortal = [key.decode() for key in redis.scan_iter() if redis.ttl(key) == -1]
    return [key for key in immortal if not keys.is_durable(key)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that is a disk of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a disk of its own can be made by root alone")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
