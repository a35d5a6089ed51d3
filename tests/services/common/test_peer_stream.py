"""A stream to a peer that serves, drains, dies, hangs, refuses and comes back, over real connections."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from services.common import peer_stream
from services.common.peer_stream import Listener, PeerStream, StreamEnd
from services.common.wire import MAX_MESSAGE_BYTES, SERVER_OPTIONS
from tests.support import wait_until

Behaviour = Callable[[AsyncIterator[bytes], Any], Awaitable[None]]

METHOD = "/test.Service/Talk"


def talk(channel: grpc.aio.Channel, requests: AsyncIterator[bytes]) -> Any:
    method: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(METHOD)
    return method(requests)


class Peer:
    """A server whose behaviour a test sets; it counts the calls and keeps what it was sent."""

    def __init__(self) -> None:
        self.calls = 0
        self.got: list[bytes] = []
        self.behaviour: Behaviour = self.echo
        self.port = 0
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        self._server = grpc.aio.server(options=SERVER_OPTIONS)
        handler: Any = grpc.stream_stream_rpc_method_handler(self._talk)
        generic = grpc.method_handlers_generic_handler("test.Service", {"Talk": handler})
        self._server.add_generic_rpc_handlers((generic,))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()

    async def die(self) -> None:
        assert self._server is not None
        await self._server.stop(0)

    async def _talk(self, requests: AsyncIterator[bytes], context: Any) -> None:
        self.calls += 1
        await self.behaviour(requests, context)

    async def echo(self, requests: AsyncIterator[bytes], context: Any) -> None:
        """Greet, then answer what comes, until the requests end."""
        await context.write(b"hello")
        async for request in requests:
            self.got.append(request)
            await context.write(request)

    async def refuse(self, requests: AsyncIterator[bytes], context: Any) -> None:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "stopping; use another one")

    async def hang(self, requests: AsyncIterator[bytes], context: Any) -> None:
        await asyncio.Event().wait()

    async def greet_and_end(self, requests: AsyncIterator[bytes], context: Any) -> None:
        await context.write(b"hello")

    async def say_too_much(self, requests: AsyncIterator[bytes], context: Any) -> None:
        await context.write(b"hello")
        await context.write(bytes(MAX_MESSAGE_BYTES + 1))

    async def take_one_and_refuse(self, requests: AsyncIterator[bytes], context: Any) -> None:
        await context.write(b"hello")
        async for request in requests:
            self.got.append(request)
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "that makes no sense")


class Ears:
    """Keeps what a stream tells."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.ends: list[StreamEnd] = []
        self.ready = 0
        self.over = 0
        self.on_lost: Callable[[], None] = lambda: None

    def listener(self) -> Listener:
        return Listener(self.received.append, self._lost, self._ready, self._over)

    def _lost(self, end: StreamEnd) -> None:
        self.ends.append(end)
        self.on_lost()

    def _ready(self) -> None:
        self.ready += 1

    def _over(self) -> None:
        self.over += 1


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    made = Peer()
    await made.start()
    yield made
    await made.die()


@asynccontextmanager
async def streaming(
    peer: Peer, reopen: bool = True
) -> AsyncIterator[tuple[PeerStream[bytes, bytes], Ears]]:
    ears = Ears()
    stream: PeerStream[bytes, bytes] = PeerStream(
        f"127.0.0.1:{peer.port}", talk, ears.listener(), "test", reopen
    )
    try:
        yield stream, ears
    finally:
        await stream.close()
        assert ears.over == 1


async def with_long_pauses(stream: PeerStream[Any, Any]) -> None:
    """Return when a stream that is lost pauses for five seconds at least."""
    stream._pause = 10.0
    await wait_until(lambda: stream._pause > 10.0, "it pauses for long")


async def test_it_is_ready_at_the_first_message_and_carries_both_ways(peer: Peer) -> None:
    async with streaming(peer) as (stream, ears):
        assert not stream.is_ready
        stream.send(b"one")
        await wait_until(lambda: ears.received == [b"hello", b"one"], "the answer is here")
        assert stream.is_ready
        assert ears.ready == 1


async def test_a_peer_that_accepts_and_says_nothing_is_not_ready_and_can_be_let_go(
    peer: Peer,
) -> None:
    peer.behaviour = peer.hang
    async with streaming(peer) as (stream, ears):
        await wait_until(lambda: peer.calls == 1, "the call has arrived")
        assert not stream.is_ready
        stream.retire()
        await wait_until(lambda: ears.over == 1, "it is over")
        assert not ears.ready


async def test_a_peer_that_refuses_is_told_in_its_own_words_and_asked_ever_more_seldom(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_stream, "_LONGEST_PAUSE", 0.2)
    peer.behaviour = peer.refuse
    pauses: list[float] = []
    async with streaming(peer) as (stream, ears):
        ears.on_lost = lambda: pauses.append(stream._pause)
        await wait_until(lambda: len(ears.ends) == 4, "it has tried four times")
        assert {end.reason for end in ears.ends} == {"stopping; use another one"}
        assert not any(end.was_ready or end.by_peer for end in ears.ends)
        assert not stream.is_ready
        assert pauses[:4] == [0.1, 0.2, 0.2, 0.2]
        peer.behaviour = peer.echo
        await wait_until(lambda: stream.is_ready, "it is ready when the peer is")


async def test_a_peer_that_dies_and_comes_back_is_found_again(peer: Peer) -> None:
    async with streaming(peer) as (stream, ears):
        await wait_until(lambda: stream.is_ready, "ready")
        await peer.die()
        await wait_until(lambda: not stream.is_ready, "lost")
        assert ears.ends[0].was_ready
        await peer.start()
        await wait_until(lambda: stream.is_ready, "ready again")
        stream.send(b"two")
        await wait_until(lambda: ears.received[-1] == b"two", "the answer is here")


async def test_one_that_is_needed_looks_at_once_whether_its_peer_is_back(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_stream, "_LONGEST_PAUSE", 60.0)
    async with streaming(peer) as (stream, ears):
        await wait_until(lambda: stream.is_ready, "ready")
        await peer.die()
        await wait_until(lambda: not stream.is_ready, "lost")
        await with_long_pauses(stream)
        await peer.start()
        stream.send(b"waits for the next attempt")
        stream.hurry()
        await wait_until(lambda: len(ears.received) == 3, "it is there", timeout=1)
        assert stream._pause == 0.1


async def test_one_that_is_needed_all_the_time_still_pauses_for_the_shortest_time(
    peer: Peer,
) -> None:
    peer.behaviour = peer.refuse
    async with streaming(peer) as (stream, ears):
        ears.on_lost = stream.hurry
        began = asyncio.get_running_loop().time()
        while len(ears.ends) < 5:
            stream.hurry()
            await asyncio.sleep(0.001)
        # Four pauses lie between, of 50 ms at least; with doubled ones it would be 350 ms.
        assert asyncio.get_running_loop().time() - began >= 0.2


async def test_one_that_sends_more_than_a_message_may_hold_is_lost_and_opened_again(
    peer: Peer,
) -> None:
    peer.behaviour = peer.say_too_much
    async with streaming(peer) as (stream, ears):
        await wait_until(lambda: bool(ears.ends), "lost")
        assert "larger than max" in ears.ends[0].reason
        assert ears.ends[0].was_ready
        assert not ears.ends[0].by_peer
        peer.behaviour = peer.echo
        await wait_until(lambda: stream.is_ready, "ready again")


async def test_what_was_not_written_is_not_sent_to_the_next_stream(peer: Peer) -> None:
    peer.behaviour = peer.take_one_and_refuse
    async with streaming(peer) as (stream, ears):
        await wait_until(lambda: stream.is_ready, "ready")
        for request in (b"1", b"2", b"3"):
            stream.send(request)
        await wait_until(lambda: bool(ears.ends), "refused")
        peer.behaviour = peer.echo
        await wait_until(lambda: stream.is_ready, "ready again")
        stream.send(b"4")
        await wait_until(lambda: b"4" in peer.got, "the new one has arrived")
        assert peer.got == [b"1", b"4"]
        assert ears.ends[0] == StreamEnd("that makes no sense", True, False)


async def test_a_peer_that_drains_ends_the_stream_in_good_order(peer: Peer) -> None:
    peer.behaviour = peer.greet_and_end
    async with streaming(peer) as (_, ears):
        await wait_until(lambda: bool(ears.ends), "ended")
        assert ears.ends[0] == StreamEnd("ended its stream", True, True)


async def test_a_retired_stream_goes_on_while_it_is_up(peer: Peer) -> None:
    async with streaming(peer) as (stream, ears):
        await wait_until(lambda: stream.is_ready, "ready")
        stream.retire()
        stream.send(b"still")
        await wait_until(lambda: b"still" in ears.received, "it still carries")
        await peer.die()
        await wait_until(lambda: ears.over == 1, "over when it is lost")
        assert peer.calls == 1


async def test_it_can_be_reinstated_before_the_stream_is_lost(peer: Peer) -> None:
    async with streaming(peer) as (stream, _):
        await wait_until(lambda: stream.is_ready, "ready")
        stream.retire()
        stream.reinstate()
        await peer.die()
        await wait_until(lambda: not stream.is_ready, "lost")
        await peer.start()
        await wait_until(lambda: stream.is_ready, "ready again")


async def test_one_reinstated_while_an_attempt_is_given_up_is_opened_again(peer: Peer) -> None:
    peer.behaviour = peer.hang
    async with streaming(peer) as (stream, _):
        await wait_until(lambda: peer.calls == 1, "the call has arrived")
        stream.retire()
        stream.reinstate()
        peer.behaviour = peer.echo
        await wait_until(lambda: stream.is_ready, "it is opened again")


async def test_what_waits_is_written_before_the_requests_end(peer: Peer) -> None:
    async with streaming(peer) as (stream, ears):
        stream.send(b"last")
        stream.finish()
        await wait_until(lambda: ears.over == 1, "over")
        assert peer.got == [b"last"]
        assert ears.ends == [StreamEnd("ended its stream", True, True)]


async def test_one_that_is_not_to_be_reopened_is_over_at_its_first_end(peer: Peer) -> None:
    peer.behaviour = peer.refuse
    async with streaming(peer, reopen=False) as (_, ears):
        await wait_until(lambda: ears.over == 1, "over")
        assert peer.calls == 1


async def test_a_lost_stream_leaves_no_task_and_no_generator_behind(peer: Peer) -> None:
    complaints: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    before = asyncio.all_tasks()
    async with streaming(peer) as (stream, _):
        for _ in range(3):
            await wait_until(lambda: stream.is_ready, "ready")
            stream.send(b"x")
            await peer.die()
            await wait_until(lambda: not stream.is_ready, "lost")
            await peer.start()
    await wait_until(
        lambda: not [t for t in asyncio.all_tasks() - before if "consume" in repr(t)], "no reader"
    )
    gc.collect()
    await asyncio.sleep(0)
    assert not complaints


async def test_it_can_be_closed_at_any_moment_of_an_attempt() -> None:
    """A cancellation that comes as a call fails is swallowed by gRPC: some of these moments are such."""
    for moment in range(400):
        ears = Ears()
        stream: PeerStream[bytes, bytes] = PeerStream("127.0.0.1:1", talk, ears.listener(), "test")
        await asyncio.sleep(moment % 80 * 0.0001)
        async with asyncio.timeout(5):
            await stream.close()
