"""Tells what happens to whoever watches: events as they come, from any point on."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator

from hedgerow.errors import InvalidInput, NotFound
from hedgerow.v1.registry_pb2 import WatchModelsRequest, WatchModelsResponse
from services.common.catalog import Catalog, position
from services.common.log import Entry, History, Mirror
from services.registry.ledger import Ledger

_BEGINNING = "0-0"
_ID = re.compile(r"\d{1,19}(-\d{1,19})?")


class Watching:
    """All who watch. They share nothing but the word that something has happened."""

    def __init__(self, history: History, ledger: Ledger, mirror: Mirror) -> None:
        self._history = history
        self._ledger = ledger
        self._happened = asyncio.Event()
        self._ended = False
        mirror.listen(lambda _: self._wake())

    def watch(self, request: WatchModelsRequest) -> AsyncIterator[WatchModelsResponse]:
        """Yield what happens until `end`. The next is read when the last has been taken.

        Raises InvalidInput, NotFound, and Unavailable while the log is out of reach.
        """
        return self._follow(_Watch(request, self._ledger.catalog))

    def end(self) -> None:
        """End all that watch: they go on at another registry."""
        self._ended = True
        self._wake()

    async def _follow(self, watch: _Watch) -> AsyncIterator[WatchModelsResponse]:
        yield WatchModelsResponse(after=watch.places)
        while not self._ended:
            happened = self._happened
            before = dict(watch.places)
            for data_type in watch.behind():
                async for response in self._read(watch, data_type):
                    yield response
            if watch.places == before and not self._ended:
                await happened.wait()

    async def _read(self, watch: _Watch, data_type: str) -> AsyncIterator[WatchModelsResponse]:
        """Yield some of what a data type has that was not told yet."""
        if watch.is_void(data_type):
            page = None
        else:
            page = await self._history.after(data_type, watch.places[data_type])
        if page is None or page.is_cut_off:
            for response in watch.anew(data_type):
                yield response
            return
        for entry in page.entries:
            if self._ended:
                return
            watch.places[data_type] = entry.id
            yield _told(entry)
        watch.places[data_type] = page.last_id

    def _wake(self) -> None:
        self._happened.set()
        self._happened = asyncio.Event()


class _Watch:
    """One who watches, and where he is."""

    def __init__(self, request: WatchModelsRequest, catalog: Catalog) -> None:
        self._catalog = catalog
        self._only = request.data_type
        if self._only and not catalog.has_models(self._only):
            raise NotFound.among("data type", self._only, catalog.data_types)
        self.places = {
            data_type: _BEGINNING if request.from_beginning else catalog.last_id(data_type)
            for data_type in self._types()
        }
        """By data type, the entry that was told last."""
        for data_type, after in request.after.items():
            if _ID.fullmatch(after) is None or max(position(after)) >= 2**64:
                raise InvalidInput(
                    f"after: {after!r} is no id of an entry; those of {data_type!r} look as "
                    f"{catalog.last_id(data_type)!r}, and '0-0' is before the first"
                )
            if self._only in ("", data_type):
                self.places[data_type] = after
        self._beginnings = dict.fromkeys(self.places, catalog.beginnings)

    def behind(self) -> list[str]:
        """Return the data types that have something more to tell."""
        for data_type in self._types():
            if data_type not in self.places:  # it has come into being since
                self.places[data_type] = _BEGINNING
            self._beginnings.setdefault(data_type, self._catalog.beginnings)
        return [name for name in self.places if self._is_behind(name)]

    def is_void(self, data_type: str) -> bool:
        """Tell whether the log began anew: what was told of it may not be so any more."""
        return self._beginnings[data_type] != self._catalog.beginnings

    def anew(self, data_type: str) -> Iterator[WatchModelsResponse]:
        """Return all that is known, in parts, and go on after that."""
        self._beginnings[data_type] = self._catalog.beginnings
        self.places[data_type] = last_id = self._catalog.last_id(data_type)
        part = WatchModelsResponse()
        for snapshot in self._catalog.parts(data_type):
            if part.data_type:
                yield part
            part = WatchModelsResponse(data_type=data_type, snapshot=snapshot)
        part.id = last_id
        yield part

    def _types(self) -> list[str]:
        return [self._only] if self._only else self._catalog.known_types

    def _is_behind(self, data_type: str) -> bool:
        last_id = self._catalog.last_id(data_type)
        return self.is_void(data_type) or position(self.places[data_type]) < position(last_id)


def _told(entry: Entry) -> WatchModelsResponse:
    event = entry.event
    if event.pushed.WhichOneof("definition") == "inline":
        event.pushed.ClearField("inline")
    return WatchModelsResponse(data_type=entry.data_type, id=entry.id, event=event)
