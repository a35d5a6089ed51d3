"""Fork servers: one for each set of engines, and what becomes of hosts when one is lost or hangs."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import pytest

from hedgerow.v1.execution_pb2 import HostState
from services.executor.processes.fork_servers import ForkedProcess, ForkServer, ForkServers
from tests.services.executor.agent_rig import AgentRig
from tests.services.executor.harness import exists
from tests.services.executor.imported import tell_imported
from tests.support import wait_until

SERVING = {"one@1": HostState.HOST_STATE_SERVING}


@pytest.fixture
def servers() -> Iterator[ForkServers]:
    made = ForkServers(patience_seconds=50)
    yield made
    made.close()


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[AgentRig]:
    """An agent that gives a version up when one host of it dies."""
    made = AgentRig(tmp_path, quarantine_deaths=1)
    yield made
    await made.stop()


async def forked(server: ForkServer, *modules: str) -> tuple[ForkedProcess, Connection]:
    ours, theirs = multiprocessing.Pipe()
    try:
        return await server.fork(tell_imported, list(modules), theirs), ours
    finally:
        theirs.close()


async def imported(process: ForkedProcess, pipe: Connection) -> list[str]:
    """Return what a forked process has imported, when it has ended well."""
    found: list[str] = await asyncio.to_thread(pipe.recv)
    pipe.close()
    assert process.close() == 7
    return found


async def test_a_host_of_a_format_has_its_engine_imported_and_no_other(
    servers: ForkServers,
) -> None:
    forking = await forked(servers.of("pmml"), "jpype", "tensorflow", "grpc")
    assert await imported(*forking) == ["jpype"]


def test_a_forked_host_has_nothing_left_to_import_but_what_grpc_needs() -> None:
    """Each host pays for the rest again: when it starts, and when another one is waited for."""
    code = """
import importlib, sys
from services.executor.processes.fork_servers import _PRELOAD
for module in _PRELOAD:
    importlib.import_module(module)
before = set(sys.modules)
import services.executor.host.server
print(*{name.partition(".")[0] for name in sys.modules.keys() - before})
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    ours = {"hedgerow", "services"}
    packages = {p for p in run.stdout.split() if not p.startswith("_")} - sys.stdlib_module_names
    assert packages - ours <= {"grpc", "grpc_health", "grpc_reflection", "google"}


def test_formats_of_one_engine_share_a_fork_server(servers: ForkServers) -> None:
    assert servers.of("saved_model") is servers.of("tensorflow_graph")
    assert servers.of("saved_model") is not servers.of("pmml")


def test_a_format_that_is_not_installed_has_the_fork_server_without_an_engine(
    servers: ForkServers,
) -> None:
    assert servers.of("constant") is servers.of("from-the-future")


async def test_a_fork_server_that_still_imports_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fork_server: ForkServer
) -> None:
    (tmp_path / "slow_engine.py").write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    slow = ForkServer(("slow_engine",), patience_seconds=600)
    waiting = asyncio.create_task(forked(slow))
    try:
        await wait_until(lambda: slow.pid, "the slow one imports")
        pid = slow.pid
        await imported(*await forked(fork_server))
        assert not waiting.done()
    finally:
        slow.close()
    with pytest.raises(EOFError):
        await waiting
    assert not exists(pid)


async def test_a_fork_server_that_does_not_answer_is_ended_and_the_next_fork_has_another() -> None:
    server = ForkServer((), patience_seconds=0.3)
    server.start()
    hung = server.pid
    os.kill(hung, signal.SIGSTOP)
    try:
        with pytest.raises(EOFError, match="its fork server was lost"):
            await forked(server)
        server.start()
        assert server.pid != hung
        assert not exists(hung)
    finally:
        server.close()


async def test_hosts_end_with_their_fork_server_and_others_serve_without_blame_for_the_version(
    agent: AgentRig,
) -> None:
    agent.push("one")
    await wait_until(lambda: agent.states() == SERVING, "it serves")
    (host,) = agent.announced
    lost = psutil.Process(host.pid).ppid()

    os.kill(lost, signal.SIGKILL)

    def replaced() -> bool:
        return agent.states() == SERVING and agent.announced[0].pid != host.pid

    await wait_until(replaced, "another host serves", timeout=30)
    await wait_until(lambda: not psutil.pid_exists(host.pid), "the host has ended")
    assert psutil.Process(agent.announced[0].pid).ppid() != lost
