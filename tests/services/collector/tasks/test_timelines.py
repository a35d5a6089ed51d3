"""Whole lives of tasks, in whatever order things happen, against a slow walk through the same events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from hedgerow.v1 import collection_pb2 as pb
from tests.services.collector.tasks.play import Play, apart, places, singles, together
from tests.services.collector.tasks.timelines import (
    ENDS,
    Ended,
    Timeline,
    What,
    decide,
    expected,
    orders,
    out_after,
    timelines,
)

many = settings(max_examples=60, deadline=None)


def as_text(ended: Ended) -> Ended:
    """As it is read from a decision: where one answer is a label, the numbers are texts too."""
    if not any(isinstance(fate.answer, str) for fate in ended.fates):
        return ended
    fates = [
        replace(fate, answer=f"{fate.answer:g}") if isinstance(fate.answer, float) else fate
        for fate in ended.fates
    ]
    return replace(ended, fates=tuple(fates))


def without_second_thoughts(timeline: Timeline) -> Timeline:
    """The same without what comes from a model that has failed or was lost.

    One that answers after all can make a quorum possible again, so with it the order does matter.
    """
    return timeline.until(ENDS)


@given(timelines())
@many
async def test_a_batch_ends_as_the_slow_walk_says(timeline: Timeline) -> None:
    assert together(timeline) == as_text(expected(timeline, range(timeline.rows)))


@given(timelines())
@many
async def test_each_record_is_decided_when_the_slow_walk_says(timeline: Timeline) -> None:
    assert apart(timeline) == [expected(timeline, rows) for rows in singles(timeline)]


@given(timelines())
@many
async def test_a_batch_is_decided_as_its_records_are_alone_and_ends_with_the_last(
    timeline: Timeline,
) -> None:
    batch, alone = together(timeline), apart(timeline)
    fates = tuple(fate for ended in alone for fate in ended.fates)
    assert batch.fates == as_text(replace(batch, fates=fates)).fates
    assert batch.moment == max(ended.moment for ended in alone)


@given(timelines())
@many
async def test_what_comes_after_a_model_s_first_answer_changes_nothing(timeline: Timeline) -> None:
    assert together(timeline) == together(timeline.until(frozenset({What.SAID})))


@given(timelines(), orders)
@many
async def test_in_what_order_things_happen_at_one_moment_does_not_tell_when_a_record_is_decided(
    timeline: Timeline, order: list[int]
) -> None:
    """Nor how, but where several at the moment of the decision can decide: then the first does."""
    timeline = without_second_thoughts(timeline)
    before, after = apart(timeline), apart(timeline.ordered(order))
    for one, other in zip(before, after, strict=True):
        assert one.moment == other.moment
        if sum(event.moment == one.moment for event in timeline.events) == 1:
            assert one == other


@given(timelines(), orders)
@many
async def test_in_what_order_results_overtook_the_opening_does_not_matter(
    timeline: Timeline, order: list[int]
) -> None:
    timeline = without_second_thoughts(timeline)
    from_hosts = [event for event in timeline.events if event.what in (What.SAID, What.FAILED)]
    rest = [event for event in timeline.events if event not in from_hosts]
    early = [replace(event, moment=timeline.opened) for event in from_hosts]
    shuffled = sorted(early, key=lambda event: order[event.line])
    one, other = (replace(timeline, events=(*first, *rest)) for first in (early, shuffled))
    assert together(one) == together(other)


@given(timelines())
@many
async def test_the_router_is_told_of_every_end_that_leaves_something_undecided(
    timeline: Timeline,
) -> None:
    play = Play(timeline, [range(timeline.rows)], progress=True)
    of_sort = decided_by(timeline)
    decided = [of_sort[row % timeline.sorts] for row in range(timeline.rows)]
    models = range(len(timeline.plan.models))
    voters = {line for line in models if not timeline.plan.models[line].shadow}
    known = set(timeline.hosted - timeline.no_time)
    opened = False
    for place, event in enumerate(timeline.events):
        play.run([event])
        told = play.desk.told()
        opened = opened or event.what is What.OPENED
        out = out_after(timeline, place)
        if not opened or place >= max(decided):
            assert not told
            continue
        idle = event.what is What.OPENED and not (out - timeline.held) & voters
        if idle or (known - out) & voters:
            assert told
        known = out
        for progress in told:
            open_still = [row for row, when in enumerate(decided) if when > place]
            assert places(progress.ended) == set(models) - out
            assert progress.undecided == (open_still if len(open_still) < timeline.rows else [])
    play.close()


@pytest.mark.parametrize("cancels", [True, False], ids=["cancels", "ends"])
@given(timeline=timelines(), after=st.integers(1, 10))
@many
async def test_of_what_a_router_gives_up_at_any_moment_nothing_is_left(
    cancels: bool, timeline: Timeline, after: int
) -> None:
    play = Play(timeline, singles(timeline))
    play.run(event for event in timeline.events[:after] if event.what is not What.DEADLINE)
    decided = len(play.desk.decided)
    if cancels:
        play.session.take(pb.CollectRequest(cancelled=play.tasks))
    else:
        play.session.end()
    assert len(play.desk.open_tasks) == 0
    play.run(event for event in timeline.events[after:] if event.what is not What.OPENED)
    assert len(play.desk.decided) == decided
    if cancels and What.OPENED in [event.what for event in timeline.events[:after]] and not decided:
        assert len(play.desk.unclaimed) == 0  # all that came later is known to be late
    play.close()


ANY = settings(max_examples=2000, phases=[Phase.generate], derandomize=True, deadline=None)


def moments(timeline: Timeline) -> set[int]:
    return {timeline.events[place].moment for place in decided_by(timeline)}


def decided_by(timeline: Timeline) -> list[int]:
    """By which events records are decided, one of each sort."""
    return [decide(timeline, sort)[0] for sort in range(timeline.sorts)]


def all_of(timeline: Timeline) -> Ended:
    return expected(timeline, range(timeline.rows))


def is_in_parts(timeline: Timeline) -> bool:
    """Whether some records of a batch are decided later than others and are worth columns."""
    when = decided_by(timeline)
    later = [row for row in range(timeline.rows) if when[row % timeline.sorts] > min(when)]
    return len(later) >= 16


@pytest.mark.parametrize(
    "is_reached",
    [
        pytest.param(
            lambda timeline: timeline.deadline in moments(timeline) and len(moments(timeline)) > 1,
            id="some at the deadline",
        ),
        pytest.param(is_in_parts, id="in parts"),
        pytest.param(lambda timeline: timeline.opened in moments(timeline), id="at once"),
        pytest.param(
            lambda timeline: (
                all_of(timeline) != all_of(timeline.until(frozenset({What.FAILED, What.LOST})))
            ),
            id="second thoughts",
        ),
        pytest.param(
            lambda timeline: len({fate.reason for fate in all_of(timeline).fates}) >= 2,
            id="two reasons",
        ),
        pytest.param(
            lambda timeline: {"ANSWERED", "NOT_STARTED", "FAILED"} < set(all_of(timeline).states),
            id="many states",
        ),
        pytest.param(
            lambda timeline: any(
                all_of(timeline).fates[event.records[0]].who == event.line
                for event in timeline.events
                if event.records and event.line in timeline.held
            ),
            id="a started model decides a part",
        ),
    ],
)
def test_the_timelines_are_wild_enough(is_reached: Callable[[Timeline], bool]) -> None:
    """The properties above would hold of nothing if they were too tame."""
    assert is_reached(find(timelines(), is_reached, settings=ANY))
