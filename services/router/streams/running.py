"""A partition that this router reads: its flow, and who attends to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hedgerow.v1.streams_pb2 import StreamState
from services.common.log.streams import Figures
from services.router.streams.attendant import Attendant
from services.router.streams.flow.flow import Flow


class Running:
    """Both go on until it is stopped; then `ended` is called."""

    def __init__(self, flow: Flow, attendant: Attendant, ended: Callable[[], None]) -> None:
        self.flow = flow
        self._attendant = attendant
        self._attending = asyncio.create_task(attendant.run(), name="attends to a partition")
        self.over = asyncio.create_task(flow.run(), name="reads a partition")
        self.over.add_done_callback(lambda _: self._end(ended))

    def _end(self, ended: Callable[[], None]) -> None:
        self._attending.cancel()
        ended()

    @property
    def figures(self) -> Figures | None:
        """What was seen of it last; None: nothing yet."""
        return self._attendant.figures

    def write_to(self, state: StreamState) -> None:
        """Write what this router has done of it into what it says of it."""
        progress = self.flow.progress
        state.paused = progress.hindrance
        state.scored = progress.scored
        state.died = progress.died
        state.remark = self._attendant.remark
