"""The stream to one collector: openings and losses go out, decisions come in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable

import grpc
import structlog

from hedgerow.v1.collection_pb2 import (
    CollectRequest,
    CollectResponse,
    Loss,
    Opening,
    PlanDefinition,
    TaskDecision,
)
from hedgerow.v1.collection_pb2_grpc import CollectionServiceStub
from services.common.wire import CHANNEL_OPTIONS
from services.router.book import Plan
from services.router.tasks import Task, now_ns

_log = structlog.get_logger()


class CollectorLink:
    """One collector.

    `decided` is called with each decision, `lost` with the tasks that will have none because the stream
    has ended. The link tries to connect again until it is closed.
    """

    def __init__(
        self,
        address: str,
        decided: Callable[[TaskDecision], None],
        lost: Callable[[list[int]], None],
    ) -> None:
        self.address = address
        self.is_ready = False
        self._decided = decided
        self._lost = lost
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

    def open(self, plan: Plan, versions: list[int], tasks: list[Task]) -> None:
        """Open tasks of one plan, for which the given versions are started (0: none serves)."""
        key, definitions = self._key_of(plan)
        self._open.update(task.id for task in tasks)
        self._send(
            CollectRequest(
                plans=definitions,
                openings=[
                    Opening(
                        plan_key=key, versions=versions, tasks=[task.opening() for task in tasks]
                    )
                ],
            )
        )

    def lose(self, slot: int, reason: str, tasks: Iterable[Task]) -> None:
        """Say that a model of the plan will not answer these tasks."""
        ids = [task.id for task in tasks if task.id in self._open]
        if ids:
            self._send(CollectRequest(losses=[Loss(model=slot, reason=reason, task_ids=ids)]))

    def forget(self, task: Task) -> None:
        """Nobody waits for the task any more; its decision, when it comes, is dropped."""
        self._open.discard(task.id)

    async def close(self) -> None:
        """End the stream."""
        self._run_task.cancel()
        await asyncio.gather(self._run_task, return_exceptions=True)

    def _key_of(self, plan: Plan) -> tuple[int, list[PlanDefinition]]:
        known = self._keys.get(plan.content)
        if known is not None:
            return known, []
        key = self._keys[plan.content] = len(self._keys) + 1
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
            self._decided(decision)

    async def _next(self) -> AsyncIterator[CollectRequest]:
        requests = self._requests
        while True:
            yield await requests.get()

    def _ended(self) -> None:
        self.is_ready = False
        self._keys.clear()
        self._requests = asyncio.Queue()
        left, self._open = list(self._open), set()
        self._lost(left)
