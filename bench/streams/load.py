"""Producers and consumers of a stream, as any Redis client would write them.

`filled` appends records as fast as Redis takes them, encoded beforehand. `bare` does to the same entries
what a router does, without scoring them: XREADGROUP, and then an entry of the size of a score with XADD,
and XACK. `timed` appends single records, so many a second, and waits for the score of each.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from typing import Any
from zlib import crc32

import numpy as np
import uvloop
from redis.asyncio import Redis

from bench.payload import batches, records
from bench.streams import keys as names
from bench.workers import Message, serve, worker

_FILL_AT_ONCE = 500
_READ_AT_ONCE = 256
_GROUP = "bench"
_FASTEST_BARE = 40_000
"""Entries a second."""
_TAIL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Latencies:
    """From XADD until the score was read, milliseconds."""

    count: int
    p50: float
    p99: float
    longest: float
    longest_gap: float
    """Between a score and the next."""


async def fill(
    port: int, entries: int, rows: int = 0, key_count: int = 0, partitions: int = 1
) -> None:
    """Append so many entries: of one record as fields, or of `rows` as a batch, with one of several keys.

    With partitions, each goes to that of its key.
    """
    question = {
        "do": "fill",
        "port": port,
        "entries": entries,
        "rows": rows,
        "key_count": key_count,
        "partitions": partitions,
    }
    async with worker("bench.streams.load") as process:
        await process.ask(question, 300.0)


async def bare(port: int, seconds: float) -> float:
    """Return entries a second that are read, written and acknowledged; they are appended beforehand."""
    async with worker("bench.streams.load") as process:
        answer = await process.ask({"do": "bare", "port": port, "seconds": seconds}, seconds + 60)
    rate: float = answer["rate"]
    return rate


async def timed(port: int, rate: float, seconds: float) -> Latencies:
    """Append single records and return how long their scores took."""
    question = {"do": "timed", "port": port, "rate": rate, "seconds": seconds}
    async with worker("bench.streams.load") as process:
        return Latencies(**await process.ask(question, seconds + _TAIL_SECONDS))


# -- in the worker -------------------------------------------------------------------------------------


def _command(*parts: bytes) -> bytes:
    """Encode a command as RESP."""
    return b"".join([b"*%d\r\n" % len(parts), *(b"$%d\r\n%b\r\n" % (len(p), p) for p in parts)])


def _entries(rows: int, key_count: int, partitions: int, stream: str = "") -> Iterator[bytes]:
    """Yield encoded XADDs, in turn."""
    if rows:
        contents = [[b"batch", batch.to_proto().SerializeToString()] for batch in batches(rows)]
    else:
        contents = [
            [part.encode() for name, value in record.items() for part in (name, str(value))]
            for record in records()
        ]
    count = max(len(contents), key_count)
    commands = []
    for number, content in enumerate(islice(cycle(contents), count)):
        key = b"k%d" % (number % key_count) if key_count else b""
        partition = str(crc32(key) % partitions) if partitions > 1 else ""
        target = (stream or names.records(partition)).encode()
        fields = [*content, *((b"key", key) if key else ())]
        commands.append(_command(b"XADD", target, b"*", *fields))
    return cycle(commands)


async def _fill(port: int, entries: int, rows: int, key_count: int, partitions: int) -> Message:
    await _append(port, entries, _entries(rows, key_count, partitions))
    return {}


async def _append(port: int, entries: int, turn: Iterator[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    for start in range(0, entries, _FILL_AT_ONCE):
        count = min(_FILL_AT_ONCE, entries - start)
        writer.write(b"".join(islice(turn, count)))
        for _ in range(count):
            head = await reader.readline()
            if not head.startswith(b"$"):
                raise RuntimeError(head.decode())
            await reader.readline()
    writer.close()


async def _bare(port: int, seconds: float) -> Message:
    await _append(port, int(seconds * _FASTEST_BARE), _entries(0, 0, 1, names.BARE))
    score = {"id": "1764500000000-0", "value": "1", "confidence": "0.969697", "model": "wine-tree"}
    score |= {"version": "1", "reason": "consensus", "waited_ms": "2", "elapsed_ms": "41.891"}
    score["score"] = "x" * 91
    async with Redis(port=port, protocol=2) as redis:
        await redis.xgroup_create(names.BARE, _GROUP, "0")
        done, begun = 0, time.perf_counter()
        while time.perf_counter() - begun < seconds:
            found: Any = await redis.xreadgroup(_GROUP, "c", {names.BARE: ">"}, count=_READ_AT_ONCE)
            if not found:
                break
            ids = [entry_id for entry_id, _ in found[0][1]]
            async with redis.pipeline(transaction=False) as pipeline:
                for _ in ids:
                    pipeline.xadd(names.BARE_SCORES, score)  # type: ignore[arg-type]
                pipeline.xack(names.BARE, _GROUP, *ids)
                await pipeline.execute()
            done += len(ids)
        took = time.perf_counter() - begun
        await redis.delete(names.BARE, names.BARE_SCORES)
    return {"rate": done / took}


async def _timed(port: int, rate: float, seconds: float) -> Message:
    async with Redis(port=port, protocol=2) as redis, Redis(port=port, protocol=2) as reading:
        sent: dict[Any, float] = {}
        took: list[float] = []
        ends: list[float] = []
        last = (await reading.xrevrange(names.scores(), count=1)) or [(b"0-0", {})]
        consuming = asyncio.create_task(_consume(reading, last[0][0], sent, took, ends))
        turn = cycle([{k: str(v) for k, v in record.items()} for record in records()])
        begun = time.perf_counter()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(begun + number / rate - time.perf_counter(), 0))
            now = time.perf_counter()
            sent[await redis.xadd(names.records(), next(turn))] = now  # type: ignore[arg-type]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TAIL_SECONDS):
                while sent:  # noqa: ASYNC110 - its emptiness is not an event
                    await asyncio.sleep(0.01)
        consuming.cancel()
    p50, p99 = np.percentile(took, [50, 99]).tolist()
    gap = float(np.diff(ends).max(initial=0.0))
    return asdict(Latencies(len(took), p50 * 1e3, p99 * 1e3, max(took) * 1e3, gap * 1e3))


async def _consume(
    redis: Any, last: Any, sent: dict[Any, float], took: list[float], ends: list[float]
) -> None:
    early: dict[Any, float] = {}
    while True:
        found = await redis.xread({names.scores(): last}, count=100, block=1000)
        now = time.perf_counter()
        if not found:
            continue
        entries = found[0][1]
        last = entries[-1][0]
        early.update({fields[b"id"]: now for _, fields in entries})
        ends.append(now)
        took += [early.pop(one) - sent.pop(one) for one in early.keys() & sent.keys()]


def _answer(question: Message) -> Message:
    work = {"fill": _fill, "bare": _bare, "timed": _timed}[question.pop("do")]
    return uvloop.run(work(**question))  # type: ignore[operator]


if __name__ == "__main__":
    serve(_answer)
