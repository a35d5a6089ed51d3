"""A host that takes too much memory is ended, alone, and its version given up if that goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.v1.execution_pb2 import HostState
from services.executor.processes.memory import Container, MemoryGuard, private_bytes
from tests.services.executor.agent_rig import AgentRig
from tests.support import wait_until

SERVES, FAILED = HostState.HOST_STATE_SERVING, HostState.HOST_STATE_FAILED
MIB = 2**20


def version_2(folder: Path, limit: str, used: int, files: int) -> Container:
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {files}\nactive_file 0\n")
    return Container(folder)


@pytest.mark.parametrize(
    ("limit", "used", "files", "is_nearly_full"),
    [
        ("max", 900 * MIB, 0, False),
        (str(1000 * MIB), 870 * MIB, 0, False),
        (str(1000 * MIB), 880 * MIB, 0, True),
        (str(1000 * MIB), 990 * MIB, 200 * MIB, False),
    ],
    ids=["no limit", "room", "little room", "room where files are"],
)
def test_a_container_is_nearly_full_at_seven_eighths_of_its_limit(
    limit: str, used: int, files: int, is_nearly_full: bool, tmp_path: Path
) -> None:
    assert version_2(tmp_path, limit, used, files).is_nearly_full() is is_nearly_full


def test_the_first_version_of_cgroups_is_read_as_well(tmp_path: Path) -> None:
    folder = tmp_path / "memory"
    folder.mkdir()
    (folder / "memory.limit_in_bytes").write_text("1000\n")
    (folder / "memory.usage_in_bytes").write_text("990\n")
    (folder / "memory.stat").write_text("inactive_file 900\ntotal_inactive_file 50\n")
    assert Container(tmp_path).is_nearly_full()
    (folder / "memory.limit_in_bytes").write_text(f"{2**63 - 4096}\n")
    assert Container(tmp_path).limit == 0


def test_where_there_are_no_cgroups_there_is_no_limit(tmp_path: Path) -> None:
    assert not Container(tmp_path).is_nearly_full()


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[AgentRig]:
    made = AgentRig(tmp_path, host_memory_bytes=64 * MIB, quarantine_deaths=2)
    yield made
    await made.stop()


async def test_a_host_above_its_limit_is_killed_and_its_version_given_up(rig: AgentRig) -> None:
    watching = asyncio.create_task(rig.agent.guard_memory())
    rig.push("large", mebibytes=96)
    rig.push("small", mebibytes=8)
    await wait_until(lambda: rig.has("large@1", FAILED), "it is given up", timeout=20)
    assert "memory: it had" in rig.failure("large@1")
    assert "64 MiB are allowed" in rig.failure("large@1")
    await wait_until(lambda: rig.has("small@1", SERVES), "the other one serves")
    assert 8 * MIB <= private_bytes(rig.pid("small@1")) < 64 * MIB
    watching.cancel()


async def test_when_the_container_is_nearly_full_the_newcomer_goes_and_those_that_serve_stay(
    tmp_path: Path,
) -> None:
    container = version_2(tmp_path, str(1000 * MIB), 100 * MIB, 0)
    rig = AgentRig(tmp_path / "cache")
    guard = MemoryGuard(0, container)
    rig.push("serves", mebibytes=32)
    await wait_until(lambda: rig.has("serves@1", SERVES), "it serves")
    rig.push("comes", load_seconds=60)
    await wait_until(lambda: rig.pid("comes@1"), "it loads")
    guard.look(rig.agent._hosts)
    assert not any(host.death for host in rig.agent._hosts)
    version_2(tmp_path, str(1000 * MIB), 950 * MIB, 0)
    guard.look(rig.agent._hosts)
    guard.look(rig.agent._hosts)  # it has not ended yet: nobody else goes
    await wait_until(lambda: "memory: it had" in rig.failure("comes@1"), "the newcomer was killed")
    assert "limit of 1000 MiB was near; raise it" in rig.failure("comes@1")
    assert rig.has("serves@1", SERVES)
    await rig.stop()


async def test_when_none_loads_the_largest_goes(tmp_path: Path) -> None:
    container = version_2(tmp_path, str(1000 * MIB), 950 * MIB, 0)
    rig = AgentRig(tmp_path / "cache")
    rig.push("small")
    rig.push("large", mebibytes=64)
    await wait_until(lambda: list(rig.states().values()) == [SERVES, SERVES], "both serve")
    small, large = rig.pid("small@1"), rig.pid("large@1")
    MemoryGuard(0, container).look(rig.agent._hosts)
    await wait_until(lambda: rig.pid("large@1") not in (0, large), "it is replaced")
    assert rig.pid("small@1") == small
    await rig.stop()
