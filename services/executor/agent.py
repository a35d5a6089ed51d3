"""The agent: makes the hosts that run be those that should.

`reconcile` compares what should run with what does, and is called again whenever either changes. A new
version is announced when it serves; the version before it serves until then, and drains after. A host
that dies is replaced at once; a version that cannot be loaded or keeps dying is given up, with its
reason, and the newest before it that was not serves in its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import structlog

from hedgerow.errors import HedgerowError
from hedgerow.v1.execution_pb2 import Host, HostState
from hedgerow.v1.models_pb2 import ModelVersion
from hedgerow.v1.state_pb2 import ModelWork
from services.common.catalog import Catalog
from services.common.logs import fields_of
from services.common.recent_versions import RecentVersions, VersionKey
from services.executor.definition_cache import DefinitionCache
from services.executor.desired import desired
from services.executor.fork_servers import ForkServers
from services.executor.host.spec import HostSpec
from services.executor.host_process import HostProcess, State
from services.executor.quarantine import Quarantine
from services.executor.settings import ExecutorSettings
from services.executor.watchdog import WATCH_SECONDS, Watchdog
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
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._definitions = definitions
        self._announce = announce
        self._hosts: dict[VersionKey, HostProcess] = {}
        self._draining: set[HostProcess] = set()
        self._quarantine = Quarantine(
            settings.quarantine_deaths, settings.quarantine_window.total_seconds()
        )
        self._watchdog = Watchdog(settings, catalog)
        self._fork_servers = ForkServers(settings.load_timeout.total_seconds())
        self._loading = asyncio.Semaphore(settings.loads_at_once)
        self._starts: set[asyncio.Task[None]] = set()
        self._ended_work = RecentVersions(lambda _: WorkDone())
        self._folder = tempfile.TemporaryDirectory(prefix="hedgerow-heartbeat-")
        self._count = 0
        self._closing = False

    # -- what should run ---------------------------------------------------------------------------

    def reconcile(self) -> None:
        """Start what is missing and drain what is no longer wanted."""
        if self._closing:
            return
        wanted = desired(self._catalog, self._settings.data_types, self._quarantine.keys)
        for key, model in wanted.items():
            if key not in self._hosts:
                self._start(key, model)
        for key in [key for key in self._hosts if key not in wanted]:
            if not self._still_needed(key, wanted):
                self._drain_host(key)
        self._announce(self.announcements())

    def _still_needed(self, key: VersionKey, wanted: dict[VersionKey, ModelVersion]) -> bool:
        """Whether a version not wanted any more has to go on until the wanted ones of its model serve.

        So does the newest that serves, for it may be what a plan used until now; and what is being loaded,
        or with pushes that come faster than models load nothing new would ever serve.
        """
        host = self._hosts[key]
        heirs = [k for k in wanted if k[:2] == key[:2]]
        if not heirs or all(self._hosts[heir].state is State.SERVING for heir in heirs):
            return False
        if host.state is State.LOADING:
            return bool(host.pid)
        serving = [
            k
            for k, other in self._hosts.items()
            if k[:2] == key[:2] and k not in wanted and other.state is State.SERVING
        ]
        return host.state is State.SERVING and key == max(serving)

    def _drain_host(self, key: VersionKey) -> None:
        host = self._hosts.pop(key)
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
        self._spawn(self._load(key, host, heartbeat), f"start {key}")

    async def _load(self, key: VersionKey, host: HostProcess, heartbeat: Path) -> None:
        """Get the definition, fork, and hold a place in the loading queue until the host is done."""
        async with self._loading:
            if self._hosts.get(key) is not host:
                host.abandon()  # no longer wanted before it could start
                return
            try:
                definition = await self._definitions.path_of(host.model)
            except HedgerowError as error:
                self._give_up(key, host.model, str(error))
                return
            _log.info("a host loads its model", **fields_of(host.model))
            await host.start(self._spec(host.model, definition, heartbeat))
            await host.loaded.wait()

    def _spec(self, model: ModelVersion, definition: Path, heartbeat: Path) -> HostSpec:
        settings = self._settings
        return HostSpec(
            model=model.SerializeToString(),
            definition=definition,
            heartbeat=heartbeat,
            listen=settings.host,
            advertise=settings.advertise.rpartition(":")[0] or settings.host,
            row_limit=settings.row_limit,
            drain_seconds=settings.drain_timeout.total_seconds(),
            log_level=settings.log_level,
            log_format=settings.log_format,
        )

    def _changed(self, host: HostProcess) -> None:
        """A host's state moved."""
        key = VersionKey.of(host.model)
        if host.state is State.SERVING:
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
        self._ended_work.of(*key).add(host.work)
        if self._hosts.get(key) is not host:
            return
        del self._hosts[key]
        if host.refused:
            self._give_up(key, host.model, host.refused)
        elif host.death:
            _log.warning(
                "a host died", **fields_of(host.model), host=host.address, reason=host.death
            )
            if not host.orphaned and self._quarantine.count_death(
                key, host.death, time.monotonic()
            ):
                _log.error("a version is given up: its hosts keep dying", **fields_of(host.model))

    def _give_up(self, key: VersionKey, model: ModelVersion, reason: str) -> None:
        _log.error("a version is given up: it cannot be loaded", **fields_of(model), reason=reason)
        self._hosts.pop(key, None)
        self._quarantine.refuse(key, reason)
        self.reconcile()

    def announcements(self) -> list[Host]:
        """Return every host that lives, and every version that was given up."""
        living = [*self._hosts.values(), *self._draining]
        hosts = [host.announcement() for host in living if host.state is not State.ENDED]
        for key, reason in self._quarantine.reasons.items():
            model = self._catalog.find(*key)
            if model is not None:
                failed = HostState.HOST_STATE_FAILED
                hosts.append(Host(model=model, state=failed, failure=reason))
        return hosts

    def work(self, data_type: str = "") -> list[ModelWork]:
        """Return what the hosts of each version have done, of one data type or of all."""
        done: dict[VersionKey, WorkDone] = {}
        for key, ended in self._ended_work.items():
            done.setdefault(key, WorkDone()).add(ended)
        for host in (*self._hosts.values(), *self._draining):
            if host.state is not State.ENDED:
                done.setdefault(VersionKey.of(host.model), WorkDone()).add(host.done())
        return [
            work.to_proto(key)
            for key, work in sorted(done.items())
            if data_type in ("", key.data_type)
        ]

    async def watch(self) -> None:
        """Kill hosts that hang, for as long as the executor lives."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            self._watchdog.look(self._hosts.values(), self._draining)

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
        for task in self._starts:
            task.cancel()
        await asyncio.gather(*self._starts, return_exceptions=True)
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

    def _spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)
