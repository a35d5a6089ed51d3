"""Tasks of one host that were decided without it: when the host is told.

To tell costs a message, some 50 us on either side, so it must be worth it. What is cancelled travels with
the next frame of tasks, whenever that is. It is worth a message of its own only if the host still has the
task after a while: at once for a host whose frames take long, later for one that will have scored it
before it could be told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hedgerow.v1.execution_pb2 import CancelledModels

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
        self,
        in_flight: Callable[[set[int]], set[int]],
        write: Callable[[list[int], list[CancelledModels]], None],
    ) -> None:
        self._in_flight = in_flight
        self._write = write
        self._ids: list[int] = []
        self._of_models: dict[tuple[int, ...], list[int]] = {}
        """Tasks that some models of the host alone need not score any more."""
        self._timer: asyncio.Handle | None = None
        self._frame_seconds = _SLOW_SECONDS
        """How long its frames take, a running mean; slow until known better."""
        self._unpruned = 0

    def add(self, task_id: int, models: tuple[int, ...] = ()) -> None:
        """Take a task that was cancelled, for some models of the host or, without any, as a whole."""
        if models:
            self._of_models.setdefault(models, []).append(task_id)
        else:
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

    def take(self) -> tuple[list[int], list[CancelledModels]]:
        """Give out what a frame can take along."""
        if not self._ids and not self._of_models:
            return [], []
        ids, of_models = self._ids, self._of_models
        self.close()
        return ids, _of_models(of_models)

    def close(self) -> None:
        """Tell nothing any more."""
        self._ids, self._of_models = [], {}
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self) -> None:
        self._timer = None
        ids, of_models = self._ids, self._of_models
        self._ids, self._of_models = [], {}
        still = self._in_flight({*ids, *(id_ for some in of_models.values() for id_ in some)})
        if still:
            parts = {models: sorted(still & set(some)) for models, some in of_models.items()}
            self._write(sorted(still & set(ids)), _of_models(parts))


def _of_models(ids: dict[tuple[int, ...], list[int]]) -> list[CancelledModels]:
    return [CancelledModels(task_ids=some, models=models) for models, some in ids.items() if some]
