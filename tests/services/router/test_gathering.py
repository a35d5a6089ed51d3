"""Gathering: many tasks share a frame, a lone one does not wait."""

import asyncio

import pytest

from services.router.gathering import ArrivalRate, Gatherer, window

AT_MOST = 0.004


def test_the_rate_settles_at_the_arrivals_per_second() -> None:
    rate = ArrivalRate()
    measured = [rate.arrived(i / 1000) for i in range(1000)][-1]
    assert measured == pytest.approx(1000, rel=0.05)


def test_the_rate_is_forgotten_in_silence() -> None:
    rate = ArrivalRate()
    for i in range(100):
        rate.arrived(i / 1000)
    assert rate.arrived(10.0) == pytest.approx(20, rel=0.01)


def test_nothing_waits_where_less_than_four_tasks_are_expected() -> None:
    assert window(rate=999, target=16, at_most=AT_MOST) == 0


def test_the_window_is_what_the_target_takes_but_no_more_than_the_limit() -> None:
    assert window(rate=8000, target=16, at_most=AT_MOST) == pytest.approx(0.002)
    assert window(rate=1000, target=16, at_most=AT_MOST) == AT_MOST


async def test_a_lone_item_leaves_in_the_next_turn_of_the_loop() -> None:
    frames: list[list[int]] = []
    gatherer: Gatherer[int] = Gatherer(16, AT_MOST, frames.append)
    gatherer.add(1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert frames == [[1]]


async def test_items_that_come_in_a_row_share_a_frame_in_their_order() -> None:
    frames: list[list[int]] = []
    gatherer: Gatherer[int] = Gatherer(16, AT_MOST, frames.append)
    for i in range(50):
        gatherer.add(i)
    assert len(gatherer) == 50
    gatherer.flush()
    assert frames == [list(range(50))]
    assert len(gatherer) == 0
