"""Joins and streams in plans: read, refused, what holds by default, and what is the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hedgerow.errors import InvalidPlan
from hedgerow.plans.checks import check_plan
from hedgerow.plans.plan import plan_from_yaml
from hedgerow.plans.streams import Kept, StreamSettings, Unread, canonical, with_partitions
from hedgerow.v1 import plans_pb2 as pb
from tests.hedgerow.plans.texts import wine

ALL = """
join: keyed
stream:
  partitions: 8
  max_age: 30s
  tries: 4
  deduplicate: 10m
  records: {age: 2h, length: 1000}
  scores: {age: 48h, length: 2000}
  unread: pause
"""


def test_a_stream_is_read_as_it_was_meant() -> None:
    plan = plan_from_yaml(wine() + ALL)
    assert plan.join == pb.JOIN_KEYED
    assert StreamSettings.of(plan) == StreamSettings(
        partitions=8,
        max_age=timedelta(seconds=30),
        tries=4,
        deduplicate=timedelta(minutes=10),
        records=Kept(timedelta(hours=2), 1000),
        scores=Kept(timedelta(hours=48), 2000),
        unread=Unread.PAUSE,
    )


@pytest.mark.parametrize("said", ["", "stream:\n", "stream: {records: {}}\n", "join: balanced\n"])
def test_a_plan_that_says_nothing_has_what_holds_by_default(said: str) -> None:
    plan = plan_from_yaml(wine() + said)
    assert not plan.HasField("stream")
    assert StreamSettings.of(plan) == StreamSettings(
        partitions=1,
        max_age=None,
        tries=3,
        deduplicate=timedelta(minutes=2),
        records=Kept(timedelta(hours=1), 100_000),
        scores=Kept(timedelta(hours=24), 1_000_000),
        unread=Unread.KEEP,
    )


def test_ids_may_be_looked_at_never() -> None:
    plan = plan_from_yaml(wine() + "stream: {deduplicate: 0s}")
    assert StreamSettings.of(plan).deduplicate == timedelta(0)


@pytest.mark.parametrize(
    ("said", "path", "allowed"),
    [
        ("join: sticky", "join", "keyed or balanced"),
        ("join: 2", "join", "keyed or balanced"),
        ("join: [keyed]", "join", "keyed or balanced"),
        ("stream: 8", "stream", "keys with values"),
        ("stream: {partition: 8}", "stream", "allowed are partitions, max_age, tries"),
        ("stream: {partitions: 0}", "stream.partitions", "1 to 256"),
        ("stream: {partitions: 257}", "stream.partitions", "1 to 256"),
        ("stream: {partitions: 8.0}", "stream.partitions", "1 to 256"),
        ("stream: {partitions: true}", "stream.partitions", "1 to 256"),
        ("stream: {max_age: 30}", "stream.max_age", "30s or 2m"),
        ("stream: {max_age: soon}", "stream.max_age", "us, ms, s, m or h"),
        ("stream: {max_age: 0s}", "stream.max_age", "more than 0 and at most 24000h"),
        ("stream: {max_age: 24001h}", "stream.max_age", "more than 0 and at most 24000h"),
        ("stream: {tries: 0}", "stream.tries", "1 to 100"),
        ("stream: {tries: 101}", "stream.tries", "1 to 100"),
        ("stream: {deduplicate: 25h}", "stream.deduplicate", "at most 24h"),
        ("stream: {deduplicate: off}", "stream.deduplicate", "30s or 2m"),
        ("stream: {records: 1h}", "stream.records", "keys with values"),
        ("stream: {records: {size: 3}}", "stream.records", "allowed are age, length"),
        ("stream: {records: {age: 0s}}", "stream.records.age", "more than 0"),
        ("stream: {scores: {age: 24001h}}", "stream.scores.age", "1000 days"),
        ("stream: {scores: {length: 0}}", "stream.scores.length", "1 to 9223372036854775807"),
        ("stream: {unread: drop}", "stream.unread", "keep or pause"),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_path(said: str, path: str, allowed: str) -> None:
    with pytest.raises(InvalidPlan) as refusal:
        plan_from_yaml(wine() + said)
    assert str(refusal.value).startswith(f"{path}:")
    assert allowed in str(refusal.value)


def test_what_only_rpc_can_say_is_refused_too() -> None:
    def refused(path: str, **said: object) -> None:
        plan = plan_from_yaml(wine())
        plan.MergeFrom(pb.Plan(**said))  # type: ignore[arg-type]
        with pytest.raises(InvalidPlan, match=path):
            check_plan(plan)

    negative = pb.StreamPlan()
    negative.deduplicate.FromMicroseconds(-1)
    refused("join: 9 is not known; give keyed or balanced", join=9)
    refused(r"stream\.unread: 9 is not known; give", stream=pb.StreamPlan(unread=9))  # type: ignore[arg-type]
    refused(r"stream\.partitions: 257 are too", stream=pb.StreamPlan(partitions=257))
    refused(r"stream\.tries: 101 are too many", stream=pb.StreamPlan(tries=101))
    refused(r"stream\.deduplicate: it must be 0s", stream=negative)
    much = pb.StreamPlan(scores=pb.Retention(length=2**63))
    refused(r"stream\.scores\.length: 9223372036854775808 are too many", stream=much)


def test_what_means_nothing_else_than_silence_is_the_same_plan() -> None:
    silent = plan_from_yaml(wine())
    said = plan_from_yaml(wine() + "join: balanced\nstream: {partitions: 1, unread: keep}\n")
    said.stream.records.SetInParent()
    assert said != silent
    assert canonical(said) == canonical(silent) == silent
    for other in ("join: keyed", "stream: {partitions: 2}", "stream: {deduplicate: 0s}"):
        assert canonical(plan_from_yaml(wine() + other)) != silent


def test_the_number_of_partitions_is_filled_in_where_nobody_says_one() -> None:
    silent = plan_from_yaml(wine())
    assert with_partitions(silent, 1) == silent
    assert StreamSettings.of(with_partitions(silent, 8)).partitions == 8
    more = plan_from_yaml(wine() + "stream: {partitions: 16}")
    assert with_partitions(more, 8) == more
