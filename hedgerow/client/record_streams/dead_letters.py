"""Dead letters: looked at, put back, removed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable

from hedgerow.client.router import RouterCalls
from hedgerow.data.dead_letters import DeadLetter
from hedgerow.errors import InvalidInput, NotFound
from hedgerow.references import check_name
from hedgerow.v1.streams_pb2 import (
    DropDeadLettersRequest,
    ListDeadLettersRequest,
    ListDeadLettersResponse,
    ReplayDeadLettersRequest,
)


class DeadLetterCalls(RouterCalls):
    """What can be done about records that could not be scored."""

    async def dead_letters(
        self, data_type: str, ids: str | Iterable[str] = ()
    ) -> AsyncGenerator[DeadLetter, None]:
        """Yield the dead letters of a data type, or those of records with these ids.

        Oldest first, partition by partition; pages are read as they are needed. Raises NotFound, also for
        an id that none has, and Unavailable.
        """
        request = ListDeadLettersRequest(data_type=_checked(data_type), ids=_listed(ids))
        missing = set(request.ids)
        while True:
            page = await self._page(request)
            for letter in page.letters:
                missing.discard(letter.id)
                yield DeadLetter.from_proto(letter)
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        if missing:
            raise _not_found(missing, data_type)

    async def dead_letter(self, data_type: str, id: str) -> DeadLetter:
        """Return the newest dead letter of the record with an id. Raises NotFound and Unavailable."""
        newest = None
        async for letter in self.dead_letters(data_type, id):
            newest = letter
        if newest is None:
            raise _not_found({id}, data_type)
        return newest

    async def count_dead_letters(self, data_type: str) -> int:
        """Return how many dead letters there are. Raises NotFound and Unavailable."""
        request = ListDeadLettersRequest(data_type=_checked(data_type), page_size=1)
        return (await self._page(request)).total

    async def replay_dead_letters(
        self, data_type: str, ids: str | Iterable[str] = (), *, everything: bool = False
    ) -> int:
        """Put dead letters back into the stream, to be scored as if they were new; return how many.

        Those of records with these ids, or all. Raises NotFound, for an id as well: then nothing was done;
        and Unavailable: what was done by then stays so.
        """
        chosen = _chosen(ids, everything)
        request = ReplayDeadLettersRequest(data_type=_checked(data_type), ids=chosen)
        with self._connection.errors():
            return (await self._connection.stub.streams.ReplayDeadLetters(request)).replayed

    async def drop_dead_letters(
        self, data_type: str, ids: str | Iterable[str] = (), *, everything: bool = False
    ) -> int:
        """Remove dead letters for good; return how many. Otherwise as `replay_dead_letters`."""
        chosen = _chosen(ids, everything)
        request = DropDeadLettersRequest(data_type=_checked(data_type), ids=chosen)
        with self._connection.errors():
            return (await self._connection.stub.streams.DropDeadLetters(request)).dropped

    async def _page(self, request: ListDeadLettersRequest) -> ListDeadLettersResponse:
        with self._connection.errors():
            return await self._connection.stub.streams.ListDeadLetters(request)


def _not_found(ids: Iterable[str], data_type: str) -> NotFound:
    named = ", ".join(map(repr, sorted(ids)))
    return NotFound(f"no dead letter of {data_type} has the id {named}")


def _checked(data_type: str) -> str:
    check_name("data type", data_type)
    return data_type


def _listed(ids: str | Iterable[str]) -> list[str]:
    return [ids] if isinstance(ids, str) else list(ids)


def _chosen(ids: str | Iterable[str], everything: bool) -> list[str]:
    """Return the ids; none for all, which must have been said: a list may be empty by mistake."""
    listed = _listed(ids)
    if everything == bool(listed):
        raise InvalidInput("give the ids of records, or everything=True for all dead letters")
    return listed
