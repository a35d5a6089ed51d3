"""The agent's calls: which hosts there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc

from hedgerow.v1.execution_pb2 import Host, WatchHostsRequest, WatchHostsResponse
from hedgerow.v1.execution_pb2_grpc import ExecutorServiceServicer
from services.executor.versions.served import Served


class Announcements:
    """The hosts as they are now, and a way to wait for the next change."""

    def __init__(self) -> None:
        self.hosts: list[Host] = []
        self.ignorant = 0
        """Watchers that do not know that several versions may have one address."""
        self._changed = asyncio.Event()
        self._closed = False

    def publish(self, hosts: list[Host]) -> None:
        """Replace the hosts; whoever watches is told if anything is different."""
        if hosts != self.hosts:
            self.hosts = hosts
            self._wake()

    def close(self) -> None:
        """End all watches."""
        self._closed = True
        self._wake()

    async def watch(self) -> AsyncIterator[list[Host]]:
        """Yield the hosts now and at each change; a slow watcher skips what is outdated."""
        while not self._closed:
            changed = self._changed
            yield self.hosts
            await changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class ExecutorServicer(ExecutorServiceServicer):
    """Serves ExecutorService."""

    def __init__(self, announcements: Announcements, served: Served) -> None:
        self._announcements = announcements
        self._served = served

    async def WatchHosts(  # noqa: N802 - gRPC's name
        self,
        request: WatchHostsRequest,
        context: grpc.aio.ServicerContext[WatchHostsRequest, WatchHostsResponse],
    ) -> AsyncIterator[WatchHostsResponse]:
        """Tell all hosts now, and again at each change."""
        ignorant = not request.knows_groups
        self._announcements.ignorant += ignorant
        try:
            async for hosts in self._announcements.watch():
                yield WatchHostsResponse(
                    hosts=hosts,
                    data_types=sorted(self._served.data_types),
                    model_types=sorted(self._served.model_types),
                )
        finally:
            self._announcements.ignorant -= ignorant
