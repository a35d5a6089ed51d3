"""What a fork leaves of gRPC, and so of clients.

Threads do not survive a fork, and the asynchronous gRPC of a process that was forked after its first use
waits for one for ever. Nothing can be done about it in the child; so clients say it, and do not hang. A
process that forks before its first call is not concerned, whether its client was made by then or not.
"""

from __future__ import annotations

import os
import weakref
from typing import Any

from hedgerow.errors import InvalidInput


class Forks:
    """Knows whether this process was forked from one that had used gRPC."""

    def __init__(self) -> None:
        self.is_child = False
        """Nothing of gRPC works here."""
        self._used = False
        self._channels: weakref.WeakSet[Any] = weakref.WeakSet()
        self._kept: list[Any] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def used(self, channel: object = None) -> None:
        """Something of gRPC, perhaps a channel, is there from now on."""
        self._used = True
        if channel is not None:
            self._channels.add(channel)

    def check(self, target: str) -> None:
        """Raise InvalidInput in a process in which calls would hang."""
        if self.is_child:
            raise InvalidInput(
                f"cannot call {target} from a process that was forked after a client had been used;"
                " make the first call after the fork, or start processes by 'spawn' or 'forkserver'"
                " (multiprocessing.set_start_method)"
            )

    def _forked(self) -> None:
        self.is_child = self.is_child or self._used
        # To collect a channel is to close it, and that would hang as well.
        self._kept += self._channels


forks = Forks()
