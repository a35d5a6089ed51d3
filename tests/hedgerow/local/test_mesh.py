"""The local mesh: order, readiness, what it says when it cannot start, and that nothing is left of it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from hedgerow.errors import Unavailable
from hedgerow.local.environment import SERVICES, environment_of
from hedgerow.local.folder import Folder, open_folder, temporary_folder
from hedgerow.local.mesh import LocalMesh
from hedgerow.local.ports import Ports
from tests.hedgerow.local.conftest import Up
from tests.support import wait_until


class Told:
    """What a mesh told."""

    def __init__(self) -> None:
        self.words: list[tuple[str, str]] = []

    def __call__(self, part: str, what: str) -> None:
        self.words.append((part, what))

    def parts(self, what: str) -> list[str]:
        return [part for part, said in self.words if said == what]


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and waits to be read does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


async def test_it_starts_the_log_first_and_stops_it_last(
    fake_services: Path, tmp_path: Path
) -> None:
    told = Told()
    with open_folder(tmp_path / "data") as folder:
        mesh = LocalMesh(folder, Ports.free(), told)
        await mesh.start()
        pids = list(mesh.processes.values())
        assert all(alive(pid) for pid in pids)
        await mesh.stop()

    assert told.parts("is ready")[0] == "log"
    assert set(told.parts("is ready")) == {"log", *SERVICES}
    assert told.parts("stops") == ["router", "executor", "collector", "registry", "log"]
    assert not any(alive(pid) for pid in pids)


async def test_a_service_that_fails_at_start_is_named_with_the_end_of_its_log(
    fake_services: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_COLLECTOR", "fail")
    with open_folder(tmp_path / "data") as folder:
        mesh = LocalMesh(folder, Ports.free(), Told())
        with pytest.raises(Unavailable, match=r"collector ended with exit code 1.*dog ate"):
            await mesh.start()
        assert not any(alive(pid) for pid in mesh.processes.values() if pid)


async def test_a_service_that_never_gets_ready_is_named(
    fake_services: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ROUTER", "mute")
    monkeypatch.setattr("hedgerow.local.mesh.READY_SECONDS", 2.0)
    with open_folder(tmp_path / "data") as folder:
        mesh = LocalMesh(folder, Ports.free(), Told())
        with pytest.raises(Unavailable, match="the router is not ready after 2 s"):
            await mesh.start()


async def test_what_a_service_started_does_not_outlive_it(
    fake_services: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_EXECUTOR", "child")
    with open_folder(tmp_path / "data") as folder:
        mesh = LocalMesh(folder, Ports.free(), Told())
        await mesh.start()
        found = re.search(r"child (\d+)", folder.log_file("executor").read_text())
        assert found
        child = int(found[1])
        assert alive(child)
        await mesh.stop()
        assert not alive(child)


async def test_a_service_that_ignores_the_request_to_end_is_killed(
    fake_services: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_REGISTRY", "stubborn")
    monkeypatch.setattr("hedgerow.local.mesh._STOP_SECONDS", 0.3)
    with open_folder(tmp_path / "data") as folder:
        mesh = LocalMesh(folder, Ports.free(), Told())
        await mesh.start()
        pid = mesh.processes["registry"]
        await mesh.stop()
        assert not alive(pid)


async def test_a_service_or_the_log_that_dies_is_started_again(
    fake_services: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.local.mesh._LOG_CHECK_SECONDS", 0.05)
    told = Told()
    with open_folder(tmp_path / "data") as folder:
        mesh = LocalMesh(folder, Ports.free(), told)
        await mesh.start()
        keeping = asyncio.create_task(mesh.keep_running(), name="keep the mesh")
        before = mesh.processes
        os.kill(before["router"], signal.SIGKILL)
        os.kill(before["log"], signal.SIGKILL)
        await wait_until(
            lambda: all(mesh.processes[name] != before[name] for name in ("router", "log")),
            "router and log have new processes",
        )
        assert ("router", "was killed by SIGKILL; it starts again in 0.5 s") in told.words
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await mesh.stop()


async def test_the_end_of_a_service_is_told_with_its_last_words(
    fake_services: Path, tmp_path: Path
) -> None:
    with open_folder(tmp_path / "data") as folder:
        mesh = LocalMesh(folder, Ports.free(), Told())
        await mesh.start()
        end = asyncio.create_task(mesh.an_end(), name="wait for an end")
        os.kill(mesh.processes["collector"], signal.SIGKILL)
        assert "the collector was killed by SIGKILL; its log" in await end
        await mesh.stop()


def test_services_are_told_what_kubernetes_would_tell_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317")
    monkeypatch.setenv("HEDGEROW_EXECUTOR_PORT", "1")
    ports = Ports(8400, 8401, 8402, 8403, 8404)

    told = environment_of("executor", ports, Folder(tmp_path, tmp_path / "scratch"), {})

    assert told["HEDGEROW_LOG_URL"] == "redis://127.0.0.1:8404/0"
    assert told["HEDGEROW_EXECUTOR_PORT"] == "8402"
    assert told["HEDGEROW_EXECUTOR_DATA_TYPES"] == "*"
    assert told["HEDGEROW_EXECUTOR_CACHE_DIR"] == str(tmp_path / "models")
    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector:4317"


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=rf"port {port}, which the router needs, is taken"):
            Ports.from_first(port)


def test_a_temporary_folder_is_gone_afterwards() -> None:
    with temporary_folder() as folder:
        folder.log_file("router").write_text("hello")
        assert folder.scratch.is_dir()
    assert not folder.path.exists()
    assert not folder.scratch.exists()


def test_a_folder_that_is_in_use_or_cannot_be_made_is_refused(tmp_path: Path) -> None:
    with (
        open_folder(tmp_path),
        pytest.raises(Unavailable, match=rf"in use by another .* \(process {os.getpid()}\)"),
        open_folder(tmp_path),
    ):
        pass
    (tmp_path / "file").touch()
    with (
        pytest.raises(Unavailable, match="choose another --data-dir"),
        open_folder(tmp_path / "file"),
    ):
        pass


async def _ready(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout
    line = await asyncio.to_thread(process.stdout.readline)
    assert line, process.stderr and process.stderr.read()
    found: dict[str, object] = json.loads(line)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_up_stops_everything_on_a_signal(
    up: Up, tmp_path: Path, number: signal.Signals
) -> None:
    process = up("--data-dir", str(tmp_path / "data"), "--port", "0", "--json")
    ready = await _ready(process)
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == 0, said
    processes = ready["processes"]
    assert isinstance(processes, dict)
    assert len(processes) == 5
    assert not any(alive(pid) for pid in processes.values())


async def test_up_that_is_killed_takes_everything_with_it(up: Up, tmp_path: Path) -> None:
    process = up("--data-dir", str(tmp_path / "data"), "--port", "0", "--json")
    processes = (await _ready(process))["processes"]
    assert isinstance(processes, dict)
    process.kill()
    process.wait()
    await wait_until(
        lambda: not any(alive(pid) for pid in processes.values()), "no process is left"
    )


async def test_a_second_up_on_the_same_folder_says_so(up: Up, tmp_path: Path) -> None:
    first = up("--data-dir", str(tmp_path / "data"), "--port", "0", "--json")
    await _ready(first)
    second = up("--data-dir", str(tmp_path / "data"), "--port", "0")
    _, said = second.communicate()
    assert second.returncode == 1
    assert len(said.splitlines()) == 1
    assert f"in use by another `hedgerow up` (process {first.pid})" in said


def test_up_on_a_taken_port_says_which(up: Up, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = up("--data-dir", str(tmp_path / "data"), "--port", str(port))
        _, said = process.communicate()
    assert process.returncode == 1
    assert said.startswith(f"error: port {port}, which the router needs, is taken;")
    assert len(said.splitlines()) == 1
