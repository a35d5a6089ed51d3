"""Hosts get ports of a range, one each, and a version without one has failed until there is one."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from hedgerow.errors import LimitExceeded
from hedgerow.v1.execution_pb2 import HostState
from services.executor.host_ports import ANY, HostPorts, PortRange
from tests.services.executor.agent_rig import AgentRig
from tests.support import wait_until

SERVES, FAILED = HostState.HOST_STATE_SERVING, HostState.HOST_STATE_FAILED


def two_free_ports() -> int:
    """Return the first of two ports that nobody has just now."""
    while True:
        with socket.socket() as one, socket.socket() as two, suppress(OSError):
            one.bind(("127.0.0.1", 0))
            first: int = one.getsockname()[1]
            two.bind(("127.0.0.1", first + 1))
            return first


def test_each_host_has_a_port_of_its_own_until_it_is_given_back() -> None:
    ports = HostPorts(PortRange(8410, 8411))
    assert [ports.take("a"), ports.take("b")] == [8410, 8411]
    with pytest.raises(LimitExceeded, match="all 2 of HEDGEROW_EXECUTOR_HOST_PORTS=8410-8411"):
        ports.take("c")
    assert ports.give_back("b")
    assert not ports.give_back("b")
    assert ports.take("c") == 8411


def test_a_port_given_back_is_the_last_to_be_given_again() -> None:
    ports = HostPorts(PortRange(8410, 8412))
    ports.take("a")
    ports.give_back("a")
    assert [ports.take(host) for host in "bcd"] == [8411, 8412, 8410]


def test_without_a_range_the_system_gives_a_port() -> None:
    ports = HostPorts(None)
    assert [ports.take("a"), ports.take("b")] == [ANY, ANY]
    assert not ports.give_back("a")


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[AgentRig]:
    first = two_free_ports()
    made = AgentRig(tmp_path, host_ports=f"{first}-{first + 1}", quarantine_deaths=1)
    yield made
    await made.stop()


async def test_a_version_for_which_there_is_no_port_has_failed_and_others_serve(
    rig: AgentRig,
) -> None:
    for name in ("one", "two"):
        rig.push(name)
    both = {"one@1": SERVES, "two@1": SERVES}
    await wait_until(lambda: rig.states() == both, "two serve")
    rig.push("three")
    wanted = {"one@1": SERVES, "two@1": SERVES, "three@1": FAILED}
    await wait_until(lambda: rig.states() == wanted, "two serve and one has failed")
    assert "no port is left for it: all 2 of HEDGEROW_EXECUTOR_HOST_PORTS" in rig.failure("three@1")
    assert rig.agent.settled.is_set()
    assert len({host.address for host in rig.announced if host.address}) == 2


async def test_a_version_serves_as_soon_as_there_is_a_port_for_it(rig: AgentRig) -> None:
    for name in ("one", "two"):
        rig.push(name)
    await wait_until(lambda: list(rig.states().values()) == [SERVES, SERVES], "both serve")
    rig.push("one", 2)
    await wait_until(lambda: rig.has("one@2", FAILED), "the new version has no port")
    assert rig.has("one@1", SERVES)
    os.kill(rig.pid("two@1"), signal.SIGKILL)
    wanted = {"one@2": SERVES, "two@1": FAILED}
    await wait_until(lambda: rig.states() == wanted, "the port of what was given up is used")


async def test_a_port_that_somebody_else_has_is_passed_over(rig: AgentRig) -> None:
    ports = rig.agent._ports._free
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports[0]))
        other.listen()
        rig.push("one")
        await wait_until(lambda: rig.has("one@1", SERVES), "it serves at another port")
        assert rig.announced[0].address.endswith(f":{other.getsockname()[1] + 1}")
