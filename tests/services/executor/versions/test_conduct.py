"""For how long a version must behave in a process of its own before it may share one."""

from __future__ import annotations

from services.common.recent_versions import VersionKey
from services.executor.versions.conduct import Conduct

A, B, C = (VersionKey("wine", name, 1) for name in "abc")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def conduct() -> tuple[Conduct, Clock]:
    clock = Clock()
    made = Conduct(30.0, clock)
    for key in (A, B, C):
        made.serves(key)
    return made, clock


def test_a_version_that_never_served_has_all_of_it_before_it() -> None:
    made, _ = conduct()
    unknown = VersionKey("wine", "new", 1)
    assert made.seconds_left(unknown) == 30.0
    assert made.reason(unknown) == (
        "it is new; it may share a process when it has behaved for 30 s"
    )


def test_the_time_counts_from_when_it_served_first() -> None:
    made, clock = conduct()
    clock.now += 29
    made.serves(A)
    assert made.seconds_left(A) == 1.0
    clock.now += 1
    assert made.seconds_left(A) <= 0


def test_who_was_being_called_stays_alone_longer_than_the_others() -> None:
    made, clock = conduct()
    clock.now += 100
    made.lost_together([A, B, C], B, "was lost: it hung")
    assert [made.seconds_left(key) for key in (A, B, C)] == [30.0, 120.0, 30.0]
    assert made.reason(B).startswith(
        "it was to blame when the process of several was lost: it hung"
    )
    made.lost_together([A, B, C], B, "was lost: it hung")
    assert made.seconds_left(B) == 480.0


def test_if_nobody_is_to_blame_all_stay_alone_longer_each_time() -> None:
    made, _ = conduct()
    made.lost_together([A, B], None, "was lost: memory")
    made.lost_together([A, B], None, "was lost: memory")
    assert [made.seconds_left(key) for key in (A, B, C)] == [120.0, 120.0, 30.0]


def test_after_a_loss_the_time_counts_from_when_it_serves_again() -> None:
    made, clock = conduct()
    made.lost_together([A, B], B, "was lost: it hung")
    clock.now += 20
    made.serves(A)
    assert made.seconds_left(A) == 30.0
    clock.now += 20
    made.serves(A)  # in a group
    assert made.seconds_left(A) == 10.0


def test_one_that_dies_alone_stays_so_and_the_time_has_a_bound() -> None:
    made, _ = conduct()
    for _ in range(20):
        made.died(A, "its process died: crash")
    assert made.seconds_left(A) == 3600.0


def test_one_that_is_wanted_no_more_is_forgotten() -> None:
    made, _ = conduct()
    made.died(A, "its process died: crash")
    made.keep([B])
    assert made.seconds_left(A) == 30.0
    assert "it is new" in made.reason(A)
