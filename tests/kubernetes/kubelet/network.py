"""A bridge, and on it an address for each pod. All of it in the network namespace that we are in."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

NODE = "198.18.0.1"
"""Ours: from here come probes, and here names are told. A range that is for tests of networks alone."""

_PODS = "198.18.{}.{}"
_BRIDGE = "pods"
NAMESPACES = Path("/run/netns")


class Network:
    """The network of a cluster."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    async def start(self) -> None:
        """Make the bridge."""
        await run("ip", "link", "set", "lo", "up")
        await run("ip", "link", "add", _BRIDGE, "type", "bridge")
        await run("ip", "address", "add", f"{NODE}/16", "dev", _BRIDGE)
        await run("ip", "link", "set", _BRIDGE, "up")
        await run("mkdir", "-p", str(NAMESPACES))
        await run("mount", "-t", "tmpfs", "tmpfs", str(NAMESPACES))

    async def join(self, name: str) -> str:
        """Make a namespace with an address that nobody has had before, and return that."""
        number = next(self._numbers)
        address, link = _PODS.format(1 + number // 250, 1 + number % 250), f"pod{number}"
        await run("ip", "netns", "add", name)
        await run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        await run("ip", "link", "set", link, "master", _BRIDGE, "up")
        for command in (
            f"address add {address}/16 dev eth0",
            "link set eth0 up",
            "link set lo up",
        ):
            await run("ip", "-n", name, *command.split())
        return address

    async def leave(self, name: str) -> None:
        """Take a namespace away; its address answers nobody any more."""
        await run("ip", "netns", "delete", name)


async def run(*command: str) -> str:
    """Run a command and return what it prints."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    printed, complaints = await process.communicate()
    assert process.returncode == 0, f"{' '.join(command)}: {complaints.decode()}"
    return printed.decode()
