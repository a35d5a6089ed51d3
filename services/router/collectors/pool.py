"""The collectors a router knows, and the choice among them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable

from services.router.collectors.link import CollectorLink, CollectorListener

_LOOK_SECONDS = 0.05
"""How often it is looked whether a collector stands still."""
_LATE_SECONDS = 0.05
"""A look that comes so much too late says that this process did not listen either."""


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
        self._loop = asyncio.get_running_loop()
        self._looked = self._loop.time()
        self._next_look = self._loop.call_later(_LOOK_SECONDS, self._look)

    @property
    def reachable(self) -> int:
        """How many can be reached now."""
        return sum([link.is_ready for link in self._links.values()])

    @property
    def unmet(self) -> list[str]:
        """The addresses of those that cannot be reached now."""
        return [link.address for link in self._links.values() if not link.is_ready]

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
        that drains is empty because of that, and is chosen only where there is no other; nor is one that
        stands still. Where there is none, those that are known are tried again at once.
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
        self._next_look.cancel()
        await asyncio.gather(*(link.close() for link in list(self._links.values())))
        self._links.clear()

    def _over(self, link: CollectorLink) -> None:
        if self._links.get(link.address) is link:
            del self._links[link.address]
            self._gone(link.address)

    def _look(self) -> None:
        """See whether a collector stands still while others do not.

        It may have stopped, and nobody else notices before seconds have passed, which is longer than most
        deadlines. Where all are silent it is rather this process, or the machine, that stood still.
        """
        now = self._loop.time()
        if now - self._looked > _LOOK_SECONDS + _LATE_SECONDS:
            for link in self._links.values():
                link.listen_anew()
        self._looked = now
        ready = [link for link in self._links.values() if link.is_ready]
        quiet = [link for link in ready if link.is_quiet()]
        if len(quiet) < len(ready):
            for link in quiet:
                if not link.is_silent:
                    link.fall_silent()
        self._next_look = self._loop.call_later(_LOOK_SECONDS, self._look)

    def _preference(self, link: CollectorLink) -> tuple[bool, bool, int, int]:
        cuts = self._cuts(link.address)
        return link.is_silent, link.is_retired, cuts, link.outstanding
