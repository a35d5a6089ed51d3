"""The collectors a router knows, and the choice among them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable

from services.router.collectors.link import CollectorLink, CollectorListener


class CollectorPool:
    """One link a collector; links are kept while their address is believed in."""

    def __init__(self, heard: CollectorListener, cuts: Callable[[str], int]) -> None:
        self._heard = heard
        self._cuts = cuts
        self._links: dict[str, CollectorLink] = {}

    @property
    def reachable(self) -> int:
        """How many can be reached now."""
        return sum([link.is_ready for link in self._links.values()])

    @property
    def outstanding(self) -> int:
        """Tasks that are open anywhere."""
        return sum([link.outstanding for link in self._links.values()])

    @property
    def addresses(self) -> Collection[str]:
        """Of all that are known."""
        return self._links.keys()

    def choose(self, besides: object = None) -> CollectorLink | None:
        """Return a reachable collector; None if there is none.

        It is the one with the fewest open tasks among those that the fewest hosts are cut off from.
        """
        ready = [link for link in self._links.values() if link.is_ready and link is not besides]
        if len(ready) < 2:
            return ready[0] if ready else None
        return min(ready, key=lambda link: (self._cuts(link.address), link.outstanding))

    async def follow(self, addresses: Iterable[str]) -> None:
        """Connect to these; let go of others once their streams have ended and nothing is open there."""
        believed = set(addresses)
        for address in believed - self._links.keys():
            self._links[address] = CollectorLink(address, self._heard)
        for address in self._links.keys() - believed:
            if not self._links[address].is_ready:
                await self._links.pop(address).close()

    async def close(self) -> None:
        """End all streams."""
        await asyncio.gather(*(link.close() for link in self._links.values()))
        self._links.clear()
