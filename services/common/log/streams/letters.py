"""Dead letters of a partition: listed, put back, removed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import structlog
from google.protobuf.message import DecodeError

from hedgerow.errors import LimitExceeded
from hedgerow.v1.streams_pb2 import DeadLetter
from services.common.log import keys
from services.common.log.connection import BULK, COMMAND, within
from services.common.log.scripts import Argument, Script
from services.common.log.streams.partitions import Partition

_log = structlog.get_logger()

_AT_ONCE = 256

_MOST_FIELDS = 3900
"""Of a record that is put back: Lua gives a command some 8000 arguments at the most, names and values."""

# The record goes back if the letter was still there. What could fail does so before anything is changed:
# a key of another type raises at ZCARD or XADD, and so does a log that is full at XADD, the first command
# that writes. The record's id is forgotten, or it would count as scored.
_REPLAY = Script("""
if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return 0 end
redis.call('ZCARD', KEYS[3])
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 3))
redis.call('ZREM', KEYS[3], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[1])
return 1
""")


class Letters:
    """The dead letters of one partition. Methods raise Unavailable."""

    def __init__(self, redis: Any, partition: Partition) -> None:
        self._redis = redis
        self.partition = partition
        self._stream = keys.dead(partition.tag)

    async def count(self) -> int:
        """Return how many there are."""
        async with within(COMMAND):
            found: int = await self._redis.xlen(self._stream)
        return found

    async def end(self) -> str:
        """Return the id of the last one there is now."""
        async with within(COMMAND):
            found = await self._redis.xrevrange(self._stream, count=1)
        return found[0][0].decode() if found else "0-0"

    async def after(self, position: str, until: str = "+") -> AsyncIterator[DeadLetter]:
        """Yield those that follow the one with an id, oldest first."""
        while True:
            async with within(BULK):
                found = await self._redis.xrange(
                    self._stream, f"({position}", until, count=_AT_ONCE
                )
            for entry_id, fields in found:
                position = entry_id.decode()
                if (letter := self._letter(position, fields)) is not None:
                    yield letter
            if len(found) < _AT_ONCE:
                return

    async def replay(self, letter: DeadLetter) -> bool:
        """Put a record back into the stream of records; False: the letter was not there any more.

        If it cannot be done the letter stays. Raises LimitExceeded if the record has too many fields.
        """
        tag, fields = self.partition.tag, _record_of(letter)
        if len(fields) > 2 * _MOST_FIELDS:
            raise LimitExceeded(
                f"the record {letter.id!r} has {len(fields) // 2} fields, and at most {_MOST_FIELDS} can be"
                " put back; send it again as a batch, and drop its dead letter"
            )
        names = keys.dead(tag), keys.records(tag), keys.seen(tag)
        async with within(COMMAND):
            arguments = (letter.position, letter.id, *fields)
            return bool(await _REPLAY.run(self._redis, names, arguments))

    async def drop(self, letter: DeadLetter) -> bool:
        """Remove a letter; False: it was not there any more."""
        async with within(COMMAND):
            return bool(await self._redis.xdel(self._stream, letter.position))

    def _letter(self, position: str, fields: dict[bytes, bytes]) -> DeadLetter | None:
        try:
            letter = DeadLetter.FromString(fields[b"letter"])
        except (DecodeError, KeyError):
            _log.warning("a dead letter makes no sense", stream=self._stream, id=position)
            return None
        letter.partition, letter.position = self.partition.name, position
        return letter


def _record_of(letter: DeadLetter) -> list[Argument]:
    """Return a record as it was appended, with the id that its score is to have."""
    if letter.WhichOneof("record") == "entry":
        return list(letter.entry.fields)
    fields: list[Argument] = ["id", letter.id]
    if letter.key:
        fields += ("key", letter.key)
    if letter.traceparent:
        fields += ("traceparent", letter.traceparent)
    if letter.WhichOneof("record") == "batch":
        return [*fields, "batch", letter.batch.SerializeToString()]
    return fields + [part for pair in letter.plain.fields.items() for part in pair]
