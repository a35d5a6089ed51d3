"""The stream to one host: what waits for it, what it has, and what is lost when it dies.

The host grants credit; without credit tasks wait here, where they can still be dropped, expire or go to
another host, and where the length of the queue is known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple

import grpc
import structlog

from hedgerow.v1.execution_pb2 import (
    CancelledModels,
    ExecuteRequest,
    ExecuteResponse,
    Host,
    Share,
)
from services.common.clock import now_ns
from services.common.logs import fields_of
from services.common.peer_stream import Listener, PeerStream, StreamEnd
from services.common.seconds import seconds_of
from services.common.wire import JOINED_BYTES
from services.router.hosts.cancellations import Cancellations
from services.router.hosts.instance import ModelInstance, Offer
from services.router.hosts.work_spared import WorkSpared
from services.router.tasks import Task

_log = structlog.get_logger()

_EXECUTE = "/hedgerow.v1.ExecutionService/Execute"


class HostListener(NamedTuple):
    """Who is told what happens to hosts."""

    ready: Callable[[HostLink], None]
    """It grants credit for the first time: the message that does so is read next."""
    lost: Callable[[HostLink, list[Offer]], None]
    """Its stream has ended, and with it these offers."""
    cut: Callable[[HostLink, str], None]
    """It has lost the collector at an address, or has found it again: see `HostLink.cut_from`."""


class HostLink:
    """One host: a process, and the versions that it runs.

    A version that drains finishes what it has; the stream is closed when the last of them is retired.
    """

    def __init__(
        self, hosts: Sequence[Host], frame_tasks: int, listener: HostListener, work: WorkSpared
    ) -> None:
        """`hosts` are all versions of one process, as it is announced."""
        self.address = hosts[0].address
        self.executor = hosts[0].executor or self.address
        """The address of the executor that runs it; what a key belongs to."""
        self.cut_from: set[str] = set()
        """Collectors that the host cannot reach."""
        self.instances = {
            host.number: ModelInstance(self, host.model, host.number, work.of_model(host.model))
            for host in hosts
        }
        self.is_finished = False
        """Nothing is written any more."""
        self._frame_tasks = frame_tasks
        self._listener = listener
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
        return f"<host of {self.references} at {self.address}>"

    @property
    def fields(self) -> dict[str, str | int]:
        """What a line of a log says of its versions."""
        return fields_of(*[instance.model for instance in self.instances.values()])

    @property
    def references(self) -> str:
        """Its versions: `wine-net@2, wine-tree@3`."""
        return ", ".join(sorted(instance.reference for instance in self.instances.values()))

    @property
    def is_retired(self) -> bool:
        """It takes no more tasks."""
        return self.is_finished or all(one.is_retired for one in self.instances.values())

    @property
    def is_ready(self) -> bool:
        """It has granted credit, and its stream is up."""
        return self._stream.is_ready

    def offer(self, offers: list[Offer]) -> None:
        """Queue tasks; they leave as soon as the host has credit."""
        self._waiting.extend(offers)
        self.outstanding += len(offers)
        self._pump()

    def cancel(self, task: Task, models: tuple[int, ...] = ()) -> None:
        """Nobody needs what models of the host, or all of them, make of a task.

        It need not be here, and may be done.
        """
        self._cancellations.add(task.id, models)
        if self._waiting and self._cancellations.many_since_pruned():
            found = [self._wanted(offer) for offer in self._waiting]
            self._waiting = deque([offer for offer in found if offer is not None])
            self.close_if_unused()

    def close_if_unused(self) -> None:
        """Close the stream if no version takes tasks any more and those here are done."""
        if self.is_retired and not self._waiting and not self._in_flight:
            self.is_finished = True
            self._stream.finish()

    async def close(self) -> None:
        """End the stream now."""
        self.is_finished = True
        await self._stream.close()

    # -- writing -----------------------------------------------------------------------------------

    def _pump(self) -> None:
        while self._credit and (offers := self._next_frame()):
            self._credit -= 1
            self._number += 1
            self._in_flight[self._number] = offers
            self._stream.send(self._encode(offers))
        self.close_if_unused()

    def _next_frame(self) -> list[Offer]:
        """Take the tasks of one frame: alive, all for one collector, and not too many bytes of them."""
        offers: list[Offer] = []
        size = 0
        while self._waiting and len(offers) < self._frame_tasks:
            offer = self._wanted(self._waiting[0])
            if offer is None:
                self._waiting.popleft()
                continue
            size += len(offer.encoded)
            if offers and (
                size > JOINED_BYTES or offer.task.collector is not offers[0].task.collector
            ):
                break
            offers.append(offer)
            self._waiting.popleft()
        return offers

    def _wanted(self, offer: Offer) -> Offer | None:
        """Return what of an offer is worth sending; if nothing is, it leaves the count of those here."""
        task, started = offer.task, offer.started
        if task.deadline > now_ns():
            needed = task.needed(started.places)
            if len(needed) == len(started.places):
                return offer
            if needed:
                wanted = started.of(needed)
                self._drop(started.models, wanted.models, offer.rows)
                return offer._replace(started=wanted)
        self.outstanding -= 1
        self._drop(started.models, (), offer.rows)
        return None

    def _drop(self, models: tuple[int, ...], except_: tuple[int, ...], rows: int) -> None:
        for number in models:
            if number not in except_:
                self.instances[number].spared.rows_dropped += rows

    def _encode(self, offers: list[Offer]) -> bytes:
        collector = offers[0].task.collector
        cancelled, of_models = self._cancellations.take()
        header = ExecuteRequest(
            frame=self._number,
            sent_ns=now_ns(),
            collector=collector.address if collector else "",
            cancelled=cancelled,
            shares=self._shares(offers),
            cancelled_models=of_models,
        )
        return b"".join([offer.encoded for offer in offers]) + header.SerializeToString()

    def _shares(self, offers: list[Offer]) -> list[Share]:
        """Say which models score which tasks, where the host has several."""
        if len(self.instances) == 1:
            return []
        shares: list[Share] = []
        before: tuple[tuple[int, ...], int] | None = None
        for offer in offers:
            asked = offer.started.models, offer.started.enough
            if asked == before:
                shares[-1].tasks += 1
            else:
                shares.append(Share(tasks=1, models=asked[0], enough=asked[1]))
                before = asked
        return shares

    def _is_in_flight(self, task_ids: set[int]) -> set[int]:
        """Return those of the tasks that are in the host."""
        frames = self._in_flight.values()
        return {offer.task.id for offers in frames for offer in offers} & task_ids

    def reference_of(self, model: tuple[str, str]) -> str:
        """Return the version that it runs of a model, given by data type and name, as `name@version`."""
        found = [
            one.reference
            for one in self.instances.values()
            if (one.model.descriptor.data_type, one.model.descriptor.name) == model
        ]
        return found[0] if found else self.references

    def _write_cancelled(self, task_ids: list[int], of_models: list[CancelledModels]) -> None:
        request = ExecuteRequest(cancelled=task_ids, cancelled_models=of_models, sent_ns=now_ns())
        self._stream.send(request.SerializeToString())

    # -- the stream --------------------------------------------------------------------------------

    def _received(self, response: ExecuteResponse) -> None:
        self._credit += response.credit
        for number in response.done:
            self.outstanding -= len(self._in_flight.pop(number, ()))
        if response.rows:
            self._scored(response)
        for collector in response.unreachable:
            self.cut_from.add(collector)
            self._listener.cut(self, collector)
        for collector in response.reachable:
            self.cut_from.discard(collector)
            self._listener.cut(self, collector)
        self._pump()

    def _scored(self, response: ExecuteResponse) -> None:
        seconds = seconds_of(response.scoring)
        self._cancellations.scored(seconds / max(len(response.done), 1))
        if len(self.instances) == 1:
            (instance,) = self.instances.values()
            instance.spared.scored(response.rows, seconds)
        for scored in response.scored:
            if (known := self.instances.get(scored.model)) is not None:
                known.spared.scored(scored.rows, seconds_of(scored.scoring))

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
            _log.info("a host was lost", **self.fields, host=self.address, reason=self._reason)
        needed = [offer for offer in left if offer.task.needed(offer.started.places)]
        self._listener.lost(self, needed)


def _execute(channel: grpc.aio.Channel, frames: AsyncIterator[bytes]) -> Any:
    # Frames are joined from encoded tasks, so there is nothing to serialize.
    method: grpc.aio.StreamStreamMultiCallable[bytes, ExecuteResponse]
    method = channel.stream_stream(_EXECUTE, response_deserializer=ExecuteResponse.FromString)
    return method(frames)
