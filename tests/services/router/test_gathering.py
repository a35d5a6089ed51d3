"""Gathering: many tasks share a frame, a lone one does not wait."""

import asyncio

from services.router.gathering import Gatherer

AT_MOST = 0.01


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Frames:
    """What a gatherer handed on."""

    def __init__(self, target: int = 16) -> None:
        self.frames: list[list[int]] = []
        self.gatherer: Gatherer[int] = Gatherer(target, AT_MOST, self.frames.append)

    def six_at_once(self) -> None:
        for i in range(6):
            self.gatherer.add(i)
        self.gatherer.flush()
        self.frames.clear()

    def end(self, count: int) -> None:
        for _ in range(count):
            self.gatherer.ended()


async def test_a_lone_item_leaves_in_the_next_turn_of_the_loop() -> None:
    made = Frames()
    for i in range(3):
        made.gatherer.add(i)
        await turns(2)
        assert made.frames[-1] == [i]
        made.end(1)


async def test_items_of_one_turn_share_a_frame_in_their_order() -> None:
    made = Frames()
    made.gatherer.add(1)
    made.gatherer.add(2)
    await turns(2)
    assert made.frames == [[1, 2]]
    assert len(made.gatherer) == 0


async def test_with_company_items_wait_for_as_many_as_were_here_a_moment_ago() -> None:
    made = Frames()
    made.six_at_once()
    made.end(6)
    for i in range(5):
        made.gatherer.add(i)
        await turns(2)
    assert made.frames == []
    made.gatherer.add(5)
    assert made.frames == [[0, 1, 2, 3, 4, 5]]


async def test_a_frame_leaves_with_the_target() -> None:
    made = Frames(target=4)
    for i in range(9):
        made.gatherer.add(i)
    assert made.frames == [[0, 1, 2], [3, 4, 5, 6]]
    assert len(made.gatherer) == 2


async def test_nothing_waits_for_longer_than_the_limit() -> None:
    made = Frames()
    made.six_at_once()
    made.end(5)
    made.gatherer.add(6)
    await turns(3)
    assert made.frames == []
    await asyncio.sleep(AT_MOST * 2)
    assert made.frames == [[6]]
