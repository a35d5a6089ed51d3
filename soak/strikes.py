"""Does what a fault says to a cluster, and undoes it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psutil
from redis.asyncio import Redis

from hedgerow.errors import HedgerowError
from hedgerow.plans.plan import plan_from_yaml
from soak.faults import PARTS, Act, Fault
from soak.models import NUMBERS
from soak.plans import PLANS, numbers_plan
from soak.wholeness import Wanted
from tests.end_to_end.cluster import Cluster

_READY_SECONDS = 20.0
_ACKNOWLEDGED_SECONDS = 60.0
_AGAIN_SECONDS = 0.25
_FULL = "1kb"
"""Less than there is in any log."""


Acknowledged = TypeVar("Acknowledged")


class Astray(Exception):
    """A part did not do what it was told, or a change was never acknowledged; says which."""


class Striker:
    """Strikes."""

    def __init__(self, cluster: Cluster, wanted: Wanted) -> None:
        self._cluster = cluster
        self._wanted = wanted
        self.pids: set[int] = set()
        """All processes that were there when something was struck."""

    async def strike(self, fault: Fault) -> float:
        """Do it and undo it; return the moment (monotonic) when it was over. Raises Astray.

        Over is: the stopped goes on, the killed is about to be started again, the change acknowledged.
        """
        self._note_processes()
        return await self._deed(fault)(fault)

    def _deed(self, fault: Fault) -> Callable[[Fault], Awaitable[float]]:
        part = fault.kind.part
        match fault.kind.act:
            case Act.STOP:
                return self._stop
            case Act.CUT:
                return self._cut
            case Act.FILL:
                return self._fill
            case Act.CHANGE:
                return self._push if part == "model" else self._apply
            case _ if part == "host":
                return self._end_host
            case _ if part == "log":
                return self._restart_log
        return self._restart

    def _note_processes(self) -> None:
        for number in (1, 2):
            try:
                self.pids |= self._cluster.pids(f"executor-{number}")
            except psutil.NoSuchProcess:  # it is down just now
                continue

    async def _restart(self, fault: Fault) -> float:
        name, cluster = _name(fault), self._cluster
        ended = cluster.pids(name)
        if fault.kind.act is Act.KILL:
            await cluster.kill(name)
            await asyncio.sleep(fault.seconds)
        elif (said := await cluster.terminate(name)) != "ended with exit code 0":
            raise Astray(f"{name} was told to end and {said}")
        self._wanted.ended |= ended
        over = time.monotonic()
        await cluster.restart(name)
        return over

    async def _restart_log(self, fault: Fault) -> float:
        log = self._cluster.log
        if fault.kind.act is Act.KILL:
            assert log.pid
            os.kill(log.pid, signal.SIGKILL)
            await log.stop(0)
            await asyncio.sleep(fault.seconds)
        else:
            await log.stop()
        over = time.monotonic()
        await log.start(_READY_SECONDS)
        return over

    async def _end_host(self, fault: Fault) -> float:
        pid = await self._host(fault)
        os.kill(pid, signal.SIGKILL if fault.kind.act is Act.KILL else signal.SIGTERM)
        self._wanted.ended.add(pid)
        return time.monotonic()

    async def _stop(self, fault: Fault) -> float:
        pids = await self._processes(fault)
        _signal(pids, signal.SIGSTOP)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            _signal(pids, signal.SIGCONT)
        return time.monotonic()

    async def _cut(self, fault: Fault) -> float:
        executor = self._cluster.pids(f"executor-{fault.number}")
        with self._cluster.partition.cut(executor):
            await asyncio.sleep(fault.seconds)
        return time.monotonic()

    async def _fill(self, fault: Fault) -> float:
        async with Redis(port=self._cluster.ports.log) as redis:
            await redis.config_set("maxmemory-policy", "noeviction")
            await redis.config_set("maxmemory", _FULL)
            try:
                await asyncio.sleep(fault.seconds)
            finally:
                await redis.config_set("maxmemory", "0")
        return time.monotonic()

    async def _push(self, fault: Fault) -> float:
        names = self._wanted.models.names
        push = self._wanted.models.next_push(names[int(fault.choice * len(names))])
        version = await _until_acknowledged(lambda: push.send(self._cluster.registry))
        self._wanted.models.pushed(push, version)
        return time.monotonic()

    async def _apply(self, fault: Fault) -> float:
        await self.apply([*PLANS][int(fault.choice * len(PLANS))])
        return time.monotonic()

    async def apply(self, name: str) -> None:
        """Put a plan of `numbers` into force."""
        model = (NUMBERS, "one")
        version = self._wanted.models.newest[model]
        plan = plan_from_yaml(numbers_plan(name, version))
        applied = await _until_acknowledged(lambda: self._cluster.registry.apply_plan(plan))
        self._wanted.revision = applied.plan.revision
        self._wanted.pinned = (model, version) if name == "pinned" else None

    async def _processes(self, fault: Fault) -> set[int]:
        part = fault.kind.part
        if part == "host":
            return {await self._host(fault)}
        if part == "log":
            assert self._cluster.log.pid
            return {self._cluster.log.pid}
        return self._cluster.pids(_name(fault))

    async def _host(self, fault: Fault) -> int:
        """Return the process of a host that serves."""
        hosts = await self._cluster.host_pids(f"executor-{fault.number}")
        return hosts[int(fault.choice * len(hosts))]


async def _until_acknowledged(
    send: Callable[[], Awaitable[Acknowledged]],
) -> Acknowledged:
    end = time.monotonic() + _ACKNOWLEDGED_SECONDS
    while True:
        try:
            return await send()
        except HedgerowError as error:
            if time.monotonic() > end:
                raise Astray(f"not acknowledged in {_ACKNOWLEDGED_SECONDS:g} s: {error}") from error
        await asyncio.sleep(_AGAIN_SECONDS)


def _name(fault: Fault) -> str:
    part = fault.kind.part
    return f"{part}-{fault.number}" if PARTS[part] == 2 else part


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
