"""Versions that keep dying are given up."""

from services.common.recent_versions import VersionKey
from services.executor.quarantine import Quarantine

TREE = VersionKey("wine", "tree", 2)


def test_a_version_is_given_up_at_the_last_death_of_many_in_the_window() -> None:
    quarantine = Quarantine(deaths=3, window_seconds=60)
    assert not quarantine.count_death(TREE, "signal SIGSEGV", now=0)
    assert not quarantine.count_death(TREE, "signal SIGSEGV", now=10)
    assert quarantine.count_death(TREE, "exit code 1", now=20)
    assert quarantine.reasons == {TREE: "died 3 times in 60 s; the last time exit code 1"}


def test_deaths_that_are_far_apart_do_not_add_up() -> None:
    quarantine = Quarantine(deaths=3, window_seconds=60)
    assert not any(quarantine.count_death(TREE, "x", now=now) for now in (0, 40, 80, 120, 160))
    assert not quarantine.keys


def test_deaths_of_one_version_do_not_count_for_another() -> None:
    quarantine = Quarantine(deaths=2, window_seconds=60)
    quarantine.count_death(TREE, "x", now=0)
    assert not quarantine.count_death(TREE._replace(version=3), "x", now=1)


def test_a_version_that_cannot_be_loaded_is_given_up_at_once() -> None:
    quarantine = Quarantine(deaths=3, window_seconds=60)
    quarantine.refuse(TREE, "not a model")
    assert TREE in quarantine.keys
