"""A host's server in this process: it serves, and ends when its agent says so or is gone."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path

import grpc
import pytest

from hedgerow.formats.factories import factory_of
from services.executor.heartbeat import Heartbeat
from services.executor.host import server as module
from services.executor.host.server import HostServer
from services.executor.host.spec import DRAIN, Serving
from tests.services.executor.harness import MODEL, frame, router, spec_of
from tests.support import wait_until


class Running:
    """A server, and its agent's ends of pipe and heartbeat."""

    def __init__(
        self, server: HostServer, pipe: Connection, heartbeat: Heartbeat, life: asyncio.Task[int]
    ) -> None:
        self.server = server
        self.pipe = pipe
        self.heartbeat = heartbeat
        self.life = life
        self.address = ""

    async def ends(self) -> None:
        async with asyncio.timeout(20):
            await self.life


@asynccontextmanager
async def running(
    folder: Path, drain_seconds: float = 10.0, **said: object
) -> AsyncIterator[Running]:
    spec = replace(spec_of(folder, **said), drain_seconds=drain_seconds)
    agents = Heartbeat.create(spec.heartbeat)
    hosts = Heartbeat(spec.heartbeat)
    ours, theirs = multiprocessing.Pipe()
    model = factory_of("constant").create(MODEL.descriptor, spec.models[0].definition)
    model.signature.CopyFrom(MODEL.signature)
    server = HostServer(spec, [MODEL], [model], hosts, theirs)
    made = Running(server, ours, agents, asyncio.create_task(server.run(), name="the host"))
    try:
        await wait_until(lambda: ours.poll() or made.life.done(), "it says where it serves")
        serving = ours.recv()
        assert isinstance(serving, Serving)
        made.address = serving.address
        yield made
    finally:
        if not ours.closed:
            ours.send(DRAIN)
            ours.close()
        await made.ends()
        theirs.close()
        agents.close()
        hosts.close()


async def test_it_serves_under_the_address_that_it_tells(tmp_path: Path) -> None:
    async with running(tmp_path) as host, router(host.address) as stream:
        assert (await stream.hears()).credit > 0
        await stream.write(frame(1, 1))
        assert await stream.hears_done() == [1]
        assert await stream.leave() is grpc.StatusCode.OK
        assert host.heartbeat.read()[0].rows_scored == 1


class LookingPipe:
    """The host's end of the pipe, with an agent that looks at the heart whenever something is said."""

    def __init__(self, pipe: Connection, heartbeat: Heartbeat) -> None:
        self.silence = float("inf")
        self._pipe = pipe
        self._heartbeat = heartbeat

    def fileno(self) -> int:
        return self._pipe.fileno()

    def send(self, said: object) -> None:
        self.silence = self._heartbeat.silence
        self._pipe.send(said)


async def test_its_heart_has_beaten_when_it_says_that_it_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it took to load: an agent that looks at once must not find it silent since then."""
    spec = spec_of(tmp_path)
    forked = time.monotonic() - 100
    with monkeypatch.context() as patched:
        patched.setattr(time, "monotonic", lambda: forked)
        heartbeat = Heartbeat.create(spec.heartbeat)
    ours, theirs = multiprocessing.Pipe()
    pipe = LookingPipe(theirs, heartbeat)
    model = factory_of("constant").create(MODEL.descriptor, spec.models[0].definition)
    model.signature.CopyFrom(MODEL.signature)
    server = HostServer(spec, [MODEL], [model], heartbeat, pipe)  # type: ignore[arg-type]
    ours.send(DRAIN)
    await server.run()
    assert isinstance(ours.recv(), Serving)
    assert pipe.silence < 50
    for end in (ours, theirs, heartbeat):
        end.close()


async def test_a_host_whose_scoring_has_failed_ends_at_once_with_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would else be taken for one that serves, and score nothing."""
    async with running(tmp_path) as host, router(host.address) as stream:

        def fail(_: object) -> None:
            raise ValueError("a fault of ours")

        host.server._servicer._settle = fail  # type: ignore[method-assign, assignment]
        await stream.write(frame(1, 1))
        await host.ends()  # although a router is connected
        assert host.life.result() == 1
    assert "the host has failed and ends" in capsys.readouterr().out


async def test_its_heart_beats_when_it_has_nothing_to_do(tmp_path: Path) -> None:
    async with running(tmp_path) as host:
        silent: list[float] = []

        def beaten() -> bool:
            silent.append(host.heartbeat.silence)
            return sum(now < before for before, now in pairwise(silent)) >= 2

        await wait_until(beaten, "it has beaten twice")


async def test_each_stream_ends_well_while_it_drains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It waits for what is here, and not only for the streams' last words.
    monkeypatch.setattr(module, "_LAST_WORDS_SECONDS", 0.05)
    async with running(tmp_path, delay_seconds=0.4) as host:
        async with router(host.address) as one, router(host.address) as other:
            for stream in (one, other):
                await stream.hears()
                await stream.write(frame(1, 1))
            host.pipe.send(DRAIN)
            for stream in (one, other):
                assert await stream.hears_done() == [1]
                assert not host.life.done()
                assert await stream.leave() is grpc.StatusCode.OK
        await host.ends()


async def test_a_router_that_leaves_while_it_drains_hears_the_last_words(tmp_path: Path) -> None:
    async with running(tmp_path) as host, router(host.address) as stream:
        await stream.hears()
        host.pipe.send(DRAIN)
        # More than goes over the wire before it is read.
        host.server._told("collector" * 3_000_000, False)
        await stream.ends_writing()
        await wait_until(lambda: not host.server._servicer._routers, "the host knows that it left")
        assert (await stream.hears()).unreachable
        assert await stream.status() is grpc.StatusCode.OK


async def test_a_router_that_comes_while_it_drains_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as host:
        async with router(host.address) as there:
            await there.hears()
            host.pipe.send(DRAIN)
            await wait_until(lambda: host.server._servicer._draining, "it drains")
            async with router(host.address) as late:
                assert await late.status() is grpc.StatusCode.UNAVAILABLE
            await there.write(frame(1, 1))
            assert await there.hears_done() == [1]
            assert await there.leave() is grpc.StatusCode.OK
        await host.ends()


async def test_it_is_reached_no_more_when_it_has_ended(tmp_path: Path) -> None:
    async with running(tmp_path) as host:
        host.pipe.send(DRAIN)
        await host.ends()
        async with router(host.address) as stream:
            assert await stream.status() is grpc.StatusCode.UNAVAILABLE


async def test_a_stream_that_stays_open_is_cut_off_when_the_drain_time_is_over(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, drain_seconds=0.1) as host, router(host.address) as stream:
        await stream.hears()
        host.pipe.send(DRAIN)
        await host.ends()
        assert await stream.status() is grpc.StatusCode.UNAVAILABLE


async def test_it_ends_when_its_agent_is_gone(tmp_path: Path) -> None:
    async with running(tmp_path) as host:
        host.pipe.close()
        await host.ends()
        assert host.life.done()


async def test_it_ends_when_it_can_score_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, drain_seconds=0.1) as host, router(host.address) as stream:
        await stream.hears()
        monkeypatch.setattr(host.server._servicer, "_settle", None)
        await stream.write(frame(1, 1))
        await host.ends()
        assert host.life.done()
