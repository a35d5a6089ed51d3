"""Timelines for property tests: what happens to a task, moment by moment, and slowly what must come of it.

Moments are few, so that much happens at the same one. A line of a timeline is a model, the opening or the
deadline; what happens on one line keeps its order, and which of several lines comes first at one moment is
said by ranks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from hypothesis import strategies as st

from hedgerow.v1 import plans_pb2 as pb
from tests.services.collector.rules import reference
from tests.services.collector.rules.reference import Answer, Situation
from tests.services.collector.rules.strategies import CONFIDENCES, NAMES, kinds, plans, qualities

Said = tuple[Answer | None, float | None]
"""What a model says about one record: an answer and a confidence, None where there is none."""

OPENING, DEADLINE = len(NAMES), len(NAMES) + 1
"""The lines that are no model's."""


_MOMENTS = (0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7)
"""When hosts report: often in time, and often at once."""


class What(Enum):
    """What can happen. Hosts say and fail; all else is the router's word, thus not before the opening."""

    OPENED = "opened"
    STARTED = "started"
    SAID = "said"
    FAILED = "failed"
    LOST = "lost"
    PASSED_OVER = "passed over"
    DEADLINE = "deadline"


ENDS = frozenset({What.SAID, What.FAILED, What.LOST, What.PASSED_OVER})
"""What ends the waiting for a model."""


@dataclass(frozen=True)
class Event:
    """Something happens on a line at a moment.

    `said` has an entry for each record. `records` are those a model was asked about, if not about all.
    """

    moment: int
    line: int
    what: What
    said: tuple[Said, ...] = ()
    records: tuple[int, ...] = ()


@dataclass(frozen=True)
class Timeline:
    """A plan, which of its models may answer, and what happens to a batch of records, in order."""

    plan: pb.Plan
    qualities: tuple[float, ...]
    hosted: frozenset[int]
    held: frozenset[int]
    no_time: frozenset[int]
    rows: int
    sorts: int
    """Records whose numbers are equal modulo this are alike in all that is said about them."""
    events: tuple[Event, ...]

    @property
    def opened(self) -> int:
        """The moment of the opening."""
        return next(event.moment for event in self.events if event.what is What.OPENED)

    @property
    def deadline(self) -> int:
        """The moment of the deadline."""
        return next(event.moment for event in self.events if event.what is What.DEADLINE)

    def ordered(self, ranks: Sequence[int]) -> Timeline:
        """The same, with the lines in another order where things happen at the same moment."""
        events = sorted(self.events, key=lambda event: (event.moment, ranks[event.line]))
        return replace(self, events=tuple(events))

    def until(self, ends: frozenset[What]) -> Timeline:
        """The same without what comes from a model after one of these."""
        kept, ended = [], set()
        for event in self.events:
            if event.line not in ended:
                kept.append(event)
            if event.what in ends:
                ended.add(event.line)
        return replace(self, events=tuple(kept))


@dataclass(frozen=True)
class Fate:
    """What came of one record."""

    who: int | None
    answer: Answer | None
    reason: str
    agreed: frozenset[int]


@dataclass(frozen=True)
class Ended:
    """What came of a task, when, the state of each model by then, and which voters run for nothing."""

    fates: tuple[Fate, ...]
    moment: int
    at_deadline: bool
    states: tuple[str, ...]
    running: frozenset[int]


def expected(timeline: Timeline, rows: Sequence[int]) -> Ended:
    """What must come of a task of some of the records."""
    of_sort = {sort: decide(timeline, sort) for sort in {row % timeline.sorts for row in rows}}
    decided = [of_sort[row % timeline.sorts] for row in rows]
    last = max(place for place, _ in decided)
    event = timeline.events[last]
    fates = tuple(fate for _, fate in decided)
    states = tuple(_state(timeline, line, last) for line in range(len(timeline.plan.models)))
    voters = {line for line, model in enumerate(timeline.plan.models) if not model.shadow}
    running = {line for line in voters if states[line] in ("LATE", "CANCELLED")}
    at_deadline = event.what is What.DEADLINE
    return Ended(fates, event.moment, at_deadline, states, frozenset(running))


def out_after(timeline: Timeline, last: int) -> set[int]:
    """The models that may still answer once the event numbered `last` has happened."""
    ended = {event.line for event in timeline.events[: last + 1] if event.what in ENDS}
    return set(timeline.hosted - timeline.no_time - ended)


def decide(timeline: Timeline, row: int) -> tuple[int, Fate]:
    """By which event a record is decided, and how."""
    said: dict[int, Answer] = {}
    confidences: dict[int, float] = {}
    reported: set[int] = set()
    opened = False
    for place, event in enumerate(timeline.events):
        opened = opened or event.what is What.OPENED
        if event.what is What.SAID and event.line not in reported:
            reported.add(event.line)
            value, confidence = event.said[row]
            if value is not None:
                said[event.line] = value
                confidences[event.line] = confidence or 0.0
        if not opened:
            continue
        situation = Situation(
            timeline.plan,
            dict(enumerate(timeline.qualities)),
            said,
            confidences,
            frozenset(out_after(timeline, place)),
            event.what is What.DEADLINE,
        )
        verdict = reference.decide(situation)
        if verdict is not None:
            fate = _fate(timeline, said, verdict)
            if event.what is What.DEADLINE and fate.reason in ("BEST_QUALITY", "PLURALITY"):
                fate = replace(fate, reason=f"{fate.reason}_IN_TIME")
            return place, fate
    raise AssertionError("at the deadline there is a verdict")


def _fate(timeline: Timeline, said: dict[int, Answer], verdict: reference.Verdict) -> Fate:
    who, reason, agreed = verdict
    answer: Answer | None = None
    if who is not None:
        answer = said[who]
    elif reason == "DEFAULT":
        answer = timeline.plan.policy.default_answer.label
    return Fate(who, answer, reason, agreed)


def _state(timeline: Timeline, line: int, last: int) -> str:
    """The state of a model once the event numbered `last` has happened."""
    happened = {event.what for event in timeline.events[: last + 1] if event.line == line}
    if What.SAID in happened:
        return "ANSWERED"
    if happened & {What.FAILED, What.LOST}:
        return "FAILED"
    if line not in timeline.hosted:
        return "NO_HOST"
    waits = line in timeline.held and What.STARTED not in happened
    if waits or What.PASSED_OVER in happened or line in timeline.no_time:
        return "NOT_STARTED"
    return "LATE" if timeline.events[last].what is What.DEADLINE else "CANCELLED"


@st.composite
def _answers(
    draw: st.DrawFn, moment: int, line: int, values: tuple[Answer, ...], rows: int, sorts: int
) -> Event:
    """What one model says about a batch: of one kind, and of some records nothing."""
    kind = type(draw(st.sampled_from(values)))
    of_kind = [value for value in values if isinstance(value, kind)]
    asked = set(range(sorts))
    if draw(st.sampled_from([False, False, False, True])):
        asked = draw(st.sets(st.integers(0, sorts - 1), min_size=1))
    random = draw(st.randoms(use_true_random=True))  # drawn one by one too many would be alike
    of_sort: list[Said] = [(None, None)] * sorts
    for sort in sorted(asked):
        value = random.choice([*of_kind, *of_kind, None])
        of_sort[sort] = value, random.choice([*CONFIDENCES, None])
    said = tuple(of_sort[row % sorts] for row in range(rows))
    records = tuple(row for row in range(rows) if row % sorts in asked)
    return Event(moment, line, What.SAID, said, records if len(records) < rows else ())


@st.composite
def _lives(
    draw: st.DrawFn,
    line: int,
    opened: int,
    held: bool,
    values: tuple[Answer, ...],
    rows: int,
    sorts: int,
) -> list[Event]:
    """What comes from one model: mostly one thing, sometimes nothing, sometimes from two hosts."""
    after = st.integers(opened + 1, 7)
    events = []
    if held and draw(st.sampled_from([True, True, True, False])):
        what = draw(st.sampled_from([What.STARTED, What.STARTED, What.PASSED_OVER]))
        events.append(Event(draw(after), line, what))
    for _ in range(draw(st.sampled_from([1, 1, 1, 1, 1, 1, 1, 2, 2, 0]))):
        what = draw(st.sampled_from([*[What.SAID] * 6, What.FAILED, What.LOST]))
        moment = draw(after if what is What.LOST else st.sampled_from(_MOMENTS))
        if what is What.SAID:
            events.append(draw(_answers(moment, line, values, rows, sorts)))
        else:
            events.append(Event(moment, line, what))
    return events


def _is_eventful(plan: pb.Plan) -> bool:
    """Whether records of one batch may well be decided at several moments."""
    return len(plan.models) > 3 and not plan.policy.rule.HasField("timeout")


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """A task of 1 to 30 records, of five sorts at most; half of the batches are worth columns."""
    plan = draw(st.one_of(plans(), plans().filter(_is_eventful), plans().filter(_is_eventful)))
    rows = draw(st.sampled_from([1, 2, 5, 18, 24, 30]))
    sorts = min(rows, draw(st.sampled_from([5, 5, 4, 3, 2])))
    values = draw(kinds)
    opened = draw(st.sampled_from([0, 0, 1, 4]))
    deadline = opened + draw(st.sampled_from([6, 5, 4, 2, 1]))
    lines = range(len(plan.models))
    seldom = st.sampled_from([False] * 9 + [True])
    hosted = frozenset(line for line in lines if not draw(seldom))
    holds = draw(st.sampled_from([False, False, True, None]))  # none, all, or some
    held = frozenset(line for line in hosted if (draw(st.booleans()) if holds is None else holds))
    no_time = frozenset(line for line in hosted if draw(seldom))
    events = [Event(opened, OPENING, What.OPENED), Event(deadline, DEADLINE, What.DEADLINE)]
    for line in sorted(hosted):
        events += draw(_lives(line, opened, line in held, values, rows, sorts))
    measured = tuple(draw(qualities))
    timeline = Timeline(plan, measured, hosted, held, no_time, rows, sorts, tuple(events))
    return timeline.ordered(draw(orders))


orders = st.permutations(range(len(NAMES) + 2))
"""Ranks of all lines."""
