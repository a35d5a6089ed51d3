"""Records that keep flowing while something is changed, and who answered when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from hedgerow.demo.examples import DATA_TYPE
from hedgerow.demo.session import Session
from hedgerow.demo.stage import Stage
from hedgerow.demo.tables import sparkline, table
from hedgerow.errors import HedgerowError

_AT_ONCE = 4
_PERIOD_SECONDS = 0.01
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

    async def has_lately(self, version: str) -> bool:
        """Tell whether a version is among those that answered last."""
        return any(by == version for _, by in self.answers[-100:])


@asynccontextmanager
async def flowing(session: Session) -> AsyncIterator[Flow]:
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


def draw(stage: Stage, flow: Flow, moment: float, what: str, versions: Sequence[str]) -> None:
    """Draw who answered when, a line a version, and the moment at which something was done."""
    width = flow.seconds / _COLUMNS
    rows = {version: _buckets(flow.moments(version), width) for version in versions}
    top = max(max(row) for row in rows.values())
    shown = table("", "", ">answers")
    for version, row in rows.items():
        shown.add_row(version, sparkline(row, top, plain=stage.is_plain), f"{sum(row):,}")
    mark = min(_COLUMNS - 1, int(moment / width))
    shown.add_row("", " " * mark + f"^ {what}", "")
    stage.show(shown)
    stage.console.print()


def check(stage: Stage, flow: Flow, versions: Sequence[str]) -> None:
    """Check that nothing failed, and that the first version answered first and the last one last."""
    before, after = versions
    stage.check(not flow.failures, "no request failed", f"{flow.failures[:1]} and others")
    changed = bool(flow.moments(before)) and flow.answers[-1][1] == after
    stage.check(
        changed,
        f"{before} answered first and {after} last",
        f"{flow.answers[-1][1]} answered last",
    )
    others = {by for _, by in flow.answers} - set(versions)
    stage.check(not others, "no third version answered", f"{sorted(others)} did")


def _buckets(moments: Sequence[float], width: float) -> list[int]:
    counts = [0] * _COLUMNS
    for moment in moments:
        counts[min(_COLUMNS - 1, int(moment / width))] += 1
    return counts
