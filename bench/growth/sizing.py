"""How many processes a load takes in one mesh, or in each of several cells, and how full everything is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.growth.costs import Costs, together

FULL = 0.7
"""Of a core, or of the log's: beyond it what waits grows fast (see `bench.growth.path`)."""
SPARE = 2
"""Processes of each kind at the least, so that one may go."""
MODELS = 3
_POLLS = 4
"""Lists of members a second that a router asks for: executors and collectors, each twice."""
_HOST_PORTS = 64
_NODE_MIB = 64 * 1024
_STREAMS_OF_A_CORE = 0.2
"""What a process may spend on streams that only are there."""
_NOTHING_LEFT = FULL * 0.9
_PUSH_SECONDS = 30.0
_DEFINITION_BYTES = 100e6
_NETWORK = 1.25e9
"""Bytes a second: a log with 10 Gbit/s."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of one mesh."""

    records: float
    """A second."""
    rows: int
    """Records of a call."""
    data_types: int
    """They share the load evenly, each with three models."""

    def share(self, cells: int) -> Load:
        """Return what one of several cells is asked: its data types, or its part of one's records."""
        return Load(self.records / cells, self.rows, math.ceil(self.data_types / cells))


@dataclass(frozen=True, slots=True)
class Sizing:
    """One mesh."""

    routers: int
    collectors: int
    executors: int
    hosts: int
    streams: int
    cores: float
    """That work takes, of all processes together; streams not counted."""
    endless: bool
    """Streams leave nothing of a core, so no number is enough; counts are where that was seen."""
    fullness: dict[str, float]
    """Of each wall: what is used of what there may be at the most; beyond 1 it is a wall."""

    @property
    def wall(self) -> str:
        """The wall that is nearest, or is run into the farthest."""
        found = [name for name in self.fullness if not self.endless or name.startswith("streams")]
        return max(found, key=self.fullness.__getitem__)

    @property
    def fits(self) -> bool:
        """Whether there is no wall in the way."""
        return not self.endless and self.fullness[self.wall] <= 1


def size(load: Load, costs: Costs, groups: int = 1) -> Sizing:
    """Return the smallest mesh that carries a load; its executors are of so many groups.

    More processes make more streams and thinner frames, which take more processes: so it goes on until
    nothing changes, or a core has nothing left beside its streams.
    """
    tasks, groups = load.records / load.rows, min(groups, load.data_types)
    routers = collectors = executors = SPARE
    for _ in range(200):
        hosts = executors * groups * MODELS * math.ceil(load.data_types / groups)
        company = together(tasks / routers, load.data_types)
        idle = _idle(costs, routers, collectors, hosts)
        now = (
            _many(tasks * costs.task("router", load.rows, company), idle["router"]),
            _many(tasks * costs.task("collector", load.rows, company), idle["collector"]),
            _many(tasks / load.data_types * costs.host(load.rows, company), idle["host"]),
        )
        if now == (routers, collectors, executors) or max(idle.values()) > _NOTHING_LEFT:
            break
        # Never back: where one more changes what all need, they would swing.
        routers, collectors, executors = map(max, now, (routers, collectors, executors))
    return Sizing(
        routers,
        collectors,
        executors * groups,
        hosts,
        routers * hosts + routers * collectors + hosts * collectors,
        tasks * _of_a_task(costs, load.rows, company),
        max(idle.values()) > _NOTHING_LEFT,
        _fullness(load, costs, groups, (routers, collectors, executors), idle),
    )


def _of_a_task(costs: Costs, rows: int, company: float) -> float:
    """Return the seconds that all processes together spend on a task."""
    services = sum(costs.task(name, rows, company) for name in ("router", "collector"))
    return services + costs.hosts(rows, company)


def _idle(costs: Costs, routers: int, collectors: int, hosts: int) -> dict[str, float]:
    """Return the share of a core that streams take in each process, without any work."""
    return {
        "router": hosts * costs.stream_core("router", "host")
        + collectors * costs.stream_core("router", "collector"),
        "collector": hosts * costs.stream_core("collector", "host")
        + routers * costs.stream_core("collector", "router"),
        "host": routers * costs.stream_core("host", "router")
        + collectors * costs.stream_core("host", "collector"),
    }


def _many(cores: float, idle: float) -> int:
    """Return how many processes carry so much work, each with what its streams leave of a core."""
    return max(SPARE, math.ceil(cores / max(FULL - idle, FULL - _NOTHING_LEFT)))


def _fullness(
    load: Load,
    costs: Costs,
    groups: int,
    counts: tuple[int, int, int],
    idle: dict[str, float],
) -> dict[str, float]:
    routers, collectors, executors = counts
    models = MODELS * math.ceil(load.data_types / groups)
    pod = costs.executor_mib() + 2 * models * costs.host_mib()
    fetch = executors * groups * _DEFINITION_BYTES / _NETWORK
    return {
        "ports of an executor": 2 * models / _HOST_PORTS,
        "memory of an executor": pod / _NODE_MIB,
        "streams of a router": idle["router"] / _STREAMS_OF_A_CORE,
        "streams of a collector": idle["collector"] / _STREAMS_OF_A_CORE,
        "streams of a host": idle["host"] / _STREAMS_OF_A_CORE,
        "commands of the log": _log(costs, routers, collectors, executors * groups) / FULL,
        "network of the log, 100 MB to all": fetch / _PUSH_SECONDS,
    }


def _log(costs: Costs, routers: int, collectors: int, executors: int) -> float:
    """Return the share of a core that the log takes while nothing is pushed."""
    polls = routers * _POLLS * costs.poll((executors + collectors) / 2)
    return polls + costs.log_core(routers, collectors, executors, routers * _POLLS)
