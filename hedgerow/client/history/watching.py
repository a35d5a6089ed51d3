"""Watches what happens to models and plans, for as long as one likes.

    async for seen in watch_models("localhost:8401", "wine"):
        if seen.event is not None and seen.event.HasField("pushed"):
            print("a new version:", seen.event.pushed.model.descriptor.name)

A registry that ends, or is out of reach, is waited for, and nothing is missed: it goes on where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from hedgerow.client.channels import REGISTRY, Connection
from hedgerow.errors import Unavailable
from hedgerow.v1.events_pb2 import ModelEvent, Snapshot
from hedgerow.v1.registry_pb2 import WatchModelsRequest, WatchModelsResponse
from hedgerow.v1.registry_pb2_grpc import RegistryServiceStub

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
"""Seconds until a registry that was lost is tried again; doubled from try to try."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that happened, or all that is known in place of what is not in the log any more."""

    data_type: str
    id: str
    """To go on after it: `after={seen.data_type: seen.id}`. Empty in parts of a snapshot but the last."""
    event: ModelEvent | None = None
    snapshot: Snapshot | None = None
    """A large one comes in parts, with versions of a model in more than one."""


async def watch_models(
    registry: str = REGISTRY,
    data_type: str = "",
    *,
    after: Mapping[str, str] | None = None,
    from_beginning: bool = False,
    interrupted: Callable[[Unavailable], None] | None = None,
) -> AsyncIterator[Seen]:
    """Yield what happens to the models and plans of a data type, or of all, for ever.

    It begins with what comes from now on; `after` has the id of the entry to go on after, by data type, and
    `from_beginning` is for all others. `interrupted` is called when the registry has been lost.

    Raises NotFound if a data type is asked for that has no models, InvalidInput for what is no id, and
    Unavailable if the registry is out of reach at the start.
    """
    watch = _Watch(data_type, dict(after or {}), from_beginning)
    pause = 0.0
    while True:
        try:
            async for seen in watch.of(registry):
                pause = 0.0
                yield seen
        except Unavailable as error:
            if not watch.has_begun:
                raise
            if interrupted is not None and watch.is_connected:
                interrupted(error)
            watch.is_connected = False
        pause = min(2 * pause, _LONGEST_PAUSE) or _FIRST_PAUSE
        await asyncio.sleep(pause)


class _Watch:
    """Where a watch is."""

    def __init__(self, data_type: str, after: dict[str, str], from_beginning: bool) -> None:
        self._request = WatchModelsRequest(
            data_type=data_type, after=after, from_beginning=from_beginning
        )
        self.has_begun = False
        self.is_connected = False
        """Until a registry is out of reach. One that ends in order is not, if another one is there."""

    async def of(self, registry: str) -> AsyncIterator[Seen]:
        """Yield what a registry says until its call ends, and go on there the next time."""
        connection = Connection(registry, RegistryServiceStub)
        try:
            with connection.errors():
                async for response in connection.stub.WatchModels(self._request):
                    if response.data_type:
                        yield self._seen(response)
                    else:
                        self._begin(response)
        finally:
            await connection.close()

    def _begin(self, response: WatchModelsResponse) -> None:
        """Note where the watch begins, of all data types there are: the others will be new."""
        for data_type, after in response.after.items():
            self._request.after.setdefault(data_type, after)
        self._request.from_beginning = True
        self.has_begun = self.is_connected = True

    def _seen(self, response: WatchModelsResponse) -> Seen:
        if response.id:
            self._request.after[response.data_type] = response.id
        event = response.event if response.HasField("event") else None
        snapshot = response.snapshot if response.HasField("snapshot") else None
        return Seen(response.data_type, response.id, event, snapshot)
