"""What was seen, as a table that is as well a page's."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from soak.faults import KINDS
from soak.soaking import Seen, Struck
from soak.traffic import Call, Outcome

_COLUMNS = (
    "fault",
    "times",
    "calls meanwhile",
    "other router",
    "refused",
    "failed",
    "slowest",
    "whole again",
    "at the most",
)


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
        yield f"{median(self.recoveries):.1f} s" if self.recoveries else ""
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
        recoveries = [max(0.0, one.recovery) for one in of_kind]
        found.append(_row(str(kind), len(of_kind), meanwhile, recoveries))
    return [*found, _row("all calls, quiet times too", len(struck), ordered, ())]


def _row(name: str, times: int, calls: Sequence[Call], recoveries: Sequence[float]) -> Row:
    outcomes = Counter(call.outcome for call in calls)
    return Row(name, times, outcomes, max((c.seconds for c in calls), default=0.0), recoveries)


def markdown(seen: Seen) -> list[str]:
    """Return the report in lines."""
    return [
        f"| {' | '.join(_COLUMNS)} |",
        "|---|" + "---:|" * (len(_COLUMNS) - 1),
        *(f"| {' | '.join(row.cells())} |" for row in rows(seen.struck, seen.traffic.calls)),
        "",
        "| part | MiB before | at the most | after | files before | after | processes |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *_usage_lines(seen),
    ]


def _usage_lines(seen: Seen) -> Iterator[str]:
    for part, before in seen.before.items():
        if after := seen.after.get(part):
            most = seen.most_mib.get(part, before.mib)
            yield (
                f"| {part} | {before.mib:,.0f} | {most:,.0f} | {after.mib:,.0f}"
                f" | {before.fds} | {after.fds} | {after.processes} |"
            )


def verdict(seen: Seen) -> list[str]:
    """Return what is wrong, in lines; none if nothing is."""
    outcomes = Counter(call.outcome for call in seen.traffic.calls)
    bad = (Outcome.WRONG, Outcome.LOST, Outcome.FAILED)
    lines = [f"{outcomes[outcome]} calls {outcome}" for outcome in bad if outcomes[outcome]]
    if outcomes[Outcome.FAILED]:
        lines += [f"  {count} x {error}" for error, count in seen.traffic.errors.most_common(10)]
    return [*lines, *seen.traffic.wrong, *seen.unwell]
