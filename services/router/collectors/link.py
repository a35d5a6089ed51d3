"""The stream to one collector: openings, launches and losses go out, decisions and progress come in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import NamedTuple

import grpc
import structlog

from hedgerow.v1.collection_pb2 import (
    CollectRequest,
    CollectResponse,
    Launch,
    Loss,
    Opening,
    PlanDefinition,
    TaskDecision,
    TaskProgress,
)
from hedgerow.v1.collection_pb2_grpc import CollectionServiceStub
from services.common.wire import CHANNEL_OPTIONS
from services.router.plans.prepared import Plan
from services.router.tasks import Task, now_ns

_log = structlog.get_logger()

_MOST_PLANS = 512
"""Defined at a collector at a time. Beyond it the number of the oldest is given to the new one."""


class CollectorListener(NamedTuple):
    """Who is told what collectors say."""

    decided: Callable[[TaskDecision], None]
    progress: Callable[[Sequence[TaskProgress]], None]
    lost: Callable[[list[int]], None]
    """The stream has ended, and these tasks will have no decision by it."""


class CollectorLink:
    """One collector. The link tries to connect again until it is closed."""

    def __init__(self, address: str, heard: CollectorListener) -> None:
        self.address = address
        self.is_ready = False
        self._listener = heard
        self._open: set[int] = set()
        self._keys: dict[bytes, int] = {}
        self._requests: asyncio.Queue[CollectRequest] = asyncio.Queue()
        self._run_task = asyncio.get_running_loop().create_task(
            self._run(), name=f"collector {address}"
        )

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

    def launch(self, slot: int, tasks: Iterable[Task]) -> None:
        """Say that a model that was held back is started for these tasks."""
        if ids := self._ids(tasks):
            self._send(CollectRequest(launches=[Launch(model=slot, task_ids=ids)]))

    def lose(self, slot: int, reason: str, tasks: Iterable[Task], not_started: bool) -> None:
        """Say that a model of the plan will not answer these tasks, or is not even started for them."""
        if ids := self._ids(tasks):
            loss = Loss(model=slot, reason=reason, task_ids=ids, not_started=not_started)
            self._send(CollectRequest(losses=[loss]))

    def cancel(self, tasks: Iterable[Task]) -> None:
        """Nobody waits for the tasks any more; a decision that is on its way is dropped."""
        if ids := self._ids(tasks):
            self._open.difference_update(ids)
            self._send(CollectRequest(cancelled=ids))

    async def close(self) -> None:
        """End the stream."""
        self._run_task.cancel()
        await asyncio.gather(self._run_task, return_exceptions=True)

    def _ids(self, tasks: Iterable[Task]) -> list[int]:
        return [task.id for task in tasks if task.id in self._open]

    def _key_of(self, plan: Plan) -> tuple[int, list[PlanDefinition]]:
        keys = self._keys
        known = keys.get(plan.content)
        if known is not None:
            return known, []
        key = len(keys) + 1 if len(keys) < _MOST_PLANS else keys.pop(next(iter(keys)))
        keys[plan.content] = key
        return key, [PlanDefinition(key=key, plan=plan.message, qualities=plan.qualities)]

    def _send(self, request: CollectRequest) -> None:
        request.sent_unix_ns = now_ns()
        self._requests.put_nowait(request)

    async def _run(self) -> None:
        async with grpc.aio.insecure_channel(self.address, options=CHANNEL_OPTIONS) as channel:
            while True:
                try:
                    await channel.channel_ready()
                    await self._converse(channel)
                except grpc.aio.AioRpcError as error:
                    _log.info("lost a collector", address=self.address, reason=error.details())
                finally:
                    self._ended()

    async def _converse(self, channel: grpc.aio.Channel) -> None:
        call = CollectionServiceStub(channel).Collect(self._next())
        self.is_ready = True
        async for response in call:
            self._heard(response)

    def _heard(self, response: CollectResponse) -> None:
        for decision in response.decisions:
            self._open.discard(decision.task_id)
            self._listener.decided(decision)
        if response.progress:
            # What is said of a task that was opened elsewhere meanwhile is no news of it.
            news = [message for message in response.progress if message.task_id in self._open]
            self._listener.progress(news)

    async def _next(self) -> AsyncIterator[CollectRequest]:
        requests = self._requests
        while True:
            yield await requests.get()

    def _ended(self) -> None:
        self.is_ready = False
        self._keys.clear()
        self._requests = asyncio.Queue()
        left, self._open = list(self._open), set()
        self._listener.lost(left)
