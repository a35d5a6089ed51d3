"""The hosts of all executors, by the model they run, and the choice among them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import grpc
import structlog

from hedgerow.v1.execution_pb2 import Host, HostState, WatchHostsRequest, WatchHostsResponse
from hedgerow.v1.execution_pb2_grpc import ExecutorServiceStub
from hedgerow.v1.state_pb2 import Executor
from services.common.peer_stream import Listener, PeerStream, StreamEnd
from services.common.recent_versions import VersionKey
from services.router.hosts.instance import ModelInstance, Offer
from services.router.hosts.link import HostLink, HostListener
from services.router.hosts.work_spared import WorkSpared
from services.router.joins.hosts import choose
from services.router.plans.in_effect import ModelName

_log = structlog.get_logger()

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
"""Seconds until a host that is announced and cannot be reached is tried again; doubled from try to try."""

_TAKES_TASKS = (HostState.HOST_STATE_SERVING, HostState.HOST_STATE_DRAINING)


class Fleet:
    """Knows every host by its executor's announcements.

    `changed` is called when other versions than before would be chosen; `lost` with the tasks of a host
    whose stream has ended; `cut` with a host and the address of a collector that it cannot reach. `lineups`
    gives the versions that may answer for a model, in each place that plans have it, best first.
    """

    def __init__(
        self,
        frame_tasks: int,
        work: WorkSpared,
        changed: Callable[[], None],
        lineups: Callable[[ModelName], Iterable[Sequence[int]]],
        lost: Callable[[HostLink, list[Offer]], None],
        cut: Callable[[HostLink, str], None],
    ) -> None:
        self._frame_tasks = frame_tasks
        self._work = work
        self._tell_change = changed
        self.epoch = 0
        """Another number at each change of what may be chosen."""
        self.losses = 0
        """Hosts that were lost with something to do."""
        self._lineups = lineups
        self._lost = lost
        self._cut = cut
        self._listener = HostListener(self._link_ready, self._link_lost, self._link_cut)
        self._cuts: Counter[str] = Counter()
        self._members: frozenset[str] = frozenset()
        self._watches: dict[str, PeerStream[None, WatchHostsResponse]] = {}
        self._announced: dict[str, list[Host]] = {}
        self._runs: dict[str, Executor] = {}
        self._links: dict[str, HostLink] = {}
        self._by_model: dict[ModelName, list[ModelInstance]] = {}
        self._pauses: dict[str, float] = {}
        self._paused: set[str] = set()

    def hosts(self) -> list[Host]:
        """Return all hosts; one that this router has not reached yet counts as LOADING."""
        return [self._seen(host) for host in self._all_announced()]

    def _all_announced(self) -> Iterator[Host]:
        return (host for hosts in self._announced.values() for host in hosts)

    def _seen(self, host: Host) -> Host:
        link = self._links.get(host.address)
        if host.state != HostState.HOST_STATE_SERVING or (link and link.is_ready):
            return host
        seen = Host()
        seen.CopyFrom(host)
        seen.state = HostState.HOST_STATE_LOADING
        return seen

    @property
    def outstanding(self) -> int:
        """Tasks that wait for hosts or are with them, counted once a model."""
        return sum(link.outstanding for link in self._links.values())

    @property
    def executors(self) -> frozenset[str]:
        """The addresses of the executors that are members."""
        return self._members

    def executor_states(self) -> list[Executor]:
        """Return the members that have told what they run, by address.

        One that is out of reach is among them for as long as it holds its lease: who waits until a version
        serves on all is not to be told so because one of them stands still.
        """
        return [self._runs[address] for address in sorted(self._runs.keys() & self._members)]

    @property
    def unmet(self) -> list[str]:
        """The addresses of executors that have not told their hosts, and of serving hosts not reached."""
        hosts = [
            h.address for h in self._all_announced() if h.state == HostState.HOST_STATE_SERVING
        ]
        silent = self._members - self._announced.keys()
        return [*silent, *(a for a in hosts if a not in self._links or not self._links[a].is_ready)]

    def cut_off(self, collectors: Collection[str]) -> int:
        """Return how many hosts cannot reach one of these collectors.

        A host may tell of one that is gone for good, after that has been noticed here.
        """
        return sum([not link.cut_from.isdisjoint(collectors) for link in self._links.values()])

    def cuts(self, collector: str) -> int:
        """Return how many hosts cannot reach the collector at an address."""
        return self._cuts[collector]

    def forget_collector(self, collector: str) -> None:
        """A collector is gone for good: that hosts were cut off from it means nothing any more."""
        for link in self._links.values():
            link.cut_from.discard(collector)
        self._count_cuts()

    def candidates(
        self,
        model: ModelName,
        versions: Sequence[int],
        collector: str = "",
        excluding: Collection[object] = (),
    ) -> list[ModelInstance]:
        """Return the instances of a model to choose from, of the first of some versions that there are.

        A plan may point to a version before that is loaded, and what answered until then answers on.

        They are those whose hosts can reach the collector and are not among the `excluding`. Hosts that
        cannot are better than none. None at all if no host serves it.
        """
        found = [one for one in self._usable(model, versions) if one.link not in excluding]
        if self._cuts[collector]:
            found = [one for one in found if collector not in one.cut_from] or found
        return found

    def choose(self, model: ModelName, versions: Sequence[int]) -> ModelInstance | None:
        """Return any of the candidates; None if there is none."""
        return choose(self.candidates(model, versions), "")

    def count(self, model: ModelName, versions: Sequence[int]) -> int:
        """Return how many hosts there are to choose from."""
        return len(self._usable(model, versions))

    def _usable(self, model: ModelName, versions: Sequence[int]) -> list[ModelInstance]:
        """Return the instances of the best version there is; those that drain only if no other one is."""
        usable = [one for one in self._by_model.get(model, ()) if one.is_usable]
        for draining in (False, True):
            for version in versions:
                found = [
                    one
                    for one in usable
                    if one.model.version == version and one.is_draining == draining
                ]
                if found:
                    return found
        return []

    # -- executors ---------------------------------------------------------------------------------

    def follow(self, addresses: Iterable[str]) -> None:
        """Watch the executors at these addresses, again and again, until they are not among them.

        An executor may die and come back at its address before anybody knows that it was gone.
        """
        self._members = frozenset(addresses)
        for address in self._members - self._watches.keys():
            self._watches[address] = self._watch(address)
        for address, watch in self._watches.items():
            if address in self._members:
                watch.reinstate()
            else:
                watch.retire()

    def _watch(self, address: str) -> PeerStream[None, WatchHostsResponse]:
        def received(response: WatchHostsResponse) -> None:
            for host in response.hosts:
                host.executor = address
            self._announced[address] = list(response.hosts)
            self._runs[address] = Executor(
                address=address,
                data_types=response.data_types,
                model_types=response.model_types,
            )
            self._update()

        def lost(end: StreamEnd) -> None:
            if end.was_ready:
                _log.info("an executor was lost", executor=address, reason=end.reason)
            # The links to its hosts stay for as long as their own streams do.
            self._announced.pop(address, None)

        listener = Listener(received, lost, over=lambda: self._watch_over(address))
        return PeerStream(address, _watch_hosts, listener, f"executor {address}")

    def _watch_over(self, address: str) -> None:
        self._announced.pop(address, None)
        self._runs.pop(address, None)
        del self._watches[address]

    def _update(self) -> None:
        """Bring the links in line with what is announced."""
        takers: dict[str, list[Host]] = {}
        for host in self._all_announced():
            # One that was told to drain before it served never had an address.
            if host.address and host.state in _TAKES_TASKS:
                takers.setdefault(host.address, []).append(host)
        for address, hosts in takers.items():
            if address not in self._links and address not in self._paused:
                self._add(hosts)
        for address in self._pauses.keys() - takers.keys():
            del self._pauses[address]
        for address, link in self._links.items():
            # With the version: a new process may have the address before the end of the old one is known.
            serving = {
                (host.number, VersionKey.of(host.model))
                for host in takers.get(address, ())
                if host.state == HostState.HOST_STATE_SERVING
            }
            for instance in link.instances.values():
                key = VersionKey.of(instance.model)
                instance.announced((instance.number, key) in serving)
        self._retire_draining()
        self._changed()

    def _changed(self) -> None:
        self.epoch += 1
        self._tell_change()

    # -- links -------------------------------------------------------------------------------------

    def _add(self, hosts: list[Host]) -> None:
        link = HostLink(hosts, self._frame_tasks, self._listener, self._work)
        self._links[link.address] = link
        for instance in link.instances.values():
            self._by_model.setdefault(_model_of(instance), []).append(instance)

    def _link_ready(self, link: HostLink) -> None:
        self._retire_draining()
        self._changed()

    def _link_cut(self, link: HostLink, collector: str) -> None:
        self._count_cuts()
        if collector in link.cut_from:
            # When a collector dies all hosts lose it: the first one to say so is news, the others are not.
            say = _log.warning if self._cuts[collector] == 1 else _log.debug
            say(
                "a host cannot reach a collector",
                **link.fields,
                host=link.address,
                collector=collector,
            )
            self._cut(link, collector)

    def _count_cuts(self) -> None:
        self._cuts = Counter(
            collector for link in self._links.values() for collector in link.cut_from
        )

    def _retire_draining(self) -> None:
        """Have draining instances take nothing more that no plan has to score on any more."""
        for model, instances in self._by_model.items():
            draining = [one for one in instances if one.is_draining and not one.is_retired]
            if draining:
                needed = [self._usable(model, versions) for versions in self._lineups(model)]
                for instance in draining:
                    if not any(instance in usable for usable in needed):
                        instance.retire()

    def _link_lost(self, link: HostLink, offers: list[Offer]) -> None:
        self._links.pop(link.address, None)
        for instance in link.instances.values():
            left = [one for one in self._by_model[_model_of(instance)] if one is not instance]
            if left:
                self._by_model[_model_of(instance)] = left
            else:
                del self._by_model[_model_of(instance)]
        self._count_cuts()
        self._changed()
        self.losses += bool(offers)
        self._lost(link, offers)
        self._try_again(link.address, link.was_ready)

    def _try_again(self, address: str, was_ready: bool) -> None:
        """Look again at a host that was lost, soon at first.

        If only the stream broke, its executor still announces it. If it died, that will soon be told.
        """
        before = 0.0 if was_ready else self._pauses.get(address, 0.0)
        pause = self._pauses[address] = min(before * 2, _LONGEST_PAUSE) or _FIRST_PAUSE
        self._paused.add(address)

        def over() -> None:
            self._paused.discard(address)
            self._update()

        asyncio.get_running_loop().call_later(pause, over)

    async def close(self) -> None:
        """End all streams."""
        await asyncio.gather(*(watch.close() for watch in list(self._watches.values())))
        await asyncio.gather(*(link.close() for link in list(self._links.values())))


def _model_of(instance: ModelInstance) -> ModelName:
    return instance.model.descriptor.data_type, instance.model.descriptor.name


def _watch_hosts(channel: grpc.aio.Channel, _: AsyncIterator[None]) -> Any:
    return ExecutorServiceStub(channel).WatchHosts(WatchHostsRequest(knows_groups=True))
