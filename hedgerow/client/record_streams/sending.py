"""Sends records into a stream, over SendRecords calls that may break.

Requests are answered in their order, when their records are in the log. What has no answer when a call
breaks is sent again on the next one, with the same ids, so that it is scored once all the same.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from hedgerow.client.record_streams.outgoing import Cutter, Outgoing
from hedgerow.client.statuses import error_from_stream
from hedgerow.client.streaming import Talk, exchange
from hedgerow.errors import HedgerowError, InvalidRecord
from hedgerow.v1.streams_pb2 import SendRecordsRequest, SendRecordsResponse

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Sent(Generic[Item]):
    """What was to be sent, and the ids of its records in the stream, or why they are not all there."""

    records: Item
    outcome: list[str] | HedgerowError

    @property
    def ids(self) -> list[str]:
        """The ids, in the order of the records. Raises the reason why there are none."""
        if isinstance(self.outcome, HedgerowError):
            raise self.outcome
        return self.outcome


class Piece(NamedTuple):
    """A request of those that an item was cut into."""

    item: Any
    request: SendRecordsRequest | InvalidRecord
    """Why there is none, if the item cannot be sent."""
    start: int = 0
    """The place of its first record in the item."""
    of: int = 0
    """How many records the item has."""
    is_last: bool = True


def pieces_of(item: object, requests: Iterable[SendRecordsRequest]) -> list[Piece]:
    """Return the requests of an item as pieces of it."""
    listed = list(requests)
    total = sum(request.batch.rows for request in listed)
    pieces: list[Piece] = []
    start = 0
    for number, request in enumerate(listed, 1):
        pieces.append(Piece(item, request, start, total, number == len(listed)))
        start += request.batch.rows
    return pieces


async def cut(items: AsyncIterable[Any] | Iterable[Any], cutter: Cutter) -> AsyncIterator[Piece]:
    """Yield the pieces of each item; of one that cannot be sent, one that says why."""
    async for item in items if isinstance(items, AsyncIterable) else each(items):
        outgoing = item if isinstance(item, Outgoing) else Outgoing(item)
        try:
            pieces = pieces_of(item, cutter.requests(outgoing))
        except InvalidRecord as error:
            pieces = [Piece(item, error)]
        for piece in pieces:
            yield piece


async def each(items: Iterable[Item]) -> AsyncIterator[Item]:
    """Yield what is there already."""
    for item in items:
        yield item


async def send(
    open_call: Callable[[], Any],
    pieces: AsyncIterable[Piece],
    in_flight: int,
    target: str,
    acknowledged: Callable[[int], None] = lambda records: None,
) -> AsyncGenerator[Sent[Any], None]:
    """Send pieces and yield each item, in order, when all of it is answered.

    `acknowledged` is called with the number of records whenever some are in the stream.
    """
    ids: list[str] = []
    error: HedgerowError | None = None
    talk = SendTalk(target)
    async with aclosing(exchange(open_call, pieces, talk, in_flight, target)) as replies:
        async for piece, outcome in replies:
            if isinstance(outcome, HedgerowError):
                error = error or _located(piece, outcome)
            else:
                ids += outcome
                acknowledged(len(outcome))
            if piece.is_last:
                yield Sent(piece.item, error or ids)
                ids, error = [], None


class SendTalk(Talk[Piece, list[str]]):
    """Requests without numbers, which are answered in their order."""

    def __init__(self, target: str) -> None:
        self._target = target

    def message(self, number: str, item: Piece) -> SendRecordsRequest:
        """Return the request of a piece. Raises InvalidRecord for one that cannot be sent."""
        if isinstance(item.request, InvalidRecord):
            raise item.request
        return item.request

    def number(self, response: SendRecordsResponse, waiting: Iterable[str]) -> str:
        """Return the number of the request that waits the longest: that is the one answered."""
        return next(iter(waiting), "")

    def outcome(self, response: SendRecordsResponse) -> list[str] | HedgerowError:
        """Return the ids, or why the records are not in the stream."""
        if response.HasField("error"):
            return error_from_stream(response.error, self._target)
        return list(response.ids)


def _located(piece: Piece, error: HedgerowError) -> HedgerowError:
    """Say which records an error is about, where it is not about all of an item."""
    if not isinstance(error, InvalidRecord) or isinstance(piece.request, InvalidRecord):
        return error
    rows = piece.request.batch.rows
    if rows == piece.of:
        return error
    return InvalidRecord(f"of records {piece.start} to {piece.start + rows - 1}: {error}")
