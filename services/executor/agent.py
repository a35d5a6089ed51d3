"""The agent: makes the hosts that run be those that should.

`reconcile` compares what should run with what does, and is called again whenever either changes. A new
version is announced when it serves; the version before it serves until then, and drains after. A host
that dies is replaced; a version that cannot be loaded or keeps dying is given up, with its reason, and
the newest before it that was not serves in its place (`setbacks` tells which failure is which).
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from hedgerow.errors import HedgerowError
from hedgerow.v1.execution_pb2 import Host
from hedgerow.v1.models_pb2 import ExecutorReport, ModelVersion
from hedgerow.v1.state_pb2 import ModelWork
from services.common.catalog import Catalog
from services.common.logs import fields_of
from services.common.recent_versions import VersionKey
from services.executor.announcements import announcements
from services.executor.definition_cache import LOOK_FOR_ROOM_SECONDS, DefinitionCache
from services.executor.host_ports import HostPorts
from services.executor.processes.fork_servers import ForkServers
from services.executor.processes.host_process import HostProcess, State
from services.executor.processes.loading import Loading, how_long
from services.executor.processes.memory import LOOK_SECONDS, Container, MemoryGuard
from services.executor.processes.watchdog import WATCH_SECONDS, Watchdog
from services.executor.settings import ExecutorSettings
from services.executor.versions.assignment import Assignment
from services.executor.versions.setbacks import Lasts, Setbacks
from services.executor.versions.states import states
from services.executor.versions.succession import is_settled, still_needed
from services.executor.versions.work import WorkOfVersions
from services.executor.work_done import WorkDone

_log = structlog.get_logger()


class Agent:
    """All hosts of an executor."""

    def __init__(
        self,
        settings: ExecutorSettings,
        catalog: Catalog,
        definitions: DefinitionCache,
        announce: Callable[[list[Host]], None],
        report: Callable[[dict[VersionKey, ExecutorReport]], None],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._definitions = definitions
        self._announce = announce
        self._report = report
        self._assignment = Assignment(catalog, settings.served, self._no_setbacks)
        self._hosts: dict[VersionKey, HostProcess] = {}
        self._draining: set[HostProcess] = set()
        self._watchdog = Watchdog(settings, catalog)
        self._fork_servers = ForkServers(settings.load_timeout.total_seconds())
        self._memory = MemoryGuard(settings.host_memory_bytes, Container())
        self._ports = HostPorts(settings.host_ports)
        self._loading = Loading(settings, definitions, self._ports)
        self._starts: dict[HostProcess, asyncio.Task[None]] = {}
        self._served: set[VersionKey] = set()
        self._warm: set[VersionKey] = set()
        self._work = WorkOfVersions(self._living)
        self._folder = tempfile.TemporaryDirectory(prefix="hedgerow-heartbeat-")
        self._count = 0
        self._closing = False
        self._again: asyncio.TimerHandle | None = None
        self.settled = asyncio.Event()
        """Set when all that should run serves or was given up, for the first time."""

    # -- what should run ---------------------------------------------------------------------------

    def reconcile(self) -> None:
        """Start what is missing and drain what is no longer wanted."""
        if self._closing:
            return
        self._assignment.look_for_another_log()
        self._drain_others()
        desired = self._assignment.now(self._in(State.SERVING))
        wanted, self._warm = desired.versions, desired.warm
        self._start_missing(wanted)
        for key in [key for key in self._hosts if key not in wanted]:
            if not still_needed(key, wanted, self._in(State.SERVING), self._in(State.LOADING)):
                self._drain_host(key)
        self._served &= wanted.keys()
        self._setbacks.keep(wanted.keys())
        self._definitions.in_use(self._running(wanted))
        failed, held_back = self._setbacks.failed, self._setbacks.held_back
        if is_settled(wanted.keys(), self._in(State.SERVING), failed, held_back):
            self.settled.set()
        self._announce(self.announcements())
        self._report(states(self._serves(), self._setbacks))

    def _start_missing(self, wanted: dict[VersionKey, ModelVersion]) -> None:
        """Start what has no host, and come back when the first of those that must wait may be tried."""
        if self._again is not None:
            self._again.cancel()
        pauses: list[float] = []
        for key in [key for key in wanted if key not in self._hosts]:
            pause = self._setbacks.pause(key)
            if pause <= 0:
                self._start(key, wanted[key])
            else:
                pauses.append(pause)
        if pauses:
            self._again = asyncio.get_running_loop().call_later(min(pauses), self.reconcile)

    def _no_setbacks(self) -> Setbacks:
        settings = self._settings
        return Setbacks(settings.quarantine_deaths, settings.quarantine_window.total_seconds())

    @property
    def _setbacks(self) -> Setbacks:
        return self._assignment.setbacks

    def serve_as(self, address: str) -> None:
        """Say by which address the log knows this executor. Before anything else."""
        self._assignment.address = address

    def _drain_others(self) -> None:
        """End hosts of versions that are other ones by now, in a log that began anew or lost entries."""
        for key, host in list(self._hosts.items()):
            model = self._catalog.find(*key)
            if model is not None and model.sha256 != host.model.sha256:
                _log.error("a version has other bytes than before", **fields_of(model))
                self._setbacks.forgive(key)
                self._drain_host(key)

    def _running(self, wanted: dict[VersionKey, ModelVersion]) -> Iterable[ModelVersion]:
        return [*wanted.values(), *(host.model for host in self._hosts.values())]

    def _serves(self) -> dict[VersionKey, bool]:
        """Return the versions that have a host, and whether it serves."""
        return {key: host.state is State.SERVING for key, host in self._hosts.items()}

    def _in(self, state: State) -> set[VersionKey]:
        """Return the versions whose host has a process and is in a state."""
        return {key for key, host in self._hosts.items() if host.state is state and host.pid}

    def _drain_host(self, key: VersionKey) -> None:
        host = self._hosts.pop(key)
        host.abandon()
        if host.state is State.ENDED:  # it was still waiting for its turn
            self._starts[host].cancel()
            return
        _log.info("a host drains", **fields_of(host.model), host=host.address, host_pid=host.pid)
        self._draining.add(host)
        if host.state is State.LOADING:
            host.kill("its version is no longer wanted")
        host.drain()

    # -- hosts -------------------------------------------------------------------------------------

    def _start(self, key: VersionKey, model: ModelVersion) -> None:
        self._count += 1
        heartbeat = Path(self._folder.name) / f"{key.name}-{key.version}-{self._count}"
        fork_server = self._fork_servers.of(model.descriptor.model_type)
        host = self._hosts[key] = HostProcess(model, heartbeat, self._changed, fork_server)
        task = asyncio.get_running_loop().create_task(self._load(key, host), name=f"start {key}")
        self._starts[host] = task
        task.add_done_callback(lambda _: self._starts.pop(host))

    async def _load(self, key: VersionKey, host: HostProcess) -> None:
        replaces = key in self._served
        try:
            await self._loading.load(
                host, replaces, self._work.batch_rows(key), lambda: self._hosts.get(key) is host
            )
        except HedgerowError as error:
            host.fail(str(error), how_long(error))
        except Exception as error:
            _log.exception("a host could not be started", **fields_of(host.model))
            host.fail(f"the host could not be started ({type(error).__name__})")

    def _changed(self, host: HostProcess) -> None:
        """A host's state moved."""
        key = VersionKey.of(host.model)
        if host.state is State.SERVING:
            self._served.add(key)
            self._setbacks.serves(key)
            seconds = round(time.monotonic() - host.forked, 3)
            _log.info(
                "a host serves",
                **fields_of(host.model),
                host=host.address,
                host_pid=host.pid,
                seconds=seconds,
            )
        if host.state is State.ENDED:
            self._ended(key, host)
        self.reconcile()

    def _ended(self, key: VersionKey, host: HostProcess) -> None:
        self._draining.discard(host)
        if self._ports.give_back(host):
            self._setbacks.room(Lasts.UNTIL_PORT)
        self._work.ended(key, host.work)
        if self._hosts.get(key) is not host:
            return
        del self._hosts[key]
        self._note(key, host)

    def _note(self, key: VersionKey, host: HostProcess) -> None:
        """Take a host's end for what it says of its version."""
        setbacks, said = self._setbacks, fields_of(host.model)
        if host.refused:
            setbacks.refuse(key, host.refused)
        elif host.blameless:
            setbacks.prevented(key, host.death, host.lasts)
        elif host.death:
            setbacks.died(key, host.death, host.served_seconds)
        if key in setbacks.given_up:
            _log.error("a version is given up", **said, reason=setbacks.given_up[key])
        elif key in setbacks.waiting:
            what = "a host could not go on" if host.blameless else "a host died"
            _log.warning(what, **said, host=host.address, reason=setbacks.waiting[key])

    def announcements(self) -> list[Host]:
        """Return every host that lives, and every version that has none, with the reason."""
        return announcements(self._all_hosts(), self._setbacks, self._catalog, self._warm)

    def work(self, data_type: str = "") -> list[ModelWork]:
        """Return what the hosts of each version have done, of one data type or of all."""
        return self._work.told(data_type)

    def _living(self) -> list[tuple[VersionKey, WorkDone]]:
        hosts = [host for host in self._all_hosts() if host.state is not State.ENDED]
        return [(VersionKey.of(host.model), host.done()) for host in hosts]

    def _all_hosts(self) -> list[HostProcess]:
        return [*self._hosts.values(), *self._draining]

    async def watch(self) -> None:
        """Kill hosts that hang, for as long as the executor lives."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            self._watchdog.look(self._hosts.values(), self._draining)

    async def watch_disk(self) -> None:
        """Try what found no room on the disk when there is some, for as long as the executor lives."""
        while True:
            await asyncio.sleep(LOOK_FOR_ROOM_SECONDS)
            if await self._definitions.has_room_again():
                self._setbacks.room(Lasts.UNTIL_ROOM)
                self.reconcile()

    async def guard_memory(self) -> None:
        """Kill hosts that take too much memory, for as long as the executor lives, if there is a limit."""
        while self._memory.has_limit:
            await asyncio.sleep(LOOK_SECONDS)
            self._memory.look(self._all_hosts())

    # -- the end -----------------------------------------------------------------------------------

    async def drain(self) -> None:
        """Ask every host to finish, and wait until all have or the drain time is over."""
        self._closing = True
        for host in self._hosts.values():
            self._draining.add(host)
            if host.state is State.LOADING:
                host.kill("the executor is stopping")
            host.drain()
        self._hosts.clear()
        self._announce(self.announcements())
        for task in self._starts.values():
            task.cancel()
        await asyncio.gather(*self._starts.values(), return_exceptions=True)
        for host in list(self._draining):
            host.abandon()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_timeout.total_seconds()):
                await self._all_ended()

    async def close(self) -> None:
        """Kill the hosts that are left, and leave nothing behind."""
        for host in self._draining:
            host.kill("the executor is stopping")
        self._fork_servers.close()
        await self._all_ended()
        self._folder.cleanup()

    async def _all_ended(self) -> None:
        """Wait for the processes of all hosts that drain."""
        await asyncio.gather(*(host.gone() for host in self._draining))
