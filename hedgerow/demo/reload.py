"""Scene 4: a new version, pushed while records flow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from hedgerow.demo.examples import DATA_TYPE
from hedgerow.demo.session import Session, wait_until
from hedgerow.demo.stage import Stage
from hedgerow.demo.tables import milliseconds, sparkline, table
from hedgerow.errors import HedgerowError

TITLE = "A new version while records flow"
SENTENCE = (
    "Only wine-tree scores now, some hundred records a second. Its second version is pushed; when that"
    " is loaded it takes over from one record to the next, and none fails."
)
_MODEL = "wine-tree"
_AT_ONCE = 4
_PERIOD_SECONDS = 0.01
_BEFORE_SECONDS = 1.0
_AFTER_SECONDS = 1.0
_COLUMNS = 56


@dataclass(slots=True)
class Flow:
    """Answers as they came: when, and by whom."""

    began: float = field(default_factory=time.perf_counter)
    answers: list[tuple[float, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """From the beginning to the last answer."""
        return self.answers[-1][0] if self.answers else 0.0

    @property
    def longest_gap(self) -> float:
        """The longest time without an answer, seconds."""
        times = [0.0, *(moment for moment, _ in self.answers)]
        return max((b - a for a, b in pairwise(times)), default=0.0)

    def now(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self.began

    def moments(self, version: str) -> list[float]:
        """When a version answered."""
        return [moment for moment, by in self.answers if by == version]


async def play(session: Session, stage: Stage) -> None:
    """Push the second version under load."""
    await session.apply("one-model.yaml")
    old, new = f"{_MODEL}@1", f"{_MODEL}@2"
    with stage.working("scoring, and pushing a new version"):
        async with _flowing(session) as flow:
            await asyncio.sleep(_BEFORE_SECONDS)
            pushed = flow.now()
            await session.push(session.examples.update_of(_MODEL))
            await wait_until(lambda: _seen(flow, new), f"{new} answers")
            await asyncio.sleep(_AFTER_SECONDS)
    _draw(stage, flow, pushed, (old, new))
    await session.hosts()
    _check(stage, flow, (old, new))


async def _seen(flow: Flow, version: str) -> bool:
    return any(by == version for _, by in flow.answers[-100:])


@asynccontextmanager
async def _flowing(session: Session) -> AsyncIterator[Flow]:
    """Keep records flowing until the block is left."""
    flow, stop = Flow(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for worker in range(_AT_ONCE):
            group.create_task(_score_on(session, flow, stop, worker), name="keeps records flowing")
        try:
            yield flow
        finally:
            stop.set()


async def _score_on(session: Session, flow: Flow, stop: asyncio.Event, row: int) -> None:
    records = session.examples.records
    next_one = flow.now()
    while not stop.is_set():
        row = (row + _AT_ONCE) % len(records)
        try:
            answer = await session.client.score(DATA_TYPE, records[row])
        except HedgerowError as error:
            flow.failures.append(str(error))
        else:
            flow.answers.append((flow.now(), answer.answered_by))
        next_one += _PERIOD_SECONDS
        await asyncio.sleep(max(0.0, next_one - flow.now()))


def _draw(stage: Stage, flow: Flow, pushed: float, versions: Sequence[str]) -> None:
    """Draw who answered when, a line a version."""
    width = flow.seconds / _COLUMNS
    rows = {version: _buckets(flow.moments(version), width) for version in versions}
    top = max(max(row) for row in rows.values())
    shown = table("", "", ">answers")
    for version, row in rows.items():
        shown.add_row(version, sparkline(row, top, plain=stage.is_plain), f"{sum(row):,}")
    mark = min(_COLUMNS - 1, int(pushed / width))
    shown.add_row("", " " * mark + "^ pushed", "")
    stage.show(shown)
    first = flow.moments(versions[-1])[0] - pushed
    stage.console.print()
    stage.say(
        f"  {len(flow.answers):,} records in {flow.seconds:.1f} s, {len(flow.failures)} failed."
        f" {versions[-1]} took over {first:.1f} s after the push."
        f" The longest gap between two answers: {milliseconds(flow.longest_gap)} ms."
    )


def _buckets(moments: Sequence[float], width: float) -> list[int]:
    counts = [0] * _COLUMNS
    for moment in moments:
        counts[min(_COLUMNS - 1, int(moment / width))] += 1
    return counts


def _check(stage: Stage, flow: Flow, versions: Sequence[str]) -> None:
    old, new = versions
    stage.check(not flow.failures, "no request failed", f"{flow.failures[:1]} and others")
    changed = bool(flow.moments(old)) and flow.answers[-1][1] == new
    stage.check(
        changed, f"{old} answered first and {new} last", f"{flow.answers[-1][1]} answered last"
    )
