"""What a mesh knows of one data type: the states of its services, added up by model version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import timedelta

from hedgerow.v1.state_pb2 import GetStateResponse, ModelStats, ModelWork


@dataclass(slots=True)
class Totals:
    """One model version, over all collectors, executors and routers that were asked.

    Counts of records: `records` it answered, of which `agreed` were the decision's and `alone` were nobody
    else's; `chosen` are those whose answer was its own. Counts of tasks: `late`, `failed`, `cancelled`,
    `not_started`, `withheld`, `replicas`. Counts of rows: `rows_scored`, `rows_dropped`,
    `rows_not_started`.
    """

    records: int = 0
    agreed: int = 0
    alone: int = 0
    chosen: int = 0
    late: int = 0
    failed: int = 0
    cancelled: int = 0
    not_started: int = 0
    rows_scored: int = 0
    rows_dropped: int = 0
    rows_not_started: int = 0
    withheld: int = 0
    replicas: int = 0
    scoring: timedelta = timedelta(0)
    """Time that hosts spent on it."""
    saved: timedelta = timedelta(0)
    """Time that rows dropped or not started would have taken."""
    wasted: timedelta = timedelta(0)
    """Time spent on results that nobody took."""
    shadow: bool = False

    def add(self, counts: ModelStats | ModelWork) -> None:
        """Count what one service says of it."""
        for field in fields(self):
            name = field.name
            if name not in counts.DESCRIPTOR.fields_by_name:
                continue
            value = getattr(counts, name)
            if isinstance(value, bool):
                self.shadow |= value
            elif isinstance(value, int):
                setattr(self, name, getattr(self, name) + value)
            else:
                setattr(self, name, getattr(self, name) + value.ToTimedelta())


def totals(state: GetStateResponse) -> dict[str, Totals]:
    """Return what a service and those it asked say, by `name@version`, ordered."""
    found: dict[tuple[str, int], Totals] = {}
    for counts in _all_counts((state, *state.others)):
        found.setdefault((counts.name, counts.version), Totals()).add(counts)
    # Version 0 stands for a model that no host served, and says nothing of any version.
    return {f"{name}@{version}": found[name, version] for name, version in sorted(found) if version}


def _all_counts(states: Iterable[GetStateResponse]) -> Iterator[ModelStats | ModelWork]:
    for state in states:
        yield from state.models
        yield from state.work
