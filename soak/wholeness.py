"""Is the mesh whole? All parts serve, know one another, and have what the registry has acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

import grpc

from hedgerow.errors import HedgerowError
from hedgerow.v1.execution_pb2 import HostState
from hedgerow.v1.state_pb2 import GetStateResponse
from hedgerow.v1.streams_pb2 import GetStreamsRequest
from hedgerow.v1.streams_pb2_grpc import StreamServiceStub
from soak.models import NUMBERS, ORDERED, Model, Models
from tests.end_to_end.cluster import PARTS, Cluster

_ASK_SECONDS = 2.0
_POLL_SECONDS = 0.05
_WHOLE_SECONDS = 90.0
_WAIT_SECONDS = 3.0
"""Records of a stream that wait for longer do so because of a fault."""


class NotWhole(Exception):
    """The mesh did not become whole again; says what is missing."""


@dataclass
class Wanted:
    """What the registry has acknowledged, and all must have."""

    models: Models
    revision: int = 0
    """Of the plan of `numbers`."""
    pinned: tuple[Model, int] | None = None
    """A version that the plan is pinned to, beside the newest."""
    ended: set[int] = field(default_factory=set)
    """Processes that have been ended, which nobody may take for hosts any more."""


async def until_whole(cluster: Cluster, wanted: Wanted) -> float:
    """Return the moment (monotonic) when the mesh is whole. Raises NotWhole."""
    end = time.monotonic() + _WHOLE_SECONDS
    while missing := await _missing(cluster, wanted):
        if time.monotonic() > end:
            raise NotWhole(f"not whole after {_WHOLE_SECONDS:g} s: {missing}")
        await asyncio.sleep(_POLL_SECONDS)
    return time.monotonic()


async def _missing(cluster: Cluster, wanted: Wanted) -> str:
    """Return the first thing that is missing; "" if nothing is."""
    try:
        for part in PARTS:
            state = await _state(cluster, part)
            if part.startswith("router") and (missing := _missing_at_router(state, wanted)):
                return f"{part}: {missing}"
        async with asyncio.timeout(_ASK_SECONDS):
            if missing := _missing_at_registry(await _newest(cluster), wanted):
                return missing
            return await _waiting(cluster)
    except (TimeoutError, grpc.aio.AioRpcError, HedgerowError) as error:
        return f"an answer ({type(error).__name__}: {error})"


async def _state(cluster: Cluster, part: str) -> GetStateResponse:
    async with asyncio.timeout(_ASK_SECONDS):
        return await cluster.state(part)


async def _waiting(cluster: Cluster) -> str:
    """Tell of records of streams that wait for too long."""
    async with grpc.aio.insecure_channel(cluster.address("router-1")) as channel:
        for data_type in (NUMBERS, ORDERED):
            request = GetStreamsRequest(data_type=data_type)
            for state in (await StreamServiceStub(channel).GetStreams(request)).streams:
                waits = state.oldest.ToTimedelta().total_seconds()
                if waits > _WAIT_SECONDS:
                    return f"records of {state.key}, which wait for {waits:.1f} s: {state.paused}"
    return ""


async def _newest(cluster: Cluster) -> dict[Model, int]:
    newest: dict[Model, int] = {}
    for version in await cluster.registry.list_models():
        newest[version.descriptor.data_type, version.descriptor.name] = version.version
    return newest


def _missing_at_registry(newest: dict[Model, int], wanted: Wanted) -> str:
    for model, version in wanted.models.newest.items():
        if newest.get(model, 0) < version:
            return f"the registry knows {model} only up to {newest.get(model)}, not {version}"
    return ""


def _missing_at_router(state: GetStateResponse, wanted: Wanted) -> str:
    gauges = {gauge.name: gauge.value for gauge in state.gauges}
    if gauges["collectors_reachable"] != 2 or gauges["hosts_cut_off"]:
        return f"{gauges['collectors_reachable']:g} collectors, {gauges['hosts_cut_off']:g} cut off"
    revisions = [plan.revision for plan in state.plans if plan.data_type == NUMBERS]
    if max(revisions, default=0) < wanted.revision:
        return f"plan revision {revisions}, not {wanted.revision}"
    return _missing_hosts(state, wanted)


def _missing_hosts(state: GetStateResponse, wanted: Wanted) -> str:
    serving: Counter[tuple[Model, int]] = Counter()
    for host in state.hosts:
        if host.pid in wanted.ended:
            return f"the news that process {host.pid} has ended"
        if host.state == HostState.HOST_STATE_SERVING:
            said = host.model.descriptor
            serving[(said.data_type, said.name), host.model.version] += 1
    expected = set(wanted.models.newest.items()) | ({wanted.pinned} if wanted.pinned else set())
    for one in sorted(expected | set(serving)):
        if serving[one] != (2 if one in expected else 0):
            (data_type, name), version = one
            return f"{serving[one]} hosts of {data_type} {name}@{version}"
    return ""
