"""The ports of a local mesh, all on loopback."""

from __future__ import annotations

import socket
from contextlib import ExitStack
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
        """Find free ones."""
        with ExitStack() as stack:
            # All are held until the last is found, or one might be found twice.
            probes = [stack.enter_context(socket.socket()) for _ in fields(cls)]
            for probe in probes:
                probe.bind((HOST, 0))
            return cls(*(probe.getsockname()[1] for probe in probes))

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


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: connections of one that ended a moment ago are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
