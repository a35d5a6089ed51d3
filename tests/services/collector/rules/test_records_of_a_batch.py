"""Records of one batch that are decided each by its own, and tasks by their own policies."""

from __future__ import annotations

import pytest

from hedgerow.v1 import collection_pb2 as pb
from services.collector.rules.verdict import Value
from tests.services.collector.harness import opening_of, plan_of, report_of
from tests.services.collector.rules.batch import Batch, BatchOf, Verdict
from tests.services.decisions import answers, reasons

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
        batch.say(model, *column, confidences=trust)


async def test_records_are_decided_each_by_its_own_rule_as_soon_as_it_can_be(
    batch_of: BatchOf,
) -> None:
    batch = batch_of(THREE_DEEP, "a b c d e", records=8)
    ask_four(batch)
    # The first has four of five; the third can have no three any more, and somebody good enough.
    assert batch.undecided() == [1, 3, 4, 5, 6, 7]
    batch.say(
        "e", "x", "z", "y", "u", None, "y", "y", None, confidences=[0.9, 0, 1, 0.8, 0, 0.2, 0.1, 0]
    )
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
    in_time = end == "no time is left"
    best = "BEST_QUALITY_IN_TIME" if in_time else "BEST_QUALITY"
    assert batch.verdicts(at_deadline=in_time) == [
        ("a", "CONSENSUS", "abcd"),
        ("a", "CONSENSUS", "abc"),
        ("a", "GOOD_ENOUGH", "a"),
        ("d", best, "d"),
        ("-", "DEFAULT", ""),
        ("b", best, "ab"),
        ("c", best, "cd"),
        ("d", best, "d"),
    ]


async def test_pluralities_fall_one_by_one_as_nobody_can_catch_up_any_more(
    batch_of: BatchOf,
) -> None:
    batch = batch_of("{consensus: {quorum: all}}", "a b c d e", records=6)
    batch.open()
    batch.say("a", "x", "x", "x", None, "x", "x", confidences=[0.5] * 6)
    batch.say("b", "x", "x", "x", None, None, "y", confidences=[0.5] * 6)
    batch.say("c", "x", "x", "y", None, None, "z", confidences=[0.5] * 6)
    assert batch.undecided() == [0, 1, 2, 3, 4, 5]
    batch.say("d", "x", "y", "y", None, None, "v", confidences=[0.6] * 6)
    assert batch.undecided() == [0, 2, 3, 4, 5]  # three against one and who is out
    batch.say("e", "x", "y", "y", None, None, "u", confidences=[0.5] * 6)
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
    assert answered(batch) == (1, "y", "PLURALITY_IN_TIME")


def in_bulk(batch: Batch, model: str, task_id: int, value: Value) -> pb.ReportRequest:
    return report_of(model, {task_id: [value] * batch.copies})


def answered(batch: Batch) -> tuple[int, Value, str]:
    """Which task was decided, what is answered to all of its records, and why."""
    decided = batch.desk.decision()
    (answer,) = set(answers(decided.decision))
    (reason,) = set(reasons(decided.decision))
    return decided.task_id, answer, reason
