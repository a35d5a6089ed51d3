"""Who may have how much of the room."""

from __future__ import annotations

from services.router.admission.room import Room


def take(room: Room, data_type: str, tasks: int) -> int:
    """Take up to so many tasks; return how many there was room for."""
    for taken in range(tasks):
        if room.refusal(data_type):
            return taken
        room.take(data_type)
    return tasks


def test_one_type_alone_may_have_all_but_the_last_tenth() -> None:
    assert take(Room(100), "flood", 1000) == 90


def test_beside_a_flood_there_is_room_for_another_type() -> None:
    room = Room(100)
    take(room, "flood", 1000)
    assert take(room, "small", 10) == 10
    assert room.refusal("small") == "100 batches are in flight"


def test_what_is_given_back_may_be_taken_again() -> None:
    room = Room(100)
    take(room, "flood", 90)
    room.give_back("flood")
    assert take(room, "flood", 10) == 1


def test_a_type_at_its_own_limit_is_refused_and_others_are_not() -> None:
    room = Room(100)
    take(room, "slow", 10)
    room.limit("slow").missed(0.2, 20, 0.0)
    assert room.refusal("slow") == (
        "10 batches of 'slow' are in flight, as many as are answered in time"
    )
    assert not room.refusal("quick")


def test_a_small_room_has_nothing_reserved() -> None:
    assert take(Room(2), "wine", 5) == 2


def test_types_that_come_and_go_leave_nothing_behind() -> None:
    room = Room(100)
    for number in range(10_000):
        data_type = f"type {number}"
        room.take(data_type)
        room.limit(data_type)
        room.give_back(data_type)
    assert len(room._limits) <= 4096
    assert not room._taken
