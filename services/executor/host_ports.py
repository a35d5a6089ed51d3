"""The ports that an executor's hosts listen on, where they are a fixed range.

A network policy names ports, so in a cluster hosts cannot take whichever is free.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from hedgerow.errors import LimitExceeded

ANY = 0
"""The system gives a free port."""

_LAST = 65535


class PortRange(NamedTuple):
    """Both ends belong to it."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    @classmethod
    def parse(cls, text: str) -> PortRange | None:
        """Read `8410-8473`; nothing is no range. Raises ValueError."""
        if not text:
            return None
        first, _, last = (part.strip() for part in text.partition("-"))
        if not (first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last) <= _LAST):
            raise ValueError(f"give the first and the last port, as in 8410-8473, up to {_LAST}")
        return cls(int(first), int(last))


class HostPorts:
    """Gives each host a port for as long as it lives."""

    def __init__(self, within: PortRange | None) -> None:
        """Without a range each host gets `ANY`."""
        self._within = within
        # The one given back last is the last to be given again: somebody else may hold it.
        self._free = deque(range(within.first, within.last + 1) if within else ())
        self._taken: dict[object, int] = {}

    def take(self, host: object) -> int:
        """Return a port for a host, which keeps it until it is given back. Raises LimitExceeded."""
        if self._within is None:
            return ANY
        if not self._free:
            raise LimitExceeded(
                f"no port is left for it: all {len(self._taken)} of "
                f"HEDGEROW_EXECUTOR_HOST_PORTS={self._within} have a host; widen the range"
            )
        port = self._taken[host] = self._free.popleft()
        return port

    def give_back(self, host: object) -> bool:
        """Free the port of a host that has ended; return False if it had none."""
        port = self._taken.pop(host, None)
        if port is not None:
            self._free.append(port)
        return port is not None
