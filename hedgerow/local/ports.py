"""The ports of a local mesh, all on loopback."""

from __future__ import annotations

import random
import socket
from dataclasses import dataclass, fields

from hedgerow.errors import Unavailable

HOST = "127.0.0.1"
FIRST = 8400


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each part listens."""

    router: int
    registry: int
    executor: int
    collector: int
    log: int

    @classmethod
    def free(cls) -> Ports:
        """Find free ones, that were not found before by this process."""
        return cls(*(_free_port() for _ in fields(cls)))

    @classmethod
    def from_first(cls, first: int) -> Ports:
        """Take the given port and the four after it. Raises Unavailable, naming one that is taken."""
        names = [field.name for field in fields(cls)]
        for port, name in enumerate(names, first):
            if not _is_free(port):
                last = first + len(names) - 1
                raise Unavailable(
                    f"port {port}, which the {name} needs, is taken; stop what uses it, or choose"
                    f" others than {first}-{last} with --port (0: any free ones)"
                )
        return cls(*range(first, first + len(names)))

    def address(self, part: str) -> str:
        """Where a part is reached."""
        return f"{HOST}:{getattr(self, part)}"


# Below what Linux gives to outgoing connections: one of those may take a port before its service does.
_FREE = range(20_000, 32_000)
_found: set[int] = set()


def _free_port() -> int:
    while True:
        port = random.choice(_FREE)
        if port not in _found and _is_free(port):
            _found.add(port)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: connections of one that ended a moment ago are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
