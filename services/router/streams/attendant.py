"""Attends to a partition beside the records: trims it, and looks how it is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from hedgerow.errors import Unavailable
from hedgerow.plans.streams import StreamSettings
from services.common.log.streams import Figures, Partition, Streams

_log = structlog.get_logger()

_SHORTEST, _LONGEST = 1.0, 60.0
"""Seconds between two looks; doubled while nothing changes."""


class Attendant:
    """Of one partition."""

    def __init__(
        self,
        partition: Partition,
        log: Streams,
        settings: Callable[[], StreamSettings],
        moved: asyncio.Event,
    ) -> None:
        """`moved` is set when records were read, or settled."""
        self._partition = partition
        self._moved = moved
        self._log = log
        self._trimming = log.trimming(partition)
        self._settings = settings
        self.figures: Figures | None = None
        """What was seen last; None: nothing yet."""
        self.remark = ""
        """What somebody should look at; empty: nothing."""

    async def run(self) -> None:
        """Attend to it, for ever."""
        pause = _SHORTEST
        while True:
            before = self.figures
            try:
                await self._look()
            except Unavailable:
                pause = _SHORTEST
            else:
                pause = min(pause * 2, _LONGEST) if self.figures == before else _SHORTEST
            await asyncio.sleep(_SHORTEST)
            await self._until_moved(pause - _SHORTEST)

    async def _until_moved(self, seconds: float) -> None:
        self._moved.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._moved.wait()

    def _tell_of_scores(self, beyond: int, length: int) -> None:
        """Say that a consumer group keeps scores from being removed; once, until it is over."""
        if beyond and not self.remark:
            _log.warning(
                "more scores are kept than the plan says: a consumer group has not acknowledged them",
                partition=self._partition.tag,
                beyond=beyond,
            )
        self.remark = (
            f"{beyond:,} more scores are kept than the {length:,} of the plan, because a consumer group has"
            " not acknowledged them"
            if beyond
            else ""
        )

    async def _look(self) -> None:
        settings = self._settings()
        if self.figures is not None and (self.figures.records or self.figures.scores):
            await self._trimming.records(*settings.records)
            trimmed = await self._trimming.scores(*settings.scores)
            self._tell_of_scores(trimmed.beyond, settings.scores.length)
        self.figures = await self._log.figures(self._partition)
