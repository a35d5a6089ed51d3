"""What holds for every policy and every situation, and the deciding function against a slow one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from hedgerow.v1.rules_pb2 import Reason
from services.collector.rules import decider
from services.collector.rules.policy import compile_policy
from services.collector.rules.verdict import NOBODY
from tests.services.collector.rules import reference
from tests.services.collector.rules.reference import Situation
from tests.services.collector.rules.strategies import CONFIDENCES, kinds, plans, qualities

many = settings(max_examples=150, deadline=None)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """A plan; of each model what it said, that it failed, or that it is out; early, or at the deadline."""
    plan = draw(plans())
    values = draw(kinds)
    said, confidences, out = {}, {}, set()
    for place in range(len(plan.models)):
        outcome = draw(st.sampled_from(["said", "said", "out", "failed"]))
        if outcome == "said":
            said[place] = draw(st.sampled_from(values))
            confidences[place] = draw(st.sampled_from(CONFIDENCES))
        elif outcome == "out":
            out.add(place)
    measured = dict(enumerate(draw(qualities)))
    return Situation(plan, measured, said, confidences, frozenset(out), draw(st.booleans()))


def decide(situation: Situation) -> reference.Verdict | None:
    """Ask the real function."""
    size = len(situation.plan.models)
    policy = compile_policy(situation.plan, [situation.qualities[i] for i in range(size)])
    verdict = decider.decide(
        policy,
        [situation.said.get(i) for i in range(size)],
        [situation.confidences.get(i, 0.0) for i in range(size)],
        sum(1 << i for i in situation.out),
        situation.at_deadline,
    )
    if verdict is None:
        return None
    place, reason, agreed = verdict
    who = None if place == NOBODY else place
    members = frozenset(i for i in range(size) if agreed >> i & 1)
    return who, Reason.Name(reason).removeprefix("REASON_"), members


@given(situations())
@many
def test_it_decides_as_the_slow_function_does(situation: Situation) -> None:
    assert decide(situation) == reference.decide(situation)


@given(situations())
@many
def test_the_answer_is_one_that_a_voter_gave(situation: Situation) -> None:
    verdict = decide(situation)
    if verdict is None or verdict[0] is None:
        return
    assert verdict[0] in situation.answered
    assert verdict[0] in verdict[2]
    assert verdict[2] <= set(situation.answered)


@given(situations())
@many
def test_there_is_a_verdict_when_there_is_nothing_to_wait_for(situation: Situation) -> None:
    verdict = decide(situation)
    if situation.at_deadline or not situation.waiting:
        assert verdict is not None
        assert (verdict[0] is not None) == bool(situation.answered)
    if not situation.answered and situation.waiting and not situation.at_deadline:
        assert verdict is None


@dataclass(frozen=True)
class Later:
    """A situation, and one that may follow from it: more was said, and more failed."""

    now: Situation
    then: Situation


@st.composite
def futures(draw: st.DrawFn) -> Later:
    now = draw(situations())
    values = draw(kinds)
    said, confidences, out = dict(now.said), dict(now.confidences), set(now.out)
    for place in sorted(now.out):
        outcome = draw(st.sampled_from(["said", "out", "failed"]))
        if outcome != "out":
            out.discard(place)
        if outcome == "said":
            said[place] = draw(st.sampled_from(values))
            confidences[place] = draw(st.sampled_from(CONFIDENCES))
    return Later(now, replace(now, said=said, confidences=confidences, out=frozenset(out)))


@given(futures())
@many
def test_more_answers_never_take_a_verdict_away(later: Later) -> None:
    if decide(later.now) is not None:
        assert decide(later.then) is not None


@given(futures())
@many
def test_more_time_never_loses_an_answer(later: Later) -> None:
    now = decide(replace(later.now, at_deadline=True))
    then = decide(replace(later.then, at_deadline=True))
    assert now is not None
    assert then is not None
    if now[0] is not None:
        assert then[0] is not None


@given(situations())
@many
def test_what_is_decided_before_the_deadline_is_decided_the_same_at_it(
    situation: Situation,
) -> None:
    before = decide(replace(situation, at_deadline=False))
    if before is not None:
        assert decide(replace(situation, at_deadline=True)) == before


@given(situations())
@many
def test_a_shadow_changes_nothing(situation: Situation) -> None:
    voters = set(situation.voters)
    without = replace(
        situation,
        said={i: answer for i, answer in situation.said.items() if i in voters},
        out=frozenset(situation.out & voters),
    )
    assert decide(without) == decide(situation)


@given(situations())
@many
def test_with_nothing_outstanding_the_deadline_makes_no_difference(situation: Situation) -> None:
    done = replace(situation, out=frozenset())
    assert decide(replace(done, at_deadline=True)) == decide(replace(done, at_deadline=False))


ANY = settings(max_examples=5000, phases=[Phase.generate], derandomize=True, deadline=None)


# Rules do not know whether the deadline or somebody's end is why nobody else is to come; tasks do.
_OF_RULES = {
    name for name in dict(Reason.items()) if not name.endswith(("_UNSPECIFIED", "_IN_TIME"))
}


@pytest.mark.parametrize("reason", sorted(_OF_RULES))
def test_the_strategies_reach_every_reason(reason: str) -> None:
    """The properties above would hold of nothing if the strategies were too tame."""

    def is_reached(situation: Situation) -> bool:
        verdict = decide(situation)
        return verdict is not None and f"REASON_{verdict[1]}" == reason

    assert is_reached(find(situations(), is_reached, settings=ANY))
