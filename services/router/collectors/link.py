"""The stream to one collector: openings, started and losses go out, decisions and progress come in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, NamedTuple

import grpc
import structlog

from hedgerow.v1.collection_pb2 import (
    CollectRequest,
    CollectResponse,
    LostModel,
    Opening,
    PlanDefinition,
    StartedModel,
    TaskDecision,
    TaskProgress,
)
from hedgerow.v1.collection_pb2_grpc import CollectionServiceStub
from services.common.clock import now_ns
from services.common.peer_stream import Listener, PeerStream, StreamEnd
from services.common.seconds import seconds_of
from services.router.plans.prepared import Plan
from services.router.tasks import Task

_log = structlog.get_logger()

_BEATS_MISSED = 5
"""After which a collector is taken for stopped. One that is only busy beats late, but beats."""

_MOST_PLANS = 512
"""Defined at a collector at a time. Beyond it the number of the oldest is given to the new one."""


class CollectorListener(NamedTuple):
    """Who is told what collectors say."""

    decided: Callable[[TaskDecision], None]
    progress: Callable[[Sequence[TaskProgress]], None]
    lost: Callable[[list[int]], None]
    """The stream has ended, and these tasks will have no decision by it."""


class CollectorLink:
    """One collector. `over` is called when it is retired and its stream has ended."""

    def __init__(
        self, address: str, listener: CollectorListener, over: Callable[[CollectorLink], None]
    ) -> None:
        self.address = address
        self.is_retired = False
        """It is not a member any more, or drains, though its stream may still be up."""
        self.is_silent = False
        """It has said nothing for so long that it must be standing still, though its stream is up."""
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()
        self._heartbeat = 0.0
        self._open: set[int] = set()
        self._keys: dict[bytes, int] = {}
        self._stream: PeerStream[CollectRequest, CollectResponse] = PeerStream(
            address,
            _collect,
            Listener(self._received, self._lost, over=lambda: over(self)),
            f"collector {address}",
        )

    @property
    def is_ready(self) -> bool:
        """It takes tasks."""
        return self._stream.is_ready

    @property
    def outstanding(self) -> int:
        """Tasks that are open there."""
        return len(self._open)

    def open(self, plan: Plan, tasks: list[Task], held: int) -> None:
        """Open tasks of one plan for which the same versions are chosen and the same models held back."""
        key, definitions = self._key_of(plan)
        self._open.update([task.id for task in tasks])
        first = tasks[0]
        opening = Opening(
            plan_key=key,
            versions=first.versions,
            tasks=[task.opening() for task in tasks],
            held=held,
            no_time=first.no_time,
            progress=first.schedule is not None,
        )
        self._send(CollectRequest(plans=definitions, openings=[opening]))

    def start_model(self, place: int, tasks: Iterable[Task]) -> None:
        """Say that a model that was held back is started for these tasks."""
        if ids := self._ids(tasks):
            self._send(CollectRequest(started=[StartedModel(model=place, task_ids=ids)]))

    def lose(self, place: int, reason: str, tasks: Iterable[Task], not_started: bool) -> None:
        """Say that a model of the plan will not answer these tasks, or is not even started for them."""
        if ids := self._ids(tasks):
            lost = LostModel(model=place, reason=reason, task_ids=ids, not_started=not_started)
            self._send(CollectRequest(lost=[lost]))

    def cancel(self, tasks: Iterable[Task]) -> None:
        """Nobody waits for the tasks any more; a decision that is on its way is dropped."""
        if ids := self._ids(tasks):
            self._open.difference_update(ids)
            self._send(CollectRequest(cancelled=ids))

    def listen_anew(self) -> None:
        """Count its silence from now on: until now this process did not listen."""
        self._heard = self._loop.time()

    def is_quiet(self) -> bool:
        """Whether it has missed so many heartbeats that it must be standing still."""
        silence = self._loop.time() - self._heard
        return self.is_ready and 0 < self._heartbeat * _BEATS_MISSED < silence

    def fall_silent(self) -> None:
        """Have its tasks opened elsewhere; what it says of them when it goes on is no news any more."""
        self.is_silent = True
        _log.warning(
            "a collector stands still", collector=self.address, open_tasks=self.outstanding
        )
        self._listener.lost(list(self._open))

    def hurry(self) -> None:
        """Look at once whether it is back."""
        self._stream.hurry()

    def retire(self) -> None:
        """Stop using it: the stream stays while it is up, for the tasks that are open."""
        self.is_retired = True
        self._stream.retire()

    def reinstate(self) -> None:
        """Take `retire` back."""
        self.is_retired = False
        self._stream.reinstate()

    async def close(self) -> None:
        """End the stream."""
        await self._stream.close()
        self._lost(StreamEnd("the router is stopping", False, False))

    def _ids(self, tasks: Iterable[Task]) -> list[int]:
        return [task.id for task in tasks if task.id in self._open]

    def _key_of(self, plan: Plan) -> tuple[int, list[PlanDefinition]]:
        keys = self._keys
        known = keys.get(plan.content)
        if known is not None:
            return known, []
        key = len(keys) + 1 if len(keys) < _MOST_PLANS else keys.pop(next(iter(keys)))
        keys[plan.content] = key
        definition = PlanDefinition(
            key=key, plan=plan.message, qualities=plan.qualities, wanted=plan.awaited
        )
        return key, [definition]

    def _send(self, request: CollectRequest) -> None:
        request.sent_ns = now_ns()
        self._stream.send(request)

    def _received(self, response: CollectResponse) -> None:
        self._heard = self._loop.time()
        if self.is_silent:
            self.is_silent = False
            _log.info("a collector goes on", collector=self.address)
        if response.HasField("heartbeat"):
            self._heartbeat = seconds_of(response.heartbeat)
        for decision in response.decisions:
            if decision.task_id in self._open:
                self._open.remove(decision.task_id)
                self._listener.decided(decision)
        if response.progress:
            # What is said of a task that was opened elsewhere meanwhile is no news of it.
            news = [message for message in response.progress if message.task_id in self._open]
            self._listener.progress(news)

    def _lost(self, end: StreamEnd) -> None:
        if end.was_ready:
            _log.info("a collector was lost", collector=self.address, reason=end.reason)
        self._keys.clear()
        self._heartbeat, self.is_silent = 0.0, False
        left, self._open = list(self._open), set()
        self._listener.lost(left)


def _collect(channel: grpc.aio.Channel, requests: AsyncIterator[CollectRequest]) -> Any:
    return CollectionServiceStub(channel).Collect(requests)
