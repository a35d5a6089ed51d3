"""The agent's side of one host: its process, its pipe and its heartbeat."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

import structlog

from hedgerow.v1.execution_pb2 import Host, HostState
from hedgerow.v1.models_pb2 import ModelVersion
from services.common.logs import fields_of
from services.common.recent_versions import VersionKey
from services.executor.heartbeat import Heartbeat
from services.executor.host.main import host_main
from services.executor.host.spec import DRAIN, Failed, HostSpec, Serving
from services.executor.processes.fork_servers import ForkedProcess, ForkServer
from services.executor.versions.setbacks import Lasts
from services.executor.work_done import WorkDone

_log = structlog.get_logger()


class State(IntEnum):
    """The way of a host. It only moves forward, so that news which come late change nothing."""

    LOADING = 1
    """The process is starting, or the model loading."""
    SERVING = 2
    """It takes tasks."""
    DRAINING = 3
    """It finishes what it has."""
    ENDED = 4
    """The process is gone, for whatever reason."""


_WIRE = {
    State.LOADING: HostState.HOST_STATE_LOADING,
    State.SERVING: HostState.HOST_STATE_SERVING,
    State.DRAINING: HostState.HOST_STATE_DRAINING,
}


class HostProcess:
    """One host. `changed` is called whenever its state moves."""

    def __init__(
        self,
        models: Sequence[ModelVersion],
        heartbeat: Path,
        changed: Callable[[HostProcess], None],
        fork_server: ForkServer,
        moves: bool = False,
    ) -> None:
        """With `moves` its versions serve elsewhere until it does."""
        self.models = tuple(models)
        """What it runs; their places are their numbers."""
        self.keys = tuple([VersionKey.of(model) for model in models])
        self.moves = moves
        self.state = State.LOADING
        self.since = datetime.now(UTC)
        self.address = ""
        self.refused = ""
        """Why a model cannot be loaded, in the host's own words."""
        self.death = ""
        """How the process ended, if nobody asked it to."""
        self.blameless = False
        """Its end, or that it could not even start, was nothing that the model did."""
        self.lasts = Lasts.A_WHILE
        """How long what keeps it from starting may last."""
        self.forked = time.monotonic()
        self.served_seconds = 0.0
        """How long it has served, once it has ended."""
        self.loaded = asyncio.Event()
        """Set when loading is over, whether it serves or not."""
        self.work: Sequence[WorkDone] = [WorkDone() for _ in models]
        """What each model had done by the last heartbeat, once it has ended."""
        self.row_seconds: tuple[float | None, ...] = (None,) * len(models)
        """What a record takes on each model, as it was warmed up; None: not known."""
        self.outdated: set[VersionKey] = set()
        """Versions that it still has and that are other ones by now."""
        self.blamed: VersionKey | None = None
        """Once it has ended: the model that could not be loaded, or was being called when it died."""
        self._changed = changed
        self._fork_server = fork_server
        self.heartbeat_path = heartbeat
        self._serves_since: float | None = None
        self._heartbeat: Heartbeat | None = None
        self._fork: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self._process: ForkedProcess | None = None
        self._pipe, self._theirs = multiprocessing.Pipe()

    @property
    def pid(self) -> int:
        """The process's id; 0 before it has one."""
        return self._process.pid if self._process else 0

    @property
    def silence(self) -> float:
        """Seconds since its last heartbeat; before it serves, since it was forked or has loaded a model.

        While it waits for its turn to load, or for its fork server, there is nothing to be silent.
        """
        if self._process is None or self._heartbeat is None:
            return 0.0
        if self.state is State.LOADING:
            return min(time.monotonic() - self.forked, self._heartbeat.silence)
        return self._heartbeat.silence

    @property
    def is_group(self) -> bool:
        """It runs several versions."""
        return len(self.models) > 1

    @property
    def fields(self) -> dict[str, str | int]:
        """What a line of a log says of its models."""
        return fields_of(*self.models)

    def done(self) -> Sequence[WorkDone]:
        """Return what each model has done by the last heartbeat."""
        return self._heartbeat.read() if self._heartbeat is not None else self.work

    async def start(self, spec: HostSpec) -> None:
        """Fork the process. It says by itself when it serves.

        A fork that has begun is seen through, also when this is cancelled: nobody else would know of it.
        """
        self._fork = asyncio.create_task(
            self._forked(spec), name=f"forks {self.heartbeat_path.stem}"
        )
        await asyncio.shield(self._fork)

    async def _forked(self, spec: HostSpec) -> None:
        try:
            self._heartbeat = Heartbeat.create(self.heartbeat_path, len(self.models))
            self._process = await self._fork_server.fork(host_main, spec, self._theirs)
        except (OSError, EOFError) as error:
            self.fail(f"the process could not be started ({error})")
            return
        finally:
            self._theirs.close()
        self.forked = time.monotonic()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._pipe.fileno(), self._read_pipe)
        loop.add_reader(self._process.sentinel, self._died)
        if self.state is not State.LOADING:
            self.kill("its version was no longer wanted when it was forked")

    def fail(self, reason: str, lasts: Lasts = Lasts.A_WHILE) -> None:
        """It cannot be started now, by nothing that the model did."""
        if self._process is None:
            self.death, self.blameless, self.lasts = reason, True, lasts
            self._leave_nothing()

    def abandon(self) -> None:
        """It will not be started; nothing happens if it has been."""
        if self._fork is None:
            self._leave_nothing()

    async def gone(self) -> None:
        """Wait until there is no process."""
        if self._fork is not None:
            await asyncio.wait({self._fork})
            await self._ended.wait()

    def drain(self) -> None:
        """Ask it to finish what it has and end."""
        if self.state < State.DRAINING:
            self._move(State.DRAINING)
            self._say(DRAIN)

    def kill(self, reason: str) -> None:
        """End it at once; `reason` is what is told of its death, unless it has died already."""
        # Its end is learnt of later than it ends, and there may be another process of that id by now.
        if self._process is not None and self._process.is_alive():
            self.death = self.death or reason
            self._process.kill()

    def announcements(self) -> list[Host]:
        """Return what routers are told of it, of each of its versions."""
        hosts = []
        for number, model in enumerate(self.models):
            host = Host(
                model=model,
                address=self.address,
                state=_WIRE[self.state],
                pid=self.pid,
                number=number,
            )
            host.since.FromDatetime(self.since)
            hosts.append(host)
        return hosts

    def _say(self, word: str) -> None:
        try:
            self._pipe.send(word)
        except OSError:
            _log.debug("a host had ended before it was asked to drain", host_pid=self.pid)

    def _read_pipe(self) -> None:
        try:
            news = self._pipe.recv()
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
            return
        if isinstance(news, Failed):
            self.blamed = self.keys[news.model]
        if isinstance(news, Failed) and news.is_final:
            self.refused = news.reason
        elif isinstance(news, Failed):
            self.death, self.blameless = news.reason, True
        elif isinstance(news, Serving) and self.state is State.LOADING:
            self.address, self.row_seconds = news.address, news.row_seconds
            self._move(State.SERVING)

    def _died(self) -> None:
        assert self._process is not None
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._process.sentinel)
        # Its last words may still be in the pipe.
        while not self._pipe.closed and self._pipe.poll():
            before = self.refused, self.death
            self._read_pipe()
            if (self.refused, self.death) == before:
                break
        loop.remove_reader(self._pipe.fileno())
        code = self._process.close()
        self.blameless = self.blameless or code is None
        if self.state < State.DRAINING and not self.death and not self.refused:
            self.death = f"the process ended by itself ({_describe(code)})"
        if self._heartbeat is not None and (scoring := self._heartbeat.scoring) is not None:
            self.blamed = self.keys[scoring]
        if self._heartbeat is not None and self._heartbeat.tries_suspects:
            self.blameless = True
            self.death += ", of records that had failed before" if self.death else ""
        self._process = None
        self._leave_nothing()

    def _leave_nothing(self) -> None:
        """There is no process, or none any more."""
        self._pipe.close()
        self._theirs.close()
        if self._heartbeat is not None:
            self.work = self._heartbeat.read()
            self._heartbeat.close()
            self._heartbeat = None
        self.heartbeat_path.unlink(missing_ok=True)
        self._move(State.ENDED)

    def _move(self, state: State) -> None:
        if state > self.state:
            self.state = state
            now = time.monotonic()
            if state is State.SERVING:
                self._serves_since = now
            if state is State.ENDED and self._serves_since is not None:
                self.served_seconds = now - self._serves_since
            self.since = datetime.now(UTC)
            self.loaded.set()
            if state is State.ENDED:
                self._ended.set()
            self._changed(self)


def kill(host: HostProcess, what: str, reason: str) -> None:
    """End a host at once, and say so in the log."""
    said = {"host": host.address, "host_pid": host.pid, "reason": reason}
    _log.warning(what, **host.fields, **said)
    host.kill(reason)


def _describe(code: int | None) -> str:
    if code is None:
        return "its fork server was lost"
    if code == -signal.SIGKILL:
        return "signal SIGKILL, as from the kernel when memory is short"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
