"""The collectors a router knows, and the choice among them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from hedgerow.v1.collection_pb2 import TaskDecision
from services.router.collector_link import CollectorLink


class Collectors:
    """One link a collector; links are kept while their address is believed in."""

    def __init__(
        self, decided: Callable[[TaskDecision], None], lost: Callable[[list[int]], None]
    ) -> None:
        self._decided = decided
        self._lost = lost
        self._links: dict[str, CollectorLink] = {}

    @property
    def ready(self) -> bool:
        """At least one can be reached."""
        return any(link.is_ready for link in self._links.values())

    def choose(self) -> CollectorLink | None:
        """Return the reachable collector with the fewest open tasks; None if there is none."""
        ready = [link for link in self._links.values() if link.is_ready]
        return min(ready, key=lambda link: link.outstanding, default=None)

    async def follow(self, addresses: Iterable[str]) -> None:
        """Connect to these; let go of others once their streams have ended and nothing is open there."""
        believed = set(addresses)
        for address in believed - self._links.keys():
            self._links[address] = CollectorLink(address, self._decided, self._lost)
        for address in self._links.keys() - believed:
            if not self._links[address].is_ready:
                await self._links.pop(address).close()

    async def close(self) -> None:
        """End all streams."""
        await asyncio.gather(*(link.close() for link in self._links.values()))
        self._links.clear()
