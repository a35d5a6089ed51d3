"""Open tasks: what was said about them so far, and deciding them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from hedgerow.v1.records_pb2 import TraceContext
from services.collector.decider import decide
from services.collector.lineup import Lineup
from services.collector.reports import Part
from services.collector.rules import Value, Verdict


class Task(ABC):
    """A batch whose records are decided one by one, each once; it ends when the last is.

    `decided` is called with the task when it has ended, and stands for whoever opened it. Times are
    seconds of the collector's clock.
    """

    __slots__ = (
        "admitted",
        "decided",
        "ended",
        "expired",
        "explain",
        "failures",
        "id",
        "lineup",
        "opened",
        "outstanding",
        "parts",
        "rows",
        "trace",
    )

    def __init__(
        self,
        task_id: int,
        lineup: Lineup,
        rows: int,
        admitted: float,
        opened: float,
        explain: bool,
        trace: TraceContext | None,
        decided: Callable[[Task], None],
    ) -> None:
        self.id = task_id
        self.lineup = lineup
        self.rows = rows
        self.admitted = admitted
        self.opened = opened
        self.explain = explain
        self.trace = trace
        self.decided = decided
        self.outstanding = lineup.outstanding
        """A bit for each model of the plan that may still answer."""
        self.parts: list[Part | None] = [None] * len(lineup.names)
        """What each model of the plan answered."""
        self.failures: dict[int, str] | None = None
        """Why models will not answer, by their place; most tasks have none."""
        self.ended = 0.0
        self.expired = False
        """The deadline came before every record was decided."""
        self._prepare()

    @abstractmethod
    def _prepare(self) -> None:
        """Set up what a kind of task keeps besides."""

    def take(self, place: int, part: Part) -> None:
        """Keep a model's answer. It may have been lost before, but not have answered."""
        self.parts[place] = part
        self.outstanding &= ~(1 << place)

    def fail(self, place: int, reason: str) -> bool:
        """A model will not answer. Returns False if that was known; the first reason stands."""
        if self.failures is None:
            self.failures = {}
        elif place in self.failures:
            return False
        self.outstanding &= ~(1 << place)
        self.failures[place] = reason
        return True

    @property
    def waits(self) -> bool:
        """Whether a voter may still answer."""
        return bool(self.outstanding & self.lineup.policy.voters)

    def count_chosen(self) -> None:
        """Count the answers for the models that gave them. Only when the task has ended."""
        for place, _, _ in self.verdicts():
            if place >= 0:
                self._part(place)[0].counts.chosen += 1

    @abstractmethod
    def judge(self, at_deadline: bool) -> bool:
        """Decide what can be decided; return whether every record is."""

    @abstractmethod
    def verdicts(self) -> list[Verdict]:
        """Return the verdict of each record. Only when the task has ended."""

    def value(self, row: int, place: int) -> Value:
        """Return what a model that has answered said about one record."""
        report, start, _ = self._part(place)
        return report.values[start + row]

    def confidence(self, row: int, place: int) -> float | None:
        """Return the confidence of an answer, NaN or None where it has none."""
        report, start, _ = self._part(place)
        return None if report.confidences is None else report.confidences[start + row]

    def _part(self, place: int) -> Part:
        part = self.parts[place]
        assert part is not None, "only who has answered is asked"
        return part


class OneRecord(Task):
    """A task of one record: most are."""

    __slots__ = ("_confidences", "_values", "_verdict")

    def _prepare(self) -> None:
        size = len(self.parts)
        self._values: list[Value] = [None] * size
        self._confidences = [0.0] * size
        self._verdict: Verdict | None = None

    def take(self, place: int, part: Part) -> None:
        report, row, _ = part
        self.parts[place] = part
        self.outstanding &= ~(1 << place)
        self._values[place] = report.values[row]
        if report.confidences is not None:
            confidence = report.confidences[row]
            if confidence == confidence:  # not NaN
                self._confidences[place] = confidence

    def judge(self, at_deadline: bool) -> bool:
        self._verdict = decide(
            self.lineup.policy, self._values, self._confidences, self.outstanding, at_deadline
        )
        return self._verdict is not None

    def verdicts(self) -> list[Verdict]:
        assert self._verdict is not None
        return [self._verdict]
