"""The stream to one host: what waits for it, what it has, and what is lost when it dies.

The host grants credit; without credit tasks wait here, where they can still be dropped, expire or go to
another host, and where the length of the queue is known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import grpc
import structlog

from hedgerow.v1.execution_pb2 import ExecuteRequest, ExecuteResponse, Host
from services.common.clock import now_ns
from services.common.logs import fields_of
from services.common.peer_stream import Listener, PeerStream, StreamEnd
from services.common.seconds import seconds_of
from services.common.wire import JOINED_BYTES
from services.router.hosts.cancellations import Cancellations
from services.router.hosts.work_spared import Spared
from services.router.tasks import Task

_log = structlog.get_logger()

_EXECUTE = "/hedgerow.v1.ExecutionService/Execute"


class Offer(NamedTuple):
    """A task for the model at a place of its plan."""

    task: Task
    place: int
    encoded: bytes
    """The task, or those of its records that are still of interest, as a field of ExecuteRequest."""
    rows: int


class HostListener(NamedTuple):
    """Who is told what happens to hosts."""

    ready: Callable[[HostLink], None]
    """It grants credit for the first time: the message that does so is read next."""
    lost: Callable[[HostLink, list[Offer]], None]
    """Its stream has ended, and with it these offers."""
    cut: Callable[[HostLink, str], None]
    """It has lost the collector at an address, or has found it again: see `HostLink.cut_from`."""


class HostLink:
    """One host.

    A host that drains finishes what it has; it is closed by `retire` once others can take over.
    """

    def __init__(
        self, host: Host, frame_tasks: int, listener: HostListener, spared: Spared
    ) -> None:
        self.model = host.model
        self.address = host.address
        self.executor = host.executor or host.address
        """The address of the executor that runs it; what a key belongs to."""
        self.is_draining = False
        self.is_retired = False
        self.cut_from: set[str] = set()
        """Collectors that the host cannot reach."""
        self._frame_tasks = frame_tasks
        self._listener = listener
        self._spared = spared
        self._credit = 0
        self._waiting: deque[Offer] = deque()
        self._in_flight: dict[int, list[Offer]] = {}
        self._cancellations = Cancellations(self._is_in_flight, self._write_cancelled)
        self._number = 0
        self._reason = ""
        self.outstanding = 0
        self.was_ready = False
        """Its stream is over, and was up before."""
        # Not opened again: a host is one process, and its executor tells whether there still is one.
        self._stream: PeerStream[bytes, ExecuteResponse] = PeerStream(
            self.address,
            _execute,
            Listener(self._received, self._lost, lambda: listener.ready(self), self._over),
            f"host {self.address}",
            reopen=False,
        )

    def __repr__(self) -> str:
        return f"<host of {self.reference} at {self.address}>"

    @property
    def reference(self) -> str:
        """Its model as `name@version`."""
        return f"{self.model.descriptor.name}@{self.model.version}"

    @property
    def is_ready(self) -> bool:
        """It has granted credit, and its stream is up."""
        return self._stream.is_ready

    def offer(self, offers: list[Offer]) -> None:
        """Queue tasks; they leave as soon as the host has credit."""
        self._waiting.extend(offers)
        self.outstanding += len(offers)
        self._pump()

    def cancel(self, task: Task) -> None:
        """Nobody needs what the host makes of a task: it need not be here, and may be done."""
        self._cancellations.add(task.id)
        if self._waiting and self._cancellations.many_since_pruned():
            self._waiting = deque([offer for offer in self._waiting if self._is_wanted(offer)])
            self._close_if_empty()

    def retire(self) -> None:
        """Take no more tasks; close the stream when those here are done."""
        self.is_retired = True
        self._close_if_empty()

    async def close(self) -> None:
        """End the stream now."""
        self.is_retired = True
        await self._stream.close()

    # -- writing -----------------------------------------------------------------------------------

    def _pump(self) -> None:
        while self._credit and (offers := self._next_frame()):
            self._credit -= 1
            self._number += 1
            self._in_flight[self._number] = offers
            self._stream.send(self._encode(offers))
        self._close_if_empty()

    def _next_frame(self) -> list[Offer]:
        """Take the tasks of one frame: alive, all for one collector, and not too many bytes of them."""
        offers: list[Offer] = []
        size = 0
        while self._waiting and len(offers) < self._frame_tasks:
            offer = self._waiting[0]
            if not self._is_wanted(offer):
                self._waiting.popleft()
                continue
            size += len(offer.encoded)
            if offers and (
                size > JOINED_BYTES or offer.task.collector is not offers[0].task.collector
            ):
                break
            offers.append(self._waiting.popleft())
        return offers

    def _is_wanted(self, offer: Offer) -> bool:
        """Tell whether an offer is worth sending; one that is not leaves the count of those here."""
        task = offer.task
        if task.needs(offer.place) and task.deadline > now_ns():
            return True
        self.outstanding -= 1
        self._spared.rows_dropped += offer.rows
        return False

    def _encode(self, offers: list[Offer]) -> bytes:
        collector = offers[0].task.collector
        header = ExecuteRequest(
            frame=self._number,
            sent_ns=now_ns(),
            collector=collector.address if collector else "",
            cancelled=self._cancellations.take(),
        )
        return b"".join([offer.encoded for offer in offers]) + header.SerializeToString()

    def _is_in_flight(self, task_ids: set[int]) -> set[int]:
        """Return those of the tasks that are in the host."""
        frames = self._in_flight.values()
        return {offer.task.id for offers in frames for offer in offers} & task_ids

    def _write_cancelled(self, task_ids: list[int]) -> None:
        request = ExecuteRequest(cancelled=task_ids, sent_ns=now_ns())
        self._stream.send(request.SerializeToString())

    def _close_if_empty(self) -> None:
        if self.is_retired and not self._waiting and not self._in_flight:
            self._stream.finish()

    # -- the stream --------------------------------------------------------------------------------

    def _received(self, response: ExecuteResponse) -> None:
        self._credit += response.credit
        for number in response.done:
            self.outstanding -= len(self._in_flight.pop(number, ()))
        if response.rows:
            seconds = seconds_of(response.scoring)
            self._spared.scored(response.rows, seconds)
            self._cancellations.scored(seconds / max(len(response.done), 1))
        for collector in response.unreachable:
            self.cut_from.add(collector)
            self._listener.cut(self, collector)
        for collector in response.reachable:
            self.cut_from.discard(collector)
            self._listener.cut(self, collector)
        self._pump()

    def _lost(self, end: StreamEnd) -> None:
        self._reason = end.reason
        self.was_ready = end.was_ready

    def _over(self) -> None:
        left = [offer for offers in self._in_flight.values() for offer in offers]
        left += self._waiting
        self._in_flight.clear()
        self._waiting.clear()
        self._cancellations.close()
        self.outstanding = 0
        if left or not self.is_retired:
            _log.info(
                "a host was lost",
                **fields_of(self.model),
                host=self.address,
                reason=self._reason,
            )
        self._listener.lost(self, [offer for offer in left if offer.task.needs(offer.place)])


def _execute(channel: grpc.aio.Channel, frames: AsyncIterator[bytes]) -> Any:
    # Frames are joined from encoded tasks, so there is nothing to serialize.
    method: grpc.aio.StreamStreamMultiCallable[bytes, ExecuteResponse]
    method = channel.stream_stream(_EXECUTE, response_deserializer=ExecuteResponse.FromString)
    return method(frames)
