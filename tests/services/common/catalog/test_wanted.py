"""Which versions executors are to run."""

from __future__ import annotations

from hedgerow.v1.events_pb2 import ModelEvent
from hedgerow.v1.models_pb2 import VERSION_STATE_FAILED, VERSION_STATE_PUSHED
from services.common.catalog import Succession, WantedVersions
from tests.services.common.catalog.test_lines import Wine
from tests.services.common.events import applied, named, pushed, reported


def wanted(wine: Wine) -> WantedVersions:
    return wine.catalog.wanted("wine")


def texts(wine: Wine) -> list[str]:
    return sorted(f"{name}@{version}" for name, version in wanted(wine).versions)


def test_the_newest_of_each_model_is_wanted_and_what_the_plan_pins() -> None:
    wine = Wine(3, live=3).then(pushed("net"), applied(1, "tree@1"))
    assert texts(wine) == ["net@1", "tree@1", "tree@3"]
    assert wanted(wine).successions == (Succession("tree", 1, 3),)


def test_a_newest_that_failed_is_not_wanted_and_the_one_before_it_is() -> None:
    wine = Wine(2).then(reported("tree@2", VERSION_STATE_FAILED))
    assert texts(wine) == ["tree@1"]
    wine.then(ModelEvent(retired=named("tree@1")))
    assert texts(wine) == []


def test_former_versions_are_kept_warm_as_the_plan_says() -> None:
    plan = applied(9, "tree@4")
    plan.plan_applied.keep_warm = 1
    wine = Wine(4)
    for version in (1, 2, 3, 4):
        wine.serves(version).then(applied(version, f"tree@{version}"))
    assert texts(wine) == ["tree@4"]
    wine.then(pushed("tree", 5), plan)
    assert texts(wine) == ["tree@3", "tree@4", "tree@5"]
    assert wanted(wine).warm == {("tree", 3)}


def test_the_revision_before_is_wanted_until_the_one_in_force_can_answer_in_full() -> None:
    wine = Wine(2, live=1).then(applied(1, "tree@1"), pushed("net"), pushed("oak"))
    wine.then(applied(2, "net", "oak"))
    assert texts(wine) == ["net@1", "oak@1", "tree@1", "tree@2"]
    wine.then(reported("net@1"))
    assert "tree@1" in texts(wine)
    wine.then(reported("oak@1"))
    assert texts(wine) == ["net@1", "oak@1", "tree@2"]


def test_of_several_revisions_in_a_row_the_one_that_answers_is_wanted() -> None:
    wine = Wine(2, live=1).then(applied(1, "tree@1"), pushed("net"), pushed("oak"))
    wine.then(applied(2, "net@1"), applied(3, "oak@1"))
    assert "tree@1" in texts(wine)


def test_what_served_long_ago_and_does_not_now_lets_nothing_go() -> None:
    wine = Wine(2, live=1).then(pushed("net"), reported("net@1"), pushed("net", 2))
    wine.then(reported("net@1", VERSION_STATE_PUSHED), applied(1, "tree@1"), applied(2, "net@1"))
    assert "tree@1" in texts(wine)
    wine.then(reported("net@1"))
    assert texts(wine) == ["net@1", "net@2", "tree@2"]


def test_shadows_let_nobody_wait() -> None:
    plan = applied(2, "net", "oak")
    plan.plan_applied.models[1].shadow = True
    wine = Wine(2, live=1).then(pushed("net"), pushed("oak"), applied(1, "tree@1"), plan)
    assert "tree@1" in texts(wine)
    wine.then(reported("net@1"))
    assert texts(wine) == ["net@1", "oak@1", "tree@2"]


def test_another_plan_can_be_looked_at_and_changes_nothing() -> None:
    wine = Wine(3, live=3).then(applied(1, "tree@3"))
    before = wine.catalog.snapshot("wine")
    other = wine.catalog.with_plan(applied(2, "tree@1").plan_applied)
    assert other.candidates("wine")[0].versions == (1, 3)
    assert {("tree", 1), ("tree", 3)} == other.wanted("wine").versions
    assert wine.catalog.snapshot("wine") == before
    assert wine.answering() == (3,)
