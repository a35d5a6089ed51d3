import asyncio

import pytest

from services.common import outbox as module
from services.common.outbox import Outbox


class Stream:
    """A stream whose writes a test lets through one by one."""

    def __init__(self, open_from_the_start: bool = True) -> None:
        self.frames: list[list[int]] = []
        self.writing = 0
        self.gate = asyncio.Event()
        self.began = asyncio.Event()
        self.written = asyncio.Event()
        self.error: BaseException | None = None
        if open_from_the_start:
            self.gate.set()

    async def write(self, frame: list[int]) -> None:
        self.writing += 1
        self.began.set()
        assert self.writing == 1, "two writes at a time"
        await self.gate.wait()
        self.writing -= 1
        if self.error is not None:
            raise self.error
        self.frames.append(frame)
        self.written.set()


def outbox_of(stream: Stream) -> Outbox[int, list[int]]:
    return Outbox(stream.write, list)


async def ended(outbox: Outbox[int, list[int]]) -> None:
    async with asyncio.timeout(10):
        await outbox.close()


async def test_what_waits_leaves_in_one_frame_as_soon_as_the_loop_comes_round() -> None:
    stream = Stream()
    outbox = outbox_of(stream)
    for item in range(3):
        outbox.put(item)
    assert stream.frames == []
    await stream.written.wait()
    assert stream.frames == [[0, 1, 2]]
    await ended(outbox)


async def test_what_comes_while_a_frame_is_written_gathers_for_the_next() -> None:
    stream = Stream(open_from_the_start=False)
    outbox = outbox_of(stream)
    outbox.put(0)
    async with asyncio.timeout(10):
        await stream.began.wait()
    outbox.put(1)
    outbox.put(2)
    stream.gate.set()
    await ended(outbox)
    assert stream.frames == [[0], [1, 2]]


async def test_closing_writes_what_waits_and_takes_no_more() -> None:
    stream = Stream()
    outbox = outbox_of(stream)
    outbox.put(1)
    await ended(outbox)
    outbox.put(2)
    await asyncio.sleep(0)
    assert stream.frames == [[1]]
    assert outbox.ended


async def test_an_outbox_that_was_never_used_closes() -> None:
    stream = Stream()
    await ended(outbox_of(stream))
    assert stream.frames == []


@pytest.mark.parametrize("error", [RuntimeError("gone"), asyncio.CancelledError()])
async def test_a_dead_stream_ends_the_outbox_and_nothing_else(error: BaseException) -> None:
    stream = Stream()
    stream.error = error
    outbox = outbox_of(stream)
    outbox.put(1)
    async with asyncio.timeout(10):
        await stream.began.wait()
        await asyncio.sleep(0)
    assert outbox.ended
    outbox.put(2)
    await ended(outbox)
    assert stream.frames == []


async def test_a_frame_that_cannot_be_made_ends_the_outbox() -> None:
    def refuse(items: list[int]) -> list[int]:
        raise ValueError("no")

    outbox: Outbox[int, list[int]] = Outbox(Stream().write, refuse)
    outbox.put(1)
    await ended(outbox)
    assert outbox.ended


async def test_closing_can_be_given_up_when_the_peer_does_not_read() -> None:
    stream = Stream(open_from_the_start=False)
    outbox = outbox_of(stream)
    outbox.put(1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await outbox.close()
    assert outbox.ended


async def test_what_is_too_large_for_one_frame_leaves_in_several_in_its_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "JOINED_BYTES", 10)
    stream = Stream()
    outbox: Outbox[int, list[int]] = Outbox(stream.write, list, size=sum)
    for item in (3, 4, 5, 50, 1, 2):
        outbox.put(item)
    await ended(outbox)
    assert [item for frame in stream.frames for item in frame] == [3, 4, 5, 50, 1, 2]
    assert all(len(frame) == 1 or sum(frame) <= 10 for frame in stream.frames)
    assert len(stream.frames) < 6
