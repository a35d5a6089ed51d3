"""What was seen: two tables, on a terminal of 80 columns and in Markdown."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from rich.table import Table

from soak.faults import KINDS
from soak.soaking import Seen, Struck
from soak.streaming import StreamSeen
from soak.traffic import Call, Outcome

_FAULTS = (
    "fault",
    "times",
    "calls",
    "other",
    "refused",
    "failed",
    "slowest",
    "whole",
    "at most",
)
_STREAMS = (
    "stream",
    "sent",
    "scored",
    "dead",
    "twice",
    "missing",
    "disordered",
    "longest wait",
)
_PARTS = ("part", "MiB before", "at most", "after", "files before", "after", "processes")

LEGEND = (
    "*calls*: sent between a fault's beginning and the moment when the mesh is whole again; where two",
    "faults come at once, a call counts for both. *other*: those that one router did not answer and the",
    "other one did. *whole*: from a fault's end (what was killed is about to be started, what was",
    "stopped goes on) until the mesh is whole again, the median of those that came alone; *at most*: the",
    "longest of all.",
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: what stands above it, and its lines."""

    columns: Sequence[str]
    lines: Sequence[Sequence[str]]

    def to_markdown(self) -> Iterator[str]:
        """Yield its lines."""
        yield f"| {' | '.join(self.columns)} |"
        yield "|---|" + "---:|" * (len(self.columns) - 1)
        for line in self.lines:
            yield f"| {' | '.join(line)} |"

    def to_table(self) -> Table:
        """Return it for a terminal."""
        table = Table(box=None, padding=(0, 1, 0, 0))
        for place, column in enumerate(self.columns):
            table.add_column(column, justify="right" if place else "left", no_wrap=True)
        for line in self.lines:
            table.add_row(*line)
        return table


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of fault."""

    name: str
    times: int
    outcomes: Counter[Outcome]
    slowest: float
    """Seconds, of the calls meanwhile."""
    recoveries: Sequence[float]
    """Seconds."""
    alone: Sequence[float]
    """The same of those that came alone; of all if none did."""

    def cells(self) -> Iterator[str]:
        """Yield the cells of the table."""
        out = self.outcomes
        yield self.name
        yield str(self.times)
        yield f"{out.total():,}"
        yield f"{out[Outcome.OTHER]:,}"
        yield f"{out[Outcome.REFUSED]:,}"
        yield f"{out[Outcome.FAILED] + out[Outcome.LOST] + out[Outcome.WRONG]:,}"
        yield f"{self.slowest:.1f} s"
        yield f"{median(self.alone):.1f} s" if self.alone else ""
        yield f"{max(self.recoveries):.1f} s" if self.recoveries else ""


def rows(struck: Sequence[Struck], calls: Sequence[Call]) -> list[Row]:
    """Return a row for each kind that came, and one for all calls.

    A call counts for each fault between whose beginning and end it was sent; where two faults came at
    once it counts for both.
    """
    ordered = sorted(calls, key=lambda call: call.begun)
    begins = [call.begun for call in ordered]
    found = []
    for kind in KINDS:
        of_kind = [one for one in struck if one.kind == kind]
        if not of_kind:
            continue
        meanwhile = [
            call
            for one in of_kind
            for call in ordered[bisect_left(begins, one.begun) : bisect_left(begins, one.whole)]
        ]
        found.append(_row(str(kind), of_kind, meanwhile))
    return [*found, _all(len(struck), ordered)]


def _row(name: str, struck: Sequence[Struck], calls: Sequence[Call]) -> Row:
    recoveries = [max(0.0, one.recovery) for one in struck]
    alone = [max(0.0, one.recovery) for one in struck if one.alone] or recoveries
    return Row(name, len(struck), _outcomes(calls), _slowest(calls), recoveries, alone)


def _all(times: int, calls: Sequence[Call]) -> Row:
    return Row("all the time", times, _outcomes(calls), _slowest(calls), (), ())


def _outcomes(calls: Sequence[Call]) -> Counter[Outcome]:
    return Counter(call.outcome for call in calls)


def _slowest(calls: Sequence[Call]) -> float:
    return max((call.seconds for call in calls), default=0.0)


def sheets(seen: Seen) -> list[Sheet]:
    """Return the table of the faults, that of the streams and that of the parts."""
    faults = [list(row.cells()) for row in rows(seen.struck, seen.traffic.calls)]
    streams = [list(_stream_cells(stream)) for stream in seen.streams]
    parts = list(_part_lines(seen))
    return [Sheet(_FAULTS, faults), Sheet(_STREAMS, streams), Sheet(_PARTS, parts)]


def _stream_cells(stream: StreamSeen) -> Iterator[str]:
    yield stream.data_type
    for count in (stream.sent, stream.scored, stream.dead, stream.twice, stream.missing):
        yield f"{count:,}"
    yield f"{stream.disordered:,}" if stream.disordered >= 0 else ""
    yield f"{stream.longest:.1f} s"


def markdown(seen: Seen) -> list[str]:
    """Return them in lines of Markdown."""
    faults, streams, parts = (list(sheet.to_markdown()) for sheet in sheets(seen))
    return [*faults, "", *LEGEND, "", *streams, "", *parts]


def _part_lines(seen: Seen) -> Iterator[list[str]]:
    for part, before in seen.before.items():
        if after := seen.after.get(part):
            memory = (before.mib, seen.most_mib.get(part, before.mib), after.mib)
            counts = (before.fds, after.fds, after.processes)
            yield [part, *(f"{mib:,.0f}" for mib in memory), *(str(count) for count in counts)]


def verdict(seen: Seen) -> list[str]:
    """Return what is wrong, in lines; none if nothing is."""
    outcomes = Counter(call.outcome for call in seen.traffic.calls)
    bad = (Outcome.WRONG, Outcome.LOST, Outcome.FAILED)
    lines = [f"{outcomes[outcome]} calls {outcome}" for outcome in bad if outcomes[outcome]]
    if outcomes[Outcome.FAILED]:
        lines += [f"  {count} x {error}" for error, count in seen.traffic.errors.most_common(10)]
    streams = [problem for stream in seen.streams for problem in stream.problems()]
    return [*lines, *streams, *seen.traffic.wrong, *seen.unwell]
