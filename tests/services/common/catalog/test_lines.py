"""Who answers for the models of a plan while that moves from version to version."""

from __future__ import annotations

import pytest

from hedgerow.v1.events_pb2 import ModelEvent
from hedgerow.v1.models_pb2 import (
    VERSION_STATE_FAILED,
    VERSION_STATE_LOADING,
    VERSION_STATE_PUSHED,
)
from services.common.catalog import Candidates, Catalog
from tests.services.common.events import (
    abandoned,
    alias_deleted,
    alias_set,
    applied,
    named,
    pushed,
    reported,
)


class Wine:
    """A catalog of one data type, with a tree of some versions."""

    def __init__(self, versions: int = 3, live: int = 0) -> None:
        self.catalog = Catalog()
        for version in range(1, versions + 1):
            self.then(pushed("tree", version))
        if live:
            self.then(reported(f"tree@{live}"))

    def then(self, *events: ModelEvent) -> Wine:
        for event in events:
            self.catalog.apply("wine", event)
        return self

    def serves(self, version: int, ends: int = 0) -> Wine:
        """A version serves, and another one does not any more."""
        self.then(reported(f"tree@{version}"))
        return self.ends(ends) if ends else self

    def ends(self, version: int) -> Wine:
        return self.then(reported(f"tree@{version}", VERSION_STATE_PUSHED))

    def answering(self) -> tuple[int, ...]:
        """Who may answer for the first model of the plan."""
        return self.candidates.versions

    @property
    def candidates(self) -> Candidates:
        return self.catalog.candidates("wine")[0]


def test_the_newest_takes_over_from_the_one_before_it() -> None:
    wine = Wine(2, live=2)
    assert wine.answering() == (2,)
    wine.then(pushed("tree", 3))
    assert wine.answering() == (3, 2)
    wine.then(pushed("tree", 4))
    assert wine.answering() == (4, 2)
    wine.serves(4, ends=2)
    assert wine.answering() == (4, 2)


def test_a_newest_that_fails_never_takes_over_and_is_told_with_its_reason() -> None:
    wine = Wine(2, live=2).then(
        pushed("tree", 3), reported("tree@3", VERSION_STATE_FAILED, reason="no such tensor")
    )
    assert wine.candidates == Candidates(3, (2,), (), "no such tensor")
    wine.then(ModelEvent(retried=named("tree@3")))
    assert wine.candidates == Candidates(3, (3, 2), (2,), "")


def test_a_plan_that_pins_an_older_version_waits_for_it() -> None:
    wine = Wine(3, live=3).then(applied(1, "tree@1"))
    assert wine.answering() == (1, 3)
    wine.serves(1, ends=3)
    assert wine.answering() == (1, 3)


def test_from_the_default_plan_to_a_pin_the_one_that_serves_answers_though_a_newer_loads() -> None:
    wine = Wine(2, live=2).then(pushed("tree", 3), applied(1, "tree@1"))
    assert wine.answering() == (1, 2)


def test_two_changes_in_a_row_leave_the_one_that_serves() -> None:
    """The one in between has served long ago, and was not loaded again before it was passed over."""
    wine = Wine(3)
    for version in (1, 2, 3):
        wine.serves(version, ends=version - 1 or 0)
    wine.then(applied(1, "tree@3"), applied(2, "tree@2"), applied(3, "tree@1"))
    assert wine.answering() == (1, 3)
    wine.serves(1).ends(3)
    assert wine.candidates == Candidates(1, (1, 3), (2, 3))


def test_after_a_rollback_the_one_that_the_next_one_leads_to_is_kept_warm() -> None:
    wine = Wine(3).serves(1).serves(2).serves(3)
    wine.then(*(alias_set(f"tree@{v}") for v in (1, 2, 3)), applied(1, "tree@champion"))
    assert wine.candidates.warm == (2, 1)
    wine.then(alias_set("tree@2", rollback=True))
    assert wine.candidates == Candidates(2, (2, 3), (1, 3))


def test_executors_that_start_again_during_a_rollback_give_no_third_version_a_chance() -> None:
    """Whatever they have loaded first: the newest is loaded in any case, and was answering once."""
    wine = Wine(3, live=3).then(alias_set("tree@1"), applied(1, "tree@champion")).serves(1)
    wine.then(alias_set("tree@2")).serves(2, ends=1).then(alias_set("tree@1", rollback=True))
    assert wine.answering() == (1, 2)
    wine.ends(2)
    assert wine.answering() == (1, 2)  # and not 3, which is live
    again = Catalog()
    again.load("wine", wine.catalog.snapshot("wine"))
    assert again.candidates("wine")[0].versions == (1, 2)


def test_from_newest_to_pin_to_alias_and_back_it_goes_on_from_what_was_before() -> None:
    wine = Wine(3, live=3).then(alias_set("tree@2"))
    wine.then(applied(1, "tree"))
    assert wine.answering() == (3,)
    wine.then(applied(2, "tree@1"))
    assert wine.answering() == (1, 3)
    wine.serves(1, ends=3).then(applied(3, "tree@champion"))
    assert wine.answering() == (2, 1)
    wine.serves(2, ends=1).then(alias_set("tree@1"))
    assert wine.answering() == (1, 2)
    wine.serves(1, ends=2).then(applied(4, "tree"))
    assert wine.answering() == (3, 1)


def test_two_entries_of_a_model_go_on_each_by_itself() -> None:
    wine = Wine(4)
    wine.serves(3).serves(4).then(alias_set("tree@3"), applied(1, "tree@champion", "tree@4"))
    assert [c.versions for c in wine.catalog.candidates("wine")] == [(3, 4), (4,)]
    wine.then(applied(2, "tree@4", "tree@champion"))  # another order
    assert [c.versions for c in wine.catalog.candidates("wine")] == [(4,), (3, 4)]
    wine.then(alias_set("tree@2"))
    assert [c.versions for c in wine.catalog.candidates("wine")] == [(4,), (2, 3)]
    wine.then(
        applied(3, "tree@1", "tree@4")
    )  # what pinned 4 goes on, the other takes up the alias'
    assert [c.versions for c in wine.catalog.candidates("wine")] == [(1, 3), (4,)]
    wine.then(applied(4, "tree@1", "tree@4", "tree@2"))  # nobody was there before it
    assert [c.versions for c in wine.catalog.candidates("wine")] == [(1, 3), (4,), (2,)]


def test_a_retired_version_answers_no_more_and_the_one_before_it_does() -> None:
    wine = Wine(3).serves(2).serves(3).then(applied(1, "tree@2"), applied(2, "tree@3"))
    wine.then(ModelEvent(retired=named("tree@3")))
    assert wine.candidates == Candidates(3, (2,), (2,), "it is retired")
    wine.then(ModelEvent(deleted=named("tree@2")))
    assert wine.candidates == Candidates(3, (), (), "it is retired")


def test_a_change_that_is_given_up_stays_with_the_one_before_and_says_why() -> None:
    wine = Wine(3, live=1).then(alias_set("tree@1"), applied(1, "tree@champion"))
    wine.then(alias_set("tree@2"), reported("tree@2", VERSION_STATE_LOADING))
    assert wine.answering() == (2, 1)
    wine.then(abandoned("tree@champion", 3), abandoned("tree@champion", 1))  # of others: nothing
    assert wine.answering() == (2, 1)
    wine.then(abandoned("tree@champion", 2))
    assert wine.candidates == Candidates(2, (1,), (), "given up: no room")
    wine.serves(2)  # too late, until somebody asks
    assert wine.answering() == (1,)
    again = Catalog()
    again.load("wine", wine.catalog.snapshot("wine"))
    assert again.candidates("wine") == wine.catalog.candidates("wine")


@pytest.mark.parametrize(
    "asked",
    [
        [alias_set("tree@2")],
        [ModelEvent(retried=named("tree@2"))],
        [applied(2, "tree@champion")],
        [applied(2, "tree@champion", "net")],
        [alias_set("tree@3"), alias_set("tree@2")],
    ],
)
def test_what_was_given_up_is_tried_when_somebody_asks_anew(asked: list[ModelEvent]) -> None:
    wine = Wine(3, live=1).then(
        pushed("net"), alias_set("tree@1"), applied(1, "tree@champion"), alias_set("tree@2")
    )
    wine.then(abandoned("tree@champion", 2))
    assert wine.answering() == (1,)
    wine.then(*asked)
    assert wine.candidates == Candidates(2, (2, 1), (1,))


def test_what_has_nothing_before_it_is_not_given_up() -> None:
    wine = Wine(1).then(applied(1, "tree@1"), abandoned("tree@1", 1))
    assert wine.candidates == Candidates(1, (1,))


def test_an_alias_that_is_deleted_leaves_what_answers() -> None:
    wine = Wine(2, live=2).then(alias_set("tree@2"), applied(1, "tree@champion"))
    wine.then(alias_deleted("tree"))
    assert wine.candidates == Candidates(0, (2,))


def test_a_plan_of_before_is_answered_for_by_what_it_said() -> None:
    wine = Wine(3, live=1).then(applied(1, "tree@1"), applied(2, "tree@3"))
    before, now = wine.catalog.plans("wine")
    assert wine.catalog.candidates("wine", before)[0].versions == (1,)
    assert wine.catalog.candidates("wine", now)[0].versions == (3, 1)


def test_who_looks_at_the_default_plan_changes_nothing() -> None:
    looked, not_looked = Wine(1), Wine(1)
    for wine in (looked, not_looked):
        for version in (2, 3):
            if wine is looked:
                wine.catalog.lines("wine")
            wine.then(pushed("tree", version))
        wine.then(applied(1, "tree@1")).serves(2)
    assert looked.catalog.snapshot("wine") == not_looked.catalog.snapshot("wine")
    assert looked.answering() == (1,)  # 2 was never what the plan pointed to
