"""The agent: makes the hosts that run be those that should.

`reconcile` compares what should run with what does, and is called again whenever either changes. A new
version is announced when it serves; the version before it serves until then, and drains after. A host
that dies is replaced; a version that cannot be loaded or keeps dying is given up, with its reason, and
the newest before it that was not serves in its place (`setbacks` tells which failure is which).

A version starts in a host of its own. Those that are light and behave move together (`packer`): a host is
loaded with all of them and takes over when it serves, as a version takes over from another. If it is lost
each of them is started by itself again.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import structlog

from hedgerow.errors import HedgerowError
from hedgerow.v1.execution_pb2 import Host
from hedgerow.v1.models_pb2 import ExecutorReport, ModelVersion
from hedgerow.v1.state_pb2 import ModelWork
from services.common.catalog import Catalog
from services.common.logs import fields_of
from services.common.recent_versions import VersionKey
from services.executor.announcements import announcements, told_of
from services.executor.definition_cache import LOOK_FOR_ROOM_SECONDS, DefinitionCache
from services.executor.host_ports import HostPorts
from services.executor.hosts import Hosts
from services.executor.packer import Packer
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

_LOOK_AT_COSTS_SECONDS = 1.0
"""How often it is looked at what versions take."""


class Agent:
    """All hosts of an executor."""

    def __init__(
        self,
        settings: ExecutorSettings,
        catalog: Catalog,
        definitions: DefinitionCache,
        announce: Callable[[list[Host]], None],
        report: Callable[[dict[VersionKey, ExecutorReport]], None],
        may_share: Callable[[], bool] = lambda: True,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._definitions = definitions
        self._announce = announce
        self._report = report
        self._assignment = Assignment(catalog, settings.served, self._no_setbacks)
        self._hosts = Hosts()
        self._draining: set[HostProcess] = set()
        self._watchdog = Watchdog(settings, catalog)
        self._fork_servers = ForkServers(settings.load_timeout.total_seconds())
        self._memory = MemoryGuard(settings.host_memory_bytes, Container())
        self._ports = HostPorts(settings.host_ports)
        self._loading = Loading(settings, definitions, self._ports)
        self._starts: dict[HostProcess, asyncio.Task[None]] = {}
        self._served: set[VersionKey] = set()
        self._warm: set[VersionKey] = set()
        self._wanted: Mapping[VersionKey, ModelVersion] = {}
        self._work = WorkOfVersions(self._living)
        self._packer = Packer(settings, catalog, self._fork_servers.of, may_share)
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
        desired = self._assignment.now(self._hosts.in_state(State.SERVING))
        wanted, self._warm = desired.versions, desired.warm
        self._wanted = wanted
        self._pack(wanted)
        self._start_missing(wanted)
        needed = self._needed(wanted)
        self._hosts.choose(needed, self._packer.packed.groups)
        self._drain_unneeded(needed)
        self._served &= wanted.keys()
        self._setbacks.keep(wanted.keys())
        self._definitions.in_use(self._running(wanted))
        failed, held_back = self._setbacks.failed, self._setbacks.held_back
        serving = self._hosts.in_state(State.SERVING)
        if is_settled(wanted.keys(), serving, failed, held_back):
            self.settled.set()
        self._announce(self.announcements())
        self._report(states(self._hosts.serves(), self._setbacks, self._packer.shares()))

    def _pack(self, wanted: Mapping[VersionKey, ModelVersion]) -> None:
        """Load versions together that should be, one group at a time; they go on meanwhile."""
        packed = self._packer.pack(wanted, self._warm, self._hosts)
        missing = sorted({*packed.groups.values()} - {*self._hosts.groups()}, key=sorted)
        if missing and self._hosts.moving() is None:
            self._start([wanted[key] for key in sorted(missing[0])], moves=True)

    def _start_missing(self, wanted: Mapping[VersionKey, ModelVersion]) -> None:
        """Start what has no host, and come back when the first of those that must wait may be tried."""
        if self._again is not None:
            self._again.cancel()
        self._start_together(wanted)
        pauses: list[float] = []
        groups = self._packer.packed.groups
        for key, model in wanted.items():
            if self._hosts.have(key) and (key in groups or self._hosts.have_alone(key)):
                continue
            pause = self._setbacks.pause(key)
            if pause <= 0:
                self._start([model])
            else:
                pauses.append(pause)
        if pauses:
            self._again = asyncio.get_running_loop().call_later(min(pauses), self.reconcile)

    def _start_together(self, wanted: Mapping[VersionKey, ModelVersion]) -> None:
        """Start what has no host and has shared a process before."""
        missing = {
            key: model
            for key, model in wanted.items()
            if not self._hosts.have(key) and self._setbacks.pause(key) <= 0
        }
        groups = self._packer.together_at_first(missing, self._warm) if len(missing) > 1 else []
        for group in groups:
            self._start([wanted[key] for key in sorted(group)])
        if groups:
            self._packer.pack(wanted, self._warm, self._hosts)

    def _needed(self, wanted: Collection[VersionKey]) -> set[VersionKey]:
        """Return the versions that are wanted, and those that go on until the wanted ones serve."""
        serving = self._hosts.in_state(State.SERVING)
        loading = self._hosts.in_state(State.LOADING)
        others = self._hosts.keys() - set(wanted)
        return {*wanted, *(k for k in others if still_needed(k, wanted, serving, loading))}

    def _drain_unneeded(self, needed: Collection[VersionKey]) -> None:
        """End hosts of which no version is needed, or which are scored in others."""
        groups = self._packer.packed.groups
        for host in self._hosts:
            if not any(
                key in needed
                and key not in host.outdated
                and self._hosts.is_place_of(host, key, groups)
                for key in host.keys
            ):
                self._drain_host(host)

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
        for host in self._hosts:
            for key, had in zip(host.keys, host.models, strict=True):
                model = self._catalog.find(*key)
                if model is None or model.sha256 == had.sha256 or key in host.outdated:
                    continue
                _log.error("a version has other bytes than before", **fields_of(model))
                self._setbacks.forgive(key)
                host.outdated.add(key)
            if host.outdated.issuperset(host.keys):
                self._drain_host(host)

    def _running(self, wanted: dict[VersionKey, ModelVersion]) -> Iterable[ModelVersion]:
        return [*wanted.values(), *(model for host in self._hosts for model in host.models)]

    def _drain_host(self, host: HostProcess) -> None:
        if host not in self._hosts:
            return  # its state has moved while another one was drained, and it was drained then
        self._hosts.remove(host)
        host.abandon()
        if host.state is State.ENDED:  # it was still waiting for its turn
            self._starts[host].cancel()
            return
        _log.info("a host drains", **host.fields, host=host.address, host_pid=host.pid)
        self._draining.add(host)
        if host.state is State.LOADING:
            host.kill("its version is no longer wanted")
        host.drain()

    # -- hosts -------------------------------------------------------------------------------------

    def _start(self, models: Sequence[ModelVersion], moves: bool = False) -> None:
        """Start a host of versions, all of one engine; with `moves` they serve elsewhere until it does."""
        self._count += 1
        first = models[0].descriptor
        heartbeat = Path(self._folder.name) / f"{first.name}-{models[0].version}-{self._count}"
        fork_server = self._fork_servers.of(first.model_type)
        host = HostProcess(models, heartbeat, self._changed, fork_server, moves)
        self._hosts.add(host)
        names = ", ".join(str(key) for key in host.keys)
        task = asyncio.get_running_loop().create_task(self._load(host), name=f"start {names}")
        self._starts[host] = task
        task.add_done_callback(lambda _: self._starts.pop(host))

    async def _load(self, host: HostProcess) -> None:
        replaces = not host.moves and not self._served.isdisjoint(host.keys)
        try:
            await self._loading.load(
                host,
                replaces,
                lambda model: self._work.batch_rows(VersionKey.of(model)),
                lambda: host in self._hosts,
            )
        except HedgerowError as error:
            host.fail(str(error), how_long(error))
        except Exception as error:
            _log.exception("a host could not be started", **host.fields)
            host.fail(f"the host could not be started ({type(error).__name__})")

    def _changed(self, host: HostProcess) -> None:
        """A host's state moved."""
        if host.state is State.SERVING:
            self._packer.serves(host)
            for key in host.keys:
                self._served.add(key)
                self._setbacks.serves(key)
            seconds = round(time.monotonic() - host.forked, 3)
            said = {"host": host.address, "host_pid": host.pid, "seconds": seconds}
            _log.info("a host serves", **host.fields, **said)
        if host.state is State.ENDED:
            self._ended(host)
        self.reconcile()

    def _ended(self, host: HostProcess) -> None:
        self._draining.discard(host)
        if self._ports.give_back(host):
            self._setbacks.room(Lasts.UNTIL_PORT)
        for key, work in zip(host.keys, host.work, strict=True):
            self._work.ended(key, work)
        if host not in self._hosts:
            return
        self._hosts.remove(host)
        self._packer.ended(host)
        if host.is_group:
            reason = host.refused or host.death
            blamed = str(host.blamed) if host.blamed else "nobody"
            _log.warning(
                "a host of several versions could not go on, each is on its own again",
                **host.fields,
                host=host.address,
                reason=reason,
                blamed=blamed,
            )
        else:
            self._note(host.keys[0], host)

    def _note(self, key: VersionKey, host: HostProcess) -> None:
        """Take a host's end for what it says of its version."""
        setbacks, said = self._setbacks, host.fields
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
        living = [host for host in self._all_hosts() if host.state is not State.ENDED]
        told = [
            host
            for process in living
            for host in told_of(process, self._hosts, self._packer.packed, self._warm)
        ]
        return announcements(told, self._setbacks, self._catalog)

    def work(self, data_type: str = "") -> list[ModelWork]:
        """Return what the hosts of each version have done, of one data type or of all."""
        return self._work.told(data_type)

    def _living(self) -> list[tuple[VersionKey, WorkDone]]:
        return [
            (key, work)
            for host in self._all_hosts()
            if host.state is not State.ENDED
            for key, work in zip(host.keys, host.done(), strict=True)
        ]

    def _all_hosts(self) -> list[HostProcess]:
        return [*self._hosts, *self._draining]

    async def watch(self) -> None:
        """Kill hosts that hang, for as long as the executor lives."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            self._watchdog.look(self._hosts, self._draining)

    async def watch_costs(self) -> None:
        """Have versions move together or apart by what they take, for as long as the executor lives."""
        while True:
            await asyncio.sleep(_LOOK_AT_COSTS_SECONDS)
            self._packer.look(self._work.totals())
            if self._packer.has_news(self._wanted, self._warm, self._hosts):
                self.reconcile()

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
        for host in self._hosts:
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
