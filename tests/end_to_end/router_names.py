"""A name that leads to routers, whose addresses a test may change, as a headless Service's change."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tests.name_server import NameServer


class RouterNames:
    """Answers whatever name is asked for with `hosts`."""

    def __init__(self, *hosts: str) -> None:
        self.hosts = list(hosts)
        self.asked = 0
        self._server = NameServer(self._lookup)
        self._port = 0

    async def __aenter__(self) -> Self:
        self._port = await self._server.start("127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.stop()

    def target(self, port: int) -> str:
        """Return the target of a client that asks here, and finds services on this port of all hosts."""
        return f"dns://127.0.0.1:{self._port}/hedgerow-router.test:{port}"

    def _lookup(self, name: str) -> Sequence[str]:
        self.asked += 1
        return self.hosts
