"""The dead letters of all partitions of a data type."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from typing import Any

from hedgerow.errors import InvalidInput, NotFound
from hedgerow.v1.streams_pb2 import (
    DeadLetter,
    ListDeadLettersRequest,
    ListDeadLettersResponse,
)
from services.common.log.streams import Letters, Streams, check_position

_PAGE, _LARGEST_PAGE = 100, 1000

Act = Callable[[Letters, DeadLetter], Coroutine[Any, Any, bool]]


class DeadLetters:
    """Lists them, and does something to them. Methods raise Unavailable."""

    def __init__(self, log: Streams) -> None:
        self._log = log

    async def page(self, request: ListDeadLettersRequest) -> ListDeadLettersResponse:
        """Return one page. Raises InvalidInput, and NotFound if no letter has one of the ids asked for."""
        boxes = await self._boxes(request.data_type)
        response = ListDeadLettersResponse(total=sum([await box.count() for box in boxes]))
        size = min(request.page_size or _PAGE, _LARGEST_PAGE)
        wanted = set(request.ids)
        async for letter in self._all(boxes, request.page_token):
            if wanted and letter.id not in wanted:
                continue
            if len(response.letters) == size:
                last = response.letters[-1]
                response.next_page_token = f"{last.partition}:{last.position}"
                break
            response.letters.append(letter)
        if wanted and not response.letters and not request.page_token:
            raise _not_found(wanted, request.data_type)
        return response

    async def replay(self, data_type: str, ids: Collection[str]) -> int:
        """Put letters back into the stream of records, all if there are no ids; return how many.

        Raises NotFound.
        """
        return await self._each(data_type, ids, lambda box, letter: box.replay(letter))

    async def drop(self, data_type: str, ids: Collection[str]) -> int:
        """Remove letters, all if there are no ids; return how many. Raises NotFound."""
        return await self._each(data_type, ids, lambda box, letter: box.drop(letter))

    async def _each(self, data_type: str, ids: Collection[str], act: Act) -> int:
        """Of all, those that there are by now: what is replayed may come back."""
        boxes = await self._boxes(data_type)
        ends = {box: await box.end() for box in boxes}
        if ids:
            chosen = [letter async for letter in self._all(boxes) if letter.id in ids]
            if missing := set(ids) - {letter.id for letter in chosen}:
                raise _not_found(missing, data_type)
            by_name = {box.partition.name: box for box in boxes}
            done = [await act(by_name[letter.partition], letter) for letter in chosen]
            return sum(done)
        count = 0
        for box in boxes:
            async for letter in box.after("0-0", until=ends[box]):
                count += await act(box, letter)
        return count

    async def _boxes(self, data_type: str) -> list[Letters]:
        return [self._log.letters(p) for p in await self._log.partitions(data_type)]

    @staticmethod
    async def _all(boxes: list[Letters], token: str = "") -> AsyncIterator[DeadLetter]:
        """Yield the letters after those of the page before."""
        name, colon, position = token.partition(":")
        if token:
            if not colon or name not in {box.partition.name for box in boxes}:
                raise InvalidInput(
                    f"the page token {token!r} is none; give that of the page before, or none"
                )
            check_position(position)
        begun = not token
        for box in boxes:
            here = box.partition.name == name and not begun
            begun = begun or here
            if begun:
                async for letter in box.after(position if here else "0-0"):
                    yield letter


def _not_found(ids: Collection[str], data_type: str) -> NotFound:
    some = ", ".join(sorted(ids)[:5])
    return NotFound(
        f"there is no dead letter of {some}; `hedgerow dead list {data_type}` lists those there are"
    )
