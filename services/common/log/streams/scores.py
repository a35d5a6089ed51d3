"""Reads the scores of a partition, for those who do not speak to the log themselves."""

from __future__ import annotations

import re
from typing import Any

import structlog
from google.protobuf.message import DecodeError

from hedgerow.errors import InvalidInput
from hedgerow.v1.streams_pb2 import Score
from services.common.log import keys
from services.common.log.connection import BLOCK, BLOCKING, COMMAND, within
from services.common.log.streams.partitions import Partition

_log = structlog.get_logger()

_AT_ONCE = 256

_POSITION = re.compile(r"\d{1,20}(-\d{1,20})?")


def check_position(position: str) -> None:
    """Raise InvalidInput unless it is an id of an entry, or a moment (ms since 1970)."""
    if not _POSITION.fullmatch(position):
        raise InvalidInput(
            f"{position!r} is no position; give the id of an entry such as 1764500000000-0, or 0 for the"
            " oldest"
        )


class ScoreReader:
    """Reads one partition's scores from a position on. Methods raise Unavailable."""

    def __init__(self, redis: Any, partition: Partition) -> None:
        self._redis = redis
        self.partition = partition
        self._stream = keys.scores(partition.tag)
        self.position = "0-0"
        """The id of the last score that was read."""

    async def end(self) -> str:
        """Return the id of the last score there is now."""
        async with within(COMMAND):
            found = await self._redis.xrevrange(self._stream, count=1)
        return found[0][0].decode() if found else "0-0"

    async def next(self, wait: bool) -> list[Score]:
        """Return some of the scores that follow; none if there are none, for a while if it is to wait."""
        block = keys.milliseconds(BLOCK) if wait else None
        async with within(BLOCKING):
            found = await self._redis.xread(
                {self._stream: self.position}, count=_AT_ONCE, block=block
            )
        if not found:
            return []
        entries = found[0][1]
        self.position = entries[-1][0].decode()
        scores = [self._score(entry_id.decode(), fields) for entry_id, fields in entries]
        return [score for score in scores if score is not None]

    def _score(self, entry_id: str, fields: dict[bytes, bytes]) -> Score | None:
        try:
            score = Score.FromString(fields[b"score"])
        except (DecodeError, KeyError):
            _log.warning("a score makes no sense", stream=self._stream, id=entry_id)
            return None
        score.partition, score.position = self.partition.name, entry_id
        return score
