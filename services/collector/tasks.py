"""Open tasks: what was said about them so far, and deciding them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from hedgerow.v1.records_pb2 import TraceContext
from services.collector.agreement import count_one
from services.collector.decider import decide
from services.collector.lineup import Lineup
from services.collector.reports import Part
from services.collector.rules import Value, Verdict


class Task(ABC):
    """A batch whose records are decided one by one, each once; it ends when the last is.

    `decided` is called with the task when it has ended, and stands for whoever opened it; `progressed`
    when a voter has ended and the task goes on, if the lineup says so. Times are seconds of the
    collector's clock.
    """

    __slots__ = (
        "admitted",
        "decided",
        "ended",
        "expired",
        "explain",
        "failures",
        "held",
        "id",
        "lineup",
        "not_started",
        "opened",
        "outstanding",
        "parts",
        "progressed",
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
        progressed: Callable[[Task], None] | None = None,
    ) -> None:
        self.id = task_id
        self.lineup = lineup
        self.rows = rows
        self.admitted = admitted
        self.opened = opened
        self.explain = explain
        self.trace = trace
        self.decided = decided
        self.progressed = progressed if lineup.progress else None
        self.outstanding = lineup.outstanding
        """A bit for each model of the plan that may still answer."""
        self.held = lineup.held
        """A bit for each of them that has not been started."""
        self.parts: list[Part | None] = [None] * len(lineup.names)
        """What each model of the plan answered."""
        self.failures: dict[int, str] | None = None
        """Why models will not answer, by their place; most tasks have none."""
        self.not_started: dict[int, str] | None = None
        """Why models that were held will never be started, by their place."""
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
        self.held &= ~(1 << place)

    def launch(self, place: int) -> None:
        """A model that was held is started."""
        self.held &= ~(1 << place)

    def pass_over(self, place: int, reason: str) -> None:
        """A model will never be started."""
        if self.not_started is None:
            self.not_started = {}
        self.outstanding &= ~(1 << place)
        self.held &= ~(1 << place)
        self.not_started.setdefault(place, reason)

    def fail(self, place: int, reason: str) -> bool:
        """A model will not answer. Returns False if that was known; the first reason stands."""
        if self.failures is None:
            self.failures = {}
        elif place in self.failures:
            return False
        self.outstanding &= ~(1 << place)
        self.held &= ~(1 << place)
        self.failures[place] = reason
        return True

    @property
    def running(self) -> int:
        """A bit for each voter that was started and may still answer."""
        return self.outstanding & ~self.held & self.lineup.policy.voters

    def count(self) -> None:
        """Count what became of each model, for its statistics. Only when the task has ended."""
        counts = self.lineup.counts
        idle = self.held | self.lineup.no_time
        if idle or self.not_started:
            for place, part in enumerate(self.parts):
                passed_over = self.not_started is not None and place in self.not_started
                if part is None and (idle >> place & 1 or passed_over):
                    counts[place].not_started += 1
        if (out := self.running) and not self.expired:
            for place, count in enumerate(counts):
                if out >> place & 1:
                    count.cancelled += 1
        for place, _, _ in self.verdicts():
            if place >= 0:
                self._part(place)[0].counts.chosen += 1
        self._count_agreement()

    @abstractmethod
    def _count_agreement(self) -> None:
        """Count who agrees with what was decided, and who is alone."""

    @abstractmethod
    def answers(self) -> list[Value]:
        """Return the answer to each record, None where there is none. Only when the task has ended."""

    @abstractmethod
    def trust(self) -> list[float | None]:
        """Return the confidence of each answer, NaN or None where there is none, as `answers`."""

    @abstractmethod
    def undecided(self) -> list[int]:
        """Return the records that are not decided, by their places; none at all if all of them are."""

    @abstractmethod
    def judge(self, at_deadline: bool) -> bool:
        """Decide what can be decided; return whether every record is."""

    @abstractmethod
    def verdicts(self) -> list[Verdict]:
        """Return the verdict of each record. Only when the task has ended."""

    def value(self, row: int, place: int) -> Value:
        """Return what a model that has answered said about one record, None if it said nothing."""
        part = self._part(place)
        found = part.row_of(row)
        return None if found is None else part.report.values[found]

    def confidence(self, row: int, place: int) -> float | None:
        """Return the confidence of an answer, NaN or None where it has none."""
        part = self._part(place)
        found = part.row_of(row)
        confidences = part.report.confidences
        return None if found is None or confidences is None else confidences[found]

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
        report, row, *_ = part
        self.parts[place] = part
        left = ~(1 << place)
        self.outstanding &= left
        self.held &= left
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

    def value(self, row: int, place: int) -> Value:
        return self._values[place]

    def undecided(self) -> list[int]:
        return []

    def answers(self) -> list[Value]:
        assert self._verdict is not None
        place = self._verdict[0]
        return [self.lineup.policy.default if place < 0 else self._values[place]]

    def trust(self) -> list[float | None]:
        assert self._verdict is not None
        place = self._verdict[0]
        return [None if place < 0 else self.confidence(0, place)]

    def _count_agreement(self) -> None:
        (decided,) = self.answers()
        count_one(self.parts, self._values, decided, self.lineup.policy.tolerance)
