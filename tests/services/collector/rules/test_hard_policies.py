"""Policies at their edges, through a collector's core: every example as it stands, and in bulk.

In bulk each record is there twenty times, which is worth judging by columns; the same must come of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from hedgerow.v1 import collection_pb2 as pb
from services.collector.rules.rule import Value
from tests.services.collector.harness import (
    Desk,
    answers,
    failure_of,
    opening_of,
    plan_of,
    predictions_of,
    reasons,
    report_of,
)

DEADLINE = 0.05
"""Seconds."""

Verdict = tuple[str, str, str]
"""Who answered (or "-"), why, and who agreed."""


class Batch:
    """One task at a desk of its own, each of its records `copies` times."""

    def __init__(self, copies: int, policy: str, models: str = "a b c", records: int = 1) -> None:
        self.copies = copies
        self.records = records
        self.models = models.split()
        self.desk = Desk()
        self.desk.session = self.desk.new_session(plan_of(policy, models))

    def open(self, hosted: str = "", no_time: str = "") -> None:
        """Open it; all models have a host if none are named."""
        self.desk.session.take(
            opening_of(
                1,
                rows=self.records * self.copies,
                versions=[int(not hosted or name in hosted) for name in self.models],
                deadline=DEADLINE,
                no_time=sum(1 << self.models.index(name) for name in no_time),
                progress=True,
            )
        )

    def say(self, model: str, *values: Value, trust: Sequence[float] = ()) -> None:
        """A model says something about each record, with these confidences, or with none."""
        every = [value for value in values for _ in range(self.copies)]
        confidences = [confidence for confidence in trust for _ in range(self.copies)]
        report = pb.ReportRequest(data_type="wine", model=model, version=1)
        report.results.add(task_id=1, rows=len(every))
        report.predictions.CopyFrom(predictions_of(every, confidences or None))
        self.desk.intake.take(report)

    def fail(self, model: str) -> None:
        self.desk.intake.take(failure_of(model, 1))

    def lose(self, model: str, not_started: bool = False) -> None:
        place = self.models.index(model)
        loss = pb.Loss(model=place, reason="gone", task_ids=[1], not_started=not_started)
        self.desk.session.take(pb.CollectRequest(losses=[loss]))

    def run_out_of_time(self) -> None:
        self.desk.pass_time(DEADLINE)

    @property
    def waits(self) -> bool:
        return not self.desk.decided

    def undecided(self) -> list[int]:
        """The records that the router was last told are not decided: all copies of each, or none."""
        (*_, last) = self.desk.told()
        rows = list(last.undecided) or list(range(self.records * self.copies))
        found = sorted({row // self.copies for row in rows})
        assert len(rows) == len(found) * self.copies
        return found

    def verdicts(self, at_deadline: bool = False) -> list[Verdict]:
        """What came of each record, the same for all its copies; and whether its time had run out."""
        decided = self.desk.decision()
        assert decided.deadline_reached == at_deadline
        decision = decided.decision
        rows = [
            (
                "-" if who < 0 else self.models[who],
                reason,
                "".join(name for place, name in enumerate(self.models) if agreed >> place & 1),
            )
            for who, reason, agreed in zip(
                decision.answered_by, reasons(decision), decision.agreed, strict=True
            )
        ]
        firsts = rows[:: self.copies]
        assert rows == [first for first in firsts for _ in range(self.copies)]
        return firsts

    def verdict(self, at_deadline: bool = False) -> Verdict:
        """What came of the only record."""
        (verdict,) = self.verdicts(at_deadline)
        return verdict


BatchOf = Callable[..., Batch]


@pytest.fixture(params=[1, 20], ids=["as it stands", "in bulk"])
async def batch_of(request: pytest.FixtureRequest) -> AsyncIterator[BatchOf]:
    """Makes a batch; after the test nothing may be left of it."""
    batches: list[Batch] = []

    def make(policy: str, models: str = "a b c", records: int = 1) -> Batch:
        batches.append(Batch(request.param, policy, models, records))
        return batches[-1]

    yield make
    for batch in batches:
        batch.desk.assert_empty()
        batch.desk.open_tasks.close()


# -- every record of a batch decided differently -------------------------------------------------------

THREE_DEEP = (
    "{consensus: {quorum: 4}, otherwise: {consensus: {quorum: 3},"
    " otherwise: {quality: {by: confidence, good_enough: 0.9}}}, default: {value: w}}"
)


def ask_four(batch: Batch) -> None:
    """Let all but e answer eight records."""
    batch.open()
    for model, column, trust in (
        ("a", ["x", "x", "x", "x", None, "x", "x", None], [0.1, 0.1, 0.95, 0.1, 0.1, 0.3, 0.1, 0]),
        ("b", ["x", "x", "y", "y", None, "x", "x", None], [0.1, 0.1, 0.10, 0.2, 0.1, 0.4, 0.1, 0]),
        ("c", ["x", "x", "z", "z", None, None, "y", None], [0.1, 0.1, 0.1, 0.3, 0.1, 0, 0.2, 0]),
        ("d", ["x", "y", "v", "v", None, None, "y", "v"], [0.1, 0.1, 0.1, 0.4, 0.1, 0, 0.1, 0.7]),
    ):
        assert batch.waits
        batch.say(model, *column, trust=trust)


async def test_records_are_decided_each_by_its_own_rule_as_soon_as_it_can_be(
    batch_of: BatchOf,
) -> None:
    batch = batch_of(THREE_DEEP, "a b c d e", records=8)
    ask_four(batch)
    # The first has four of five; the third can have no three any more, and somebody good enough.
    assert batch.undecided() == [1, 3, 4, 5, 6, 7]
    batch.say("e", "x", "z", "y", "u", None, "y", "y", None, trust=[0.9, 0, 1, 0.8, 0, 0.2, 0.1, 0])
    assert batch.verdicts() == [
        ("a", "CONSENSUS", "abcd"),  # e agrees too, but too late to be asked
        ("a", "CONSENSUS", "abc"),  # by otherwise
        ("a", "GOOD_ENOUGH", "a"),  # by otherwise of otherwise, though e is surer
        ("e", "BEST_QUALITY", "e"),
        ("-", "DEFAULT", ""),
        ("b", "BEST_QUALITY", "ab"),
        ("c", "CONSENSUS", "cde"),  # three only with e
        ("d", "BEST_QUALITY", "d"),
    ]


@pytest.mark.parametrize("end", ["e fails", "e is lost", "no time is left"])
async def test_what_cannot_come_any_more_is_decided_without(batch_of: BatchOf, end: str) -> None:
    batch = batch_of(THREE_DEEP, "a b c d e", records=8)
    ask_four(batch)
    if end == "e fails":
        batch.fail("e")
    elif end == "e is lost":
        batch.lose("e")
    else:
        batch.run_out_of_time()
    assert batch.verdicts(at_deadline=end == "no time is left") == [
        ("a", "CONSENSUS", "abcd"),
        ("a", "CONSENSUS", "abc"),
        ("a", "GOOD_ENOUGH", "a"),
        ("d", "BEST_QUALITY", "d"),
        ("-", "DEFAULT", ""),
        ("b", "BEST_QUALITY", "ab"),
        ("c", "BEST_QUALITY", "cd"),
        ("d", "BEST_QUALITY", "d"),
    ]


async def test_pluralities_fall_one_by_one_as_nobody_can_catch_up_any_more(
    batch_of: BatchOf,
) -> None:
    batch = batch_of("{consensus: {quorum: all}}", "a b c d e", records=6)
    batch.open()
    batch.say("a", "x", "x", "x", None, "x", "x", trust=[0.5] * 6)
    batch.say("b", "x", "x", "x", None, None, "y", trust=[0.5] * 6)
    batch.say("c", "x", "x", "y", None, None, "z", trust=[0.5] * 6)
    assert batch.undecided() == [0, 1, 2, 3, 4, 5]
    batch.say("d", "x", "y", "y", None, None, "v", trust=[0.6] * 6)
    assert batch.undecided() == [0, 2, 3, 4, 5]  # three against one and who is out
    batch.say("e", "x", "y", "y", None, None, "u", trust=[0.5] * 6)
    assert batch.verdicts() == [
        ("a", "CONSENSUS", "abcde"),
        ("a", "PLURALITY", "abc"),
        ("c", "PLURALITY", "cde"),
        ("-", "NO_ANSWER", ""),
        ("a", "PLURALITY", "a"),
        ("d", "PLURALITY", "d"),  # all alone, and d the surest
    ]


LAST_IS_TIMEOUT = (
    "{consensus: {quorum: all}, otherwise: {consensus: {quorum: majority},"
    " otherwise: {timeout: {}}}}"
)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (
            "a answers",
            [("a", "CONSENSUS", "abcd"), ("a", "PREFERRED", "ab"), ("a", "CONSENSUS", "acd")],
        ),
        ("a fails", [("b", "CONSENSUS", "bcd"), ("b", "PREFERRED", "b"), ("b", "PREFERRED", "b")]),
        (
            "no time is left",
            [("b", "CONSENSUS", "bcd"), ("b", "BEST_AVAILABLE", "b"), ("b", "BEST_AVAILABLE", "b")],
        ),
    ],
)
async def test_the_last_of_three_rules_waits_for_whom_the_others_need_not(
    batch_of: BatchOf, end: str, expected: list[Verdict]
) -> None:
    batch = batch_of(LAST_IS_TIMEOUT, "a b c d", records=3)
    batch.open()
    batch.say("d", "x", "x", "x")
    batch.say("c", "x", "y", "x")
    batch.say("b", "x", "z", "y")
    assert batch.undecided() == [0, 1, 2]
    if end == "a answers":
        batch.say("a", "x", "z", "x")
    elif end == "a fails":
        batch.fail("a")
    else:
        batch.run_out_of_time()
    assert batch.verdicts(at_deadline=end == "no time is left") == expected


# -- a quorum that has become impossible ---------------------------------------------------------------


@pytest.mark.parametrize(
    "how", ["fails", "is lost", "is not started", "has no time", "has no host"]
)
@pytest.mark.parametrize("when", ["first", "last"])
async def test_who_will_not_answer_makes_a_quorum_impossible_at_once(
    batch_of: BatchOf, how: str, when: str
) -> None:
    batch = batch_of("{consensus: {quorum: 3}, otherwise: {quality: {by: confidence}}}")

    def give_up() -> None:
        if how == "fails":
            batch.fail("c")
        elif how in ("is lost", "is not started"):
            batch.lose("c", not_started=how == "is not started")

    batch.open(hosted="ab" if how == "has no host" else "", no_time="c" * (how == "has no time"))
    if when == "first":
        give_up()
    batch.say("a", "x", trust=[0.5])
    assert batch.waits  # for b may be surer
    batch.say("b", "x", trust=[0.7])
    if when == "last":
        assert batch.waits == (how not in ("has no time", "has no host"))
        give_up()
    assert batch.verdict() == ("b", "BEST_QUALITY", "ab")


async def test_a_heavy_model_that_fails_takes_the_quorum_with_it(batch_of: BatchOf) -> None:
    batch = batch_of("{consensus: {weights: {a: 3}}, otherwise: {timeout: {}}}")
    batch.open()
    batch.say("b", "x")
    assert batch.waits
    batch.fail("a")  # two votes of five are left
    assert batch.verdict() == ("b", "PREFERRED", "b")


async def test_a_quorum_that_the_others_can_still_make_is_waited_for(batch_of: BatchOf) -> None:
    batch = batch_of("{consensus: {weights: {a: 3}, quorum: 2}, otherwise: {timeout: {}}}")
    batch.open()
    batch.say("b", "x")
    batch.fail("a")
    assert batch.waits
    batch.say("c", "x")
    assert batch.verdict() == ("b", "CONSENSUS", "bc")


async def test_a_record_without_an_answer_is_a_vote_less_for_itself_only(batch_of: BatchOf) -> None:
    batch = batch_of("{consensus: {quorum: all}, otherwise: {timeout: {}}}", records=2)
    batch.open()
    batch.say("a", "x", None)
    assert batch.undecided() == [0, 1]
    batch.say("b", "x", "y")
    assert batch.undecided() == [0]
    batch.say("c", "x", "y")
    assert batch.verdicts() == [("a", "CONSENSUS", "abc"), ("b", "PREFERRED", "b")]


async def test_whoever_failed_and_answers_after_all_makes_the_quorum_possible_again(
    batch_of: BatchOf,
) -> None:
    batch = batch_of("{consensus: {quorum: all}, otherwise: {timeout: {}}}")
    batch.open()
    batch.lose("a")
    batch.say("a", "x")  # from a second host
    assert batch.waits
    batch.say("b", "x")
    batch.say("c", "x")
    assert batch.verdict() == ("a", "CONSENSUS", "abc")


# -- weights -------------------------------------------------------------------------------------------


async def test_a_heavy_model_has_the_quorum_alone_and_the_light_ones_not_even_together(
    batch_of: BatchOf,
) -> None:
    batch = batch_of("{consensus: {weights: {c: 2.5}}}", records=2)
    batch.open()
    batch.say("a", "x", "x")
    batch.say("b", "x", "x")
    assert batch.undecided() == [0, 1]
    batch.say("c", "y", "x")
    assert batch.verdicts() == [("c", "CONSENSUS", "c"), ("a", "CONSENSUS", "abc")]


async def test_seven_tenths_and_one_tenth_are_eight_tenths(batch_of: BatchOf) -> None:
    """In floating point they are less."""
    batch = batch_of("{consensus: {quorum: 0.8, weights: {a: 0.1, b: 0.7, c: 0.1}}}")
    batch.open()
    batch.say("a", "x")
    batch.say("b", "x")
    assert batch.verdict() == ("a", "CONSENSUS", "ab")


async def test_one_tenth_and_two_tenths_are_no_more_than_three_tenths(batch_of: BatchOf) -> None:
    """In floating point they are more, and would be a majority against c."""
    batch = batch_of("{consensus: {weights: {a: 0.1, b: 0.2, c: 0.3}}}")
    batch.open()
    batch.say("a", "x")
    batch.say("b", "x")
    assert batch.waits
    batch.say("c", "y", trust=[0.5])
    assert batch.verdict() == ("c", "PLURALITY", "c")


# -- tolerance -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tolerance", "one", "other", "agree"),
    [
        ("0.5", 1.0, 1.5, True),
        ("0.5", 1.0, 1.5000001, False),
        ("0.5", -1.5, -1.0, True),
        ("0.5", -0.25, 0.25, True),
        ("0.5", -0.25, 0.26, False),
        ("0.1", 0.1, 0.2, True),
        ("0.1", 0.7, 0.8, True),  # their distance is more than 0.1 in floating point
        ("0.5", 1e300, -1e300, False),
        ("5%", 100.0, 95.0, True),
        ("5%", 95.0, 100.1, False),
        ("5%", -95.0, -100.0, True),
        ("5%", -95.0, -100.1, False),
        ("5%", -1.0, 1.0, False),
        ("5%", 0.0, -0.0, True),
        ("5%", 0.0, 1e-300, False),  # a share of nearly nothing is less
        ("100%", 0.0, 7.0, True),
        ("100%", -0.001, 7.0, False),
        ("0", 1.0, 1.0, True),
        ("0%", 1.0, 1.0000001, False),
        ("0", 0.0, -0.0, True),
    ],
)
async def test_numbers_agree_up_to_the_tolerance_and_no_further(
    batch_of: BatchOf, tolerance: str, one: float, other: float, agree: bool
) -> None:
    batch = batch_of(f"{{consensus: {{tolerance: {tolerance}}}}}", records=2)
    batch.open()
    batch.say("a", one, other)
    batch.say("b", other, one)
    if not agree:
        batch.run_out_of_time()
    reason, agreed = ("CONSENSUS", "ab") if agree else ("PLURALITY", "a")
    assert batch.verdicts(at_deadline=not agree) == [("a", reason, agreed)] * 2


async def test_the_nearest_to_the_median_speaks_below_zero_too(batch_of: BatchOf) -> None:
    batch = batch_of("{consensus: {quorum: all, tolerance: 10%}}", records=2)
    batch.open()
    batch.say("a", -110.0, -1.0)
    batch.say("b", -100.0, -0.0)
    batch.say("c", -105.0, 0.0)
    assert batch.verdicts() == [("c", "CONSENSUS", "abc"), ("b", "PLURALITY", "bc")]


# -- ties, one level after the other -------------------------------------------------------------------


def all_early(batch: Batch, trust: Sequence[float], *values: Value) -> Verdict:
    """Open a batch whose results are all there already, so that they are judged at once."""
    for model, value, confidence in zip(batch.models, values, trust, strict=True):
        batch.say(model, value, trust=[confidence])
    batch.open()
    return batch.verdict()


SUREST = "otherwise: {quality: {by: confidence}}"


async def test_a_tie_goes_to_the_group_that_otherwise_chooses(batch_of: BatchOf) -> None:
    batch = batch_of(f"{{consensus: {{quorum: 2}}, {SUREST}}}", "a b c d")
    # The mean is higher in the first group, the surest is in the second.
    verdict = all_early(batch, [0.8, 0.8, 0.1, 0.9], "x", "x", "y", "y")
    assert verdict == ("c", "CONSENSUS", "cd")


async def test_otherwise_breaks_a_tie_by_all_of_its_own_rules(batch_of: BatchOf) -> None:
    """The quorum of the second rule is met by neither, so that the third chooses."""
    nested = f"otherwise: {{consensus: {{quorum: 3}}, {SUREST}}}"
    batch = batch_of(f"{{consensus: {{quorum: 2}}, {nested}}}", "a b c d")
    verdict = all_early(batch, [0.8, 0.8, 0.1, 0.9], "x", "x", "y", "y")
    assert verdict == ("c", "CONSENSUS", "cd")


async def test_it_is_no_tie_where_one_has_the_larger_weight(batch_of: BatchOf) -> None:
    batch = batch_of(f"{{consensus: {{quorum: 2, weights: {{b: 1.5}}}}, {SUREST}}}", "a b c d")
    verdict = all_early(batch, [0.1, 0.1, 0.9, 0.9], "x", "x", "y", "y")
    assert verdict == ("a", "CONSENSUS", "ab")


async def test_a_tie_that_nobody_else_breaks_goes_to_the_mean_confidence(batch_of: BatchOf) -> None:
    batch = batch_of("{consensus: {quorum: 2}}", "a b c d")
    # The surest is in the first group, the mean is higher in the second.
    verdict = all_early(batch, [0.9, 0.1, 0.6, 0.6], "x", "x", "y", "y")
    assert verdict == ("c", "CONSENSUS", "cd")


async def test_a_tie_of_means_goes_to_the_order_in_the_plan(batch_of: BatchOf) -> None:
    batch = batch_of("{consensus: {quorum: 2}}", "a b c d")
    verdict = all_early(batch, [0.2, 0.1, 0.2, 0.1], "y", "x", "x", "y")
    assert verdict == ("a", "CONSENSUS", "ad")


@pytest.mark.parametrize(
    ("trust", "agreed"), [([0.1, 0.9, 0.2], "bc"), ([0.2, 0.9, 0.1], "ab"), ([0.2, 0.9, 0.2], "ab")]
)
async def test_whom_otherwise_chooses_may_be_in_both_groups_so_that_they_are_still_tied(
    batch_of: BatchOf, trust: list[float], agreed: str
) -> None:
    batch = batch_of(f"{{consensus: {{quorum: 2, tolerance: 0.5}}, {SUREST}}}")
    verdict = all_early(batch, trust, 1.0, 1.4, 1.8)
    assert verdict == (agreed[0], "CONSENSUS", agreed)


# -- policies and deadlines of single requests ---------------------------------------------------------


async def test_each_task_is_judged_by_the_policy_and_the_deadline_it_was_opened_with(
    batch_of: BatchOf,
) -> None:
    batch = batch_of("{consensus: {}}")
    desk, rows = batch.desk, batch.copies
    first = pb.PlanDefinition(key=2, plan=plan_of("{timeout: {}}"))
    desk.session.take(pb.CollectRequest(plans=[first]))
    desk.session.take(opening_of(1, rows=rows, deadline=0.05))
    desk.session.take(opening_of(2, rows=rows, deadline=0.05, plan_key=2))
    desk.session.take(opening_of(3, rows=rows, deadline=0.01, plan_key=2))
    again = pb.PlanDefinition(key=2, plan=plan_of("{timeout: {}, default: {value: w}}", "c b a"))
    desk.session.take(pb.CollectRequest(plans=[again]))
    desk.session.take(opening_of(4, rows=rows, deadline=0.02, plan_key=2))
    for task_id in (1, 2, 3):
        batch.desk.intake.take(in_bulk(batch, "b", task_id, "y"))
    assert batch.waits
    found = []
    for seconds in (0.01, 0.01, 0.02):
        desk.pass_time(seconds)
        found += [answered(batch) for _ in desk.decided]
    assert found == [(3, "y", "BEST_AVAILABLE"), (4, "w", "DEFAULT")]
    desk.intake.take(in_bulk(batch, "a", 2, "x"))
    assert answered(batch) == (2, "x", "PREFERRED")
    desk.pass_time(0.01)
    assert answered(batch) == (1, "y", "PLURALITY")


def in_bulk(batch: Batch, model: str, task_id: int, value: Value) -> pb.ReportRequest:
    return report_of(model, {task_id: [value] * batch.copies})


def answered(batch: Batch) -> tuple[int, Value, str]:
    """Which task was decided, what is answered to all of its records, and why."""
    decided = batch.desk.decision()
    (answer,) = set(answers(decided.decision))
    (reason,) = set(reasons(decided.decision))
    return decided.task_id, answer, reason
