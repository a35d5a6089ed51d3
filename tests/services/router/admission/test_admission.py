"""What is refused because it could not be answered in time."""

from __future__ import annotations

import pytest

from hedgerow.errors import Overloaded
from services.router.admission.admission import Admission


def test_a_call_whose_time_is_over_is_refused() -> None:
    admission = Admission(100)
    admission.check("wine", 0.001)
    with pytest.raises(Overloaded, match="its time was over before it was taken in"):
        admission.check("wine", 0.0)


def test_types_that_nobody_asks_for_are_forgotten() -> None:
    admission = Admission(100)
    for number in range(500):
        admission.check(f"type {number}", 1.0)
    for _ in range(11):
        admission._forget()
    assert not admission._types


def full(*data_types: str) -> Admission:
    """An admission at which wine has no room, and that has seen these types."""
    admission = Admission(2)
    for data_type in data_types:
        admission.check(data_type, 1.0)
    admission.began("wine")
    admission.began("wine")
    return admission


def refused_unread(admission: Admission, calls: int) -> int:
    """Tell how many of so many calls are refused before they are read."""
    refused = 0
    for _ in range(calls):
        try:
            admission.check_unread()
        except Overloaded:
            refused += 1
    return refused


def test_calls_that_can_only_be_of_a_type_without_room_are_refused_unread_and_some_are_read() -> (
    None
):
    assert refused_unread(full("wine"), 100) == 75


def test_where_several_types_are_about_every_call_is_read() -> None:
    assert refused_unread(full("wine", "beer"), 100) == 0


def test_a_type_is_about_for_some_seconds_after_its_last_call() -> None:
    admission = full("beer", "wine")
    for _ in range(9):
        admission._forget()
        admission._types.update(wine=admission._period)
    assert refused_unread(admission, 100) == 0
    for _ in range(3):
        admission._forget()
        admission._types.update(wine=admission._period)
    assert refused_unread(admission, 100) == 75
