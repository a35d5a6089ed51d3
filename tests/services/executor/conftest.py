"""A host process that a test starts, and that is gone at its end."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.executor.harness import HostRig

_PLUGINS = str(Path(__file__).parents[2] / "plugins")


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts know the format `constant`."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([_PLUGINS, *sys.path]))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[HostRig]:
    """A host that has not been started; it is killed at the end if it still runs."""
    made = HostRig(tmp_path)
    yield made
    made.host.kill("the test is over")
    await made.end()
