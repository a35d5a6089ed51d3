"""How long a stream that has broken is opened again: pauses that double, and an end to them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two attempts, each shortened at random by up to a half: clients that lost the same
router should not come to another one at the same moment."""

BEFORE_ANSWERS = 0.5
"""Seconds in vain that are borne by a stream that was never answered: an address may simply be wrong."""

BETWEEN_ANSWERS = 10.0
"""Seconds in vain that are borne by one that was: there is a mesh, and routers that are lost come back.

A call that lasts as long without an answer was kept waiting, not refused: that of a producer while the log
is full, say. It is not in vain."""


class Patience:
    """Counts the time since something came of it."""

    def __init__(self) -> None:
        self._bearable = BEFORE_ANSWERS
        self._pause = _FIRST_PAUSE
        self._in_vain_since: float | None = None
        self._fresh = False

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """See how long an attempt lasts."""
        # Kept: who stops listening to an iterator has it end when no loop runs any more.
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        try:
            yield
        finally:
            if loop.time() - began_at >= BETWEEN_ANSWERS:
                self.encouraged()

    def encouraged(self) -> None:
        """There is somebody, but what counts has not come: go on, with pauses."""
        self._bearable = BETWEEN_ANSWERS
        self._in_vain_since = None

    def rewarded(self) -> None:
        """An answer has come."""
        self._bearable = BETWEEN_ANSWERS
        self._pause = _FIRST_PAUSE
        self._in_vain_since = None
        self._fresh = True

    async def bear(self) -> bool:
        """Pause before the next attempt, unless the last one brought an answer; False: it is enough."""
        if self._fresh:
            self._fresh = False
            return True
        now = asyncio.get_running_loop().time()
        self._in_vain_since = since = self._in_vain_since or now
        if now - since >= self._bearable:
            return False
        await asyncio.sleep(self._pause * random.uniform(0.5, 1.0))
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        return True
