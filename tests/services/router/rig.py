"""A router's core between real hosts and real collectors, all served in this process.

Hosts are what their processes run, without the processes. Collectors are whole services.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import grpc

from hedgerow.data.records import Batch
from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1.events_pb2 import ModelEvent, ModelPushed
from hedgerow.v1.execution_pb2 import HostState
from hedgerow.v1.execution_pb2_grpc import add_ExecutorServiceServicer_to_server
from hedgerow.v1.models_pb2 import (
    Feature,
    ModelDescriptor,
    ModelVersion,
    Signature,
)
from hedgerow.v1.plans_pb2 import Policy, Strategy
from hedgerow.v1.scoring_pb2 import Decision, ScoreRequest
from services.collector.server import Collector
from services.collector.settings import CollectorSettings
from services.common.catalog import Catalog
from services.common.telemetry import Tracing
from services.common.wire import SERVER_OPTIONS
from services.executor.servicer import Announcements, ExecutorServicer
from services.executor.versions.served import Served
from services.router.plans.in_effect import ModelName
from services.router.plans.prepared import PreparedPlans
from services.router.scoring import Scoring
from services.router.settings import RouterSettings
from tests.services.router.in_process_host import InProcessHost, Says
from tests.support import serving, wait_until

FIRST_WINS = "policy: {deadline: 20s, quality: {good_enough: 0}}"
"""The end of a plan: any answer will do."""
ALL = "policy: {deadline: 20s, consensus: {quorum: all}}"
"""The end of a plan: all must have answered."""


class Rig:
    """The core, its hosts and collectors."""

    def __init__(self, stack: AsyncExitStack, log_url: str, settings: Mapping[str, Any]) -> None:
        self._stack = stack
        self._log_url = log_url
        self._catalog = Catalog()
        self._executors: list[tuple[Announcements, list[InProcessHost]]] = []
        self._addresses: list[str] = []
        self.hosts: list[InProcessHost] = []
        self.services: list[Collector] = []
        self._collectors: dict[str, AsyncExitStack] = {}
        plans = PreparedPlans(self._catalog, self._choose, timedelta(seconds=5))
        self.core = Scoring(RouterSettings.model_validate(settings), plans)
        self._changed = plans.changed

    def _choose(self, model: ModelName, versions: tuple[int, ...]) -> int:
        instance = self.core.fleet.choose(model, versions)
        return instance.model.version if instance else 0

    async def executor(self) -> str:
        """Start what tells of hosts as an executor does; return its address."""
        announcements = Announcements()
        server = grpc.aio.server(options=SERVER_OPTIONS)
        servicer = ExecutorServicer(announcements, Served())
        add_ExecutorServiceServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        self._stack.push_async_callback(server.stop, 0)
        self._stack.callback(announcements.close)
        self._executors.append((announcements, []))
        self._addresses.append(f"127.0.0.1:{port}")
        self.core.fleet.follow(self._addresses)
        return self._addresses[-1]

    def plan(self, yaml: str) -> None:
        """Put a plan into force."""
        plan = plan_from_yaml(f"data_type: wine\n{yaml}")
        self._catalog.apply("wine", ModelEvent(plan_applied=plan))
        self._changed()

    async def collector(self, port: int = 0) -> str:
        """Start a collector; return its address."""
        settings = CollectorSettings.model_validate(
            {"log_url": self._log_url, "port": port, "drain_timeout": "0ms", "stop_grace": "100ms"}
        )
        stack = AsyncExitStack()
        collector = Collector(settings, Tracing("collector"))
        self.services.append(collector)
        address = await stack.enter_async_context(serving(collector, settings))
        self._collectors[address] = stack
        self._stack.push_async_callback(stack.aclose)
        self.core.collectors.follow(self._collectors)
        link = self.core.collectors._links[address]
        await wait_until(lambda: link.is_ready, "the collector can be reached")
        return address

    @property
    def collectors(self) -> list[str]:
        """The addresses of the collectors, in the order in which they were started."""
        return list(self._collectors)

    async def lose_collector(self) -> None:
        """End the collector that was started first, whatever is open there."""
        address, stack = next(iter(self._collectors.items()))
        del self._collectors[address]
        await stack.aclose()

    async def host(
        self, name: str, says: Says | str, held: bool = False, at: int = 0
    ) -> InProcessHost:
        """Start a host of a model, in the catalog by then; return it when the router can use it.

        `at` says of which executor it is, 0 being the first.
        """
        saying = _saying(says) if isinstance(says, str) else says
        host = InProcessHost(self._version(name), saying)
        await self._start(host, held, at)
        return host

    async def _start(self, host: InProcessHost, held: bool, at: int) -> None:
        await host.start(held)
        self._stack.push_async_callback(host.close)
        self.hosts.append(host)
        self._executors[at][1].append(host)
        self._announce()
        await wait_until(lambda: self.can_use(host), "the router can use it")

    async def group(self, held: bool = False, at: int = 0, **says: str) -> InProcessHost:
        """Start a host of several models, which each say something, and return it when it can be used."""
        first, *others = [(self._version(name), _saying(label)) for name, label in says.items()]
        host = InProcessHost(*first, *others)
        await self._start(host, held, at)
        return host

    async def leave(self, host: InProcessHost, name: str) -> None:
        """Have a version of a host be announced no more, while others of it go on."""
        names = [version.descriptor.name for version in host.versions]
        host.left.add(names.index(name))
        self._announce()
        await wait_until(lambda: name not in self.known_in(host), "the router knows")

    def known_in(self, host: InProcessHost) -> set[str]:
        """Return the models that the router knows to be in a host."""
        known = self.core.fleet.hosts()
        return {h.model.descriptor.name for h in known if h.address == host.address}

    async def two_held(self, name: str) -> list[InProcessHost]:
        """Start two hosts of a model that says "x", and hold both back."""
        return [await self.host(name, "x", held=True), await self.host(name, "x", held=True)]

    def can_use(self, host: InProcessHost) -> bool:
        """Tell whether the router gives tasks to a host."""
        serving = HostState.HOST_STATE_SERVING
        hosts = self.core.fleet.hosts()
        return any(found.address == host.address and found.state == serving for found in hosts)

    def _version(self, name: str) -> ModelVersion:
        return self._catalog.find("wine", name) or self.know(name, Feature(name="ash"))

    def know(self, name: str, *features: Feature, number: int = 1) -> ModelVersion:
        """Put a version of a model that wants these features into the catalog."""
        signature = Signature(features=features)
        descriptor = ModelDescriptor(data_type="wine", name=name)
        version = ModelVersion(descriptor=descriptor, signature=signature, version=number)
        self._catalog.apply("wine", ModelEvent(pushed=ModelPushed(model=version)))
        return version

    async def die(self, host: InProcessHost) -> None:
        """End a host; its executor tells."""
        await host.die()
        self.hosts.remove(host)
        for _, hosts in self._executors:
            if host in hosts:
                hosts.remove(host)
        self._announce()

    def _announce(self) -> None:
        for announcements, hosts in self._executors:
            announcements.publish([told for known in hosts for told in known.announcements()])

    async def score(
        self,
        *values: float,
        policy: Policy | None = None,
        strategy: Strategy | None = None,
        deadline: timedelta | None = None,
        keys: Sequence[str] = (),
        explain: bool = False,
    ) -> Decision:
        """Score a batch."""
        batch = Batch.from_records("wine", [{"ash": value} for value in values]).to_proto()
        batch.keys.extend(keys)
        request = ScoreRequest(
            batch=batch, policy=policy, strategy=strategy, deadline=deadline, explain=explain
        )
        return await self.core.score(request, None, None)

    async def is_empty(self) -> None:
        """Delay until nothing is left of what was scored."""
        await wait_until(lambda: not any(self.core.gauges().values()), "all maps are empty")


def _saying(label: str) -> Says:
    return lambda _: (label, 1.0)


@asynccontextmanager
async def rigged(log_url: str, **settings: Any) -> AsyncIterator[Rig]:
    """Run a core with one collector."""
    async with AsyncExitStack() as stack:
        rig = Rig(stack, log_url, settings)
        try:
            await rig.executor()
            await rig.collector()
            yield rig
        finally:
            await rig.core.close()
