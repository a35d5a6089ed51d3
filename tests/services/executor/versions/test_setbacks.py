"""Refusals are final, deaths and circumstances are tried again, and who dies too often is given up."""

from __future__ import annotations

from services.common.recent_versions import VersionKey
from services.executor.versions.setbacks import Lasts, Setbacks

TREE = VersionKey("wine", "tree", 2)
OTHER = TREE._replace(version=3)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_version_is_given_up_at_the_last_death_of_many() -> None:
    setbacks = Setbacks(deaths=3, window_seconds=60)
    setbacks.died(TREE, "signal SIGSEGV", served_seconds=10)
    setbacks.died(TREE, "signal SIGSEGV", served_seconds=10)
    assert not setbacks.given_up
    setbacks.died(TREE, "exit code 1", served_seconds=10)
    assert setbacks.given_up == {TREE: "died 3 times in 60 s; the last time exit code 1"}
    assert not setbacks.waiting


def test_deaths_that_are_far_apart_do_not_add_up() -> None:
    setbacks = Setbacks(deaths=3, window_seconds=60)
    for _ in range(10):
        setbacks.died(TREE, "x", served_seconds=40)
    assert not setbacks.given_up


def test_what_takes_minutes_to_load_and_dies_is_given_up_as_well() -> None:
    clock = Clock()
    setbacks = Setbacks(3, 60, clock)
    for _ in range(3):
        setbacks.died(TREE, "did not load for 120 s and was killed", served_seconds=0)
        clock.now += 120
    assert setbacks.given_up.keys() == {TREE}


def test_deaths_of_one_version_do_not_count_for_another() -> None:
    setbacks = Setbacks(deaths=2, window_seconds=60)
    setbacks.died(TREE, "x", 0)
    setbacks.died(OTHER, "x", 0)
    assert not setbacks.given_up


def test_a_version_that_cannot_be_loaded_is_given_up_at_once() -> None:
    setbacks = Setbacks(deaths=3, window_seconds=60)
    setbacks.refuse(TREE, "not a model")
    assert setbacks.given_up == {TREE: "not a model"}


def test_a_circumstance_is_tried_again_for_ever_with_pauses_that_grow_to_a_bound() -> None:
    clock = Clock()
    setbacks = Setbacks(3, 60, clock)
    pauses = []
    for _ in range(9):
        setbacks.prevented(TREE, "the disk is full")
        pauses.append(setbacks.pause(TREE))
        clock.now += 100
    assert pauses == [0, 0.5, 1, 2, 4, 8, 15, 15, 15]
    assert not setbacks.given_up
    assert setbacks.waiting == {TREE: "the disk is full; tried again after 15 s"}


def test_the_first_replacement_follows_at_once_and_those_after_it_wait() -> None:
    clock = Clock()
    setbacks = Setbacks(5, 60, clock)
    pauses = []
    for _ in range(4):
        setbacks.died(TREE, "x", 1)
        pauses.append(setbacks.pause(TREE))
        setbacks.serves(TREE)
        clock.now += 1
    assert pauses == [0, 0.5, 1, 2]


def test_what_serves_is_waited_for_no_more() -> None:
    setbacks = Setbacks(5, 60, Clock())
    for _ in range(3):
        setbacks.prevented(TREE, "the log is away")
    assert setbacks.held_back == [TREE]
    setbacks.serves(TREE)
    assert not setbacks.held_back
    assert not setbacks.waiting
    assert setbacks.pause(TREE) <= 0
    setbacks.prevented(TREE, "the log is away")
    assert setbacks.pause(TREE) <= 0  # it begins anew


def test_what_lasts_has_failed_until_there_is_room() -> None:
    clock = Clock()
    setbacks = Setbacks(5, 60, clock)
    setbacks.prevented(TREE, "no port is left", Lasts.UNTIL_PORT)
    assert setbacks.failed == {TREE}
    assert setbacks.held_back == [TREE], "the version before it is wanted at once"
    assert not setbacks.given_up
    assert setbacks.pause(TREE) > 0
    setbacks.prevented(OTHER, "the disk is full")
    setbacks.prevented(OTHER, "the disk is full")
    setbacks.room(Lasts.UNTIL_PORT)
    assert setbacks.pause(TREE) <= 0
    assert setbacks.pause(OTHER) > 0
    setbacks.serves(TREE)
    assert not setbacks.failed


def test_what_costs_a_lot_to_try_has_long_pauses_and_what_waits_for_room_is_tried_when_there_is() -> (
    None
):
    clock = Clock()
    setbacks = Setbacks(5, 60, clock)
    pauses = []
    for _ in range(8):
        setbacks.prevented(TREE, "it has other bytes", Lasts.UNTIL_CHANGED)
        pauses.append(setbacks.pause(TREE))
        clock.now += 1000
    assert pauses == [15, 30, 60, 120, 240, 480, 600, 600]
    setbacks.prevented(TREE, "it has other bytes", Lasts.UNTIL_CHANGED)
    setbacks.prevented(OTHER, "the disk is full", Lasts.UNTIL_ROOM)
    assert setbacks.failed == {TREE, OTHER}
    setbacks.room(Lasts.UNTIL_ROOM)
    assert setbacks.pause(OTHER) <= 0
    assert setbacks.pause(TREE) > 0
    assert setbacks.waiting == {
        TREE: "it has other bytes; tried again after 600 s",
        OTHER: "the disk is full; tried again when there is room",
    }


def test_a_version_that_had_room_and_died_has_not_failed_for_want_of_it() -> None:
    setbacks = Setbacks(5, 60, Clock())
    setbacks.prevented(TREE, "no port is left", Lasts.UNTIL_PORT)
    setbacks.died(TREE, "x", 0)
    assert not setbacks.failed


def test_one_failure_alone_does_not_bring_the_version_before_back() -> None:
    setbacks = Setbacks(5, 60, Clock())
    setbacks.died(TREE, "x", 0)
    setbacks.prevented(OTHER, "x")
    assert not setbacks.held_back


def test_versions_that_are_not_wanted_are_forgotten_and_those_given_up_are_not() -> None:
    setbacks = Setbacks(2, 60, Clock())
    for version in range(500):
        setbacks.prevented(TREE._replace(version=version), "x")
    setbacks.refuse(OTHER, "x")
    setbacks.keep({TREE})
    assert setbacks.waiting.keys() == {TREE}
    assert setbacks.given_up.keys() == {OTHER}
