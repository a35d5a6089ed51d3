"""A host process that a test starts, and that is gone at its end."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.executor.processes.fork_servers import ForkServer
from tests.services.executor.harness import HostRig

_PLUGINS = str(Path(__file__).parents[2] / "plugins")


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts know the format `constant`."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([_PLUGINS, *sys.path]))


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """What hosts of tests are forked from; not to be ended by a test."""
    server = ForkServer((), patience_seconds=60)
    yield server
    server.close()


@pytest.fixture
async def rig(tmp_path: Path, fork_server: ForkServer) -> AsyncIterator[HostRig]:
    """A host that has not been started; it is killed at the end if it still runs."""
    made = HostRig(tmp_path, fork_server)
    yield made
    made.host.kill("the test is over")
    await made.end()
