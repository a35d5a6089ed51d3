"""The collectors a router knows, and the choice among them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable

from services.router.collectors.link import CollectorLink, CollectorListener


class CollectorPool:
    """One link a collector; links are kept while their address is a member's."""

    def __init__(
        self,
        listener: CollectorListener,
        cuts: Callable[[str], int],
        gone: Callable[[str], None],
    ) -> None:
        """`cuts` tells from how many hosts an address is cut off; `gone` is told whom nobody knows now."""
        self._listener = listener
        self._cuts = cuts
        self._gone = gone
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

    def choose(self, excluding: object = None) -> CollectorLink | None:
        """Return a reachable collector; None if there is none.

        It is the one with the fewest open tasks among those that the fewest hosts are cut off from. One
        that drains is empty because of that, and is chosen only where there is no other. Where there is
        none, those that are known are tried again at once.
        """
        ready = [link for link in self._links.values() if link.is_ready and link is not excluding]
        if not ready:
            for link in self._links.values():
                link.hurry()
        if len(ready) < 2:
            return ready[0] if ready else None
        return min(ready, key=self._preference)

    def follow(self, addresses: Iterable[str]) -> None:
        """Connect to these; others stay until their streams have ended."""
        members = set(addresses)
        for address in members - self._links.keys():
            self._links[address] = CollectorLink(address, self._listener, self._over)
        for address, link in self._links.items():
            if address in members:
                link.reinstate()
            else:
                link.retire()

    async def close(self) -> None:
        """End all streams."""
        await asyncio.gather(*(link.close() for link in list(self._links.values())))
        self._links.clear()

    def _over(self, link: CollectorLink) -> None:
        if self._links.get(link.address) is link:
            del self._links[link.address]
            self._gone(link.address)

    def _preference(self, link: CollectorLink) -> tuple[bool, int, int]:
        return link.is_retired, self._cuts(link.address), link.outstanding
