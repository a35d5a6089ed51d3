"""Tasks of one host that were decided without it: when the host is told.

To tell costs a message, some 50 us on either side, so it must be worth it. What is cancelled travels with
the next frame of tasks, whenever that is. It is worth a message of its own only if the host still has the
task after a while: at once for a host whose frames take long, later for one that will have scored it
before it could be told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_PATIENCE_SECONDS = 0.005
"""How long it waits for a frame to travel with, or for the host to be done."""
_SLOW_SECONDS = 0.002
"""A host whose frames take longer than this is told at once."""
_MANY = 64


class Cancellations:
    """Collects the ids of cancelled tasks for one host.

    `in_flight` says which of some tasks the host still has; `write` sends a message.
    """

    def __init__(
        self, in_flight: Callable[[set[int]], set[int]], write: Callable[[list[int]], None]
    ) -> None:
        self._in_flight = in_flight
        self._write = write
        self._ids: list[int] = []
        self._timer: asyncio.Handle | None = None
        self._frame_seconds = _SLOW_SECONDS
        """How long its frames take, a running mean; slow until known better."""
        self._unpruned = 0

    def add(self, task_id: int) -> None:
        """Take a task that was cancelled."""
        self._ids.append(task_id)
        self._unpruned += 1
        if self._timer is None:
            loop = asyncio.get_running_loop()
            slow = self._frame_seconds >= _SLOW_SECONDS
            self._timer = loop.call_later(0 if slow else _PATIENCE_SECONDS, self._tell)

    def many_since_pruned(self) -> bool:
        """Whether it is time to look for dead tasks among those that wait for the host; then it is not."""
        if self._unpruned < _MANY:
            return False
        self._unpruned = 0
        return True

    def scored(self, seconds: float) -> None:
        """Learn how long a frame took to score."""
        self._frame_seconds += (seconds - self._frame_seconds) / 8

    def take(self) -> list[int]:
        """Give out what a frame can take along."""
        if not self._ids:
            return self._ids
        ids, self._ids = self._ids, []
        self.close()
        return ids

    def close(self) -> None:
        """Tell nothing any more."""
        self._ids = []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self) -> None:
        self._timer = None
        ids, self._ids = self._ids, []
        if still := self._in_flight(set(ids)):
            self._write(sorted(still))
