"""How a version that is waited for stands: on which executors it serves, loads, or has failed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hedgerow.client.serving.goals import Wanted
from hedgerow.v1.execution_pb2 import Host, HostState
from hedgerow.v1.models_pb2 import (
    VERSION_STATE_DELETED,
    VERSION_STATE_FAILED,
    VERSION_STATE_QUARANTINED,
    VERSION_STATE_RETIRED,
    VersionLife,
)
from hedgerow.v1.state_pb2 import Executor, GetStateResponse

_OVER = {VERSION_STATE_RETIRED: "retired", VERSION_STATE_DELETED: "deleted"}
_UNNAMED = "host "
"""Of a host whose executor the router does not tell; then hosts are counted instead."""
_BAD = (VERSION_STATE_FAILED, VERSION_STATE_QUARANTINED)


@dataclass(slots=True)
class Standing:
    """Of one version, as a router and the registry tell."""

    wanted: Wanted
    able: set[str]
    """Executors that run models of its data type and type; none: the router does not tell."""
    needed: int
    """On so many executors it is to serve."""
    serving: set[str] = field(default_factory=set)
    loading: dict[str, str] = field(default_factory=dict)
    """What hinders it there, "" where nothing does."""
    failed: dict[str, str] = field(default_factory=dict)
    """Why."""
    in_the_way: str = ""
    """Why the router does not answer by it, though it serves."""

    @property
    def is_reached(self) -> bool:
        """It serves where it should, and the plan that points to it is answered by it."""
        return len(self.serving) >= self.needed and not self.in_the_way

    @property
    def hopeless(self) -> str:
        """Why it will not come to serve where it should, unless somebody does something; else ""."""
        if over := _OVER.get(self.wanted.tracked.life.state):
            return f"{self.wanted} is {over}"
        if len(self.serving) >= self.needed:
            return ""
        if self.failed and self._cannot_do():
            return f"{self.wanted} cannot serve: {self._failures()}"
        if not (self.wanted.is_loaded or self.serving or self.loading):
            return (
                f"no executor loads {self.wanted}: it is not the newest, and the plan in force does not"
                " point to it"
            )
        return ""

    def _cannot_do(self) -> bool:
        if self.able:
            return len(self.able - self.failed.keys()) < self.needed
        return not (self.serving or self.loading)

    def text(self) -> str:
        """Return how it stands: `wine-tree@4: serving on 1 of 2 executors, loading on 1`."""
        if not (self.serving or self.loading or self.failed):
            return f"{self.wanted} has no host; does an executor run that serves its data type and type?"
        if len(self.serving) >= self.needed and self.in_the_way:
            return f"{self.wanted}: serving; {self.in_the_way}"
        executors = "executor" if self.needed == 1 else "executors"
        fewer = f" (there are {len(self.able)})" if 0 < len(self.able) < self.needed else ""
        said = [
            f"{self.wanted}: serving on {len(self.serving)} of {self.needed} {executors}{fewer}"
        ]
        if self.loading:
            said.append(f"loading on {len(self.loading)}{_hindrance(self.loading.values())}")
        if self.failed:
            said.append(self._failures())
        return ", ".join(said)

    def _failures(self) -> str:
        reasons = dict.fromkeys(self.failed.values())
        return f"failed on {len(self.failed)} ({'; '.join(reasons)})"


def standing_of(wanted: Wanted, state: GetStateResponse, executors: int | None) -> Standing:
    """Return how a version stands; it is to serve on `executors` of them, by default on all it can."""
    descriptor = wanted.tracked.model.descriptor
    able = {
        executor.address
        for executor in state.executors
        if _takes(executor, descriptor.data_type, descriptor.model_type)
    }
    standing = Standing(wanted, able, executors or len(able) or 1)
    hosts = [host for host in state.hosts if _is_of(host, wanted)]
    for number, host in enumerate(hosts):
        _take_host(standing, host, host.executor or f"{_UNNAMED}{number}")
    _take_life(standing, wanted.tracked.life)
    standing.in_the_way = _in_the_way(wanted, state)
    return standing


def _takes(executor: Executor, data_type: str, model_type: str) -> bool:
    return _among(data_type, executor.data_types) and _among(model_type, executor.model_types)


def _among(name: str, names: Iterable[str]) -> bool:
    found = set(names)
    return name in found or "*" in found


def _is_of(host: Host, wanted: Wanted) -> bool:
    said = host.model.descriptor
    return (said.data_type, said.name, host.model.version) == (
        wanted.tracked.model.descriptor.data_type,
        wanted.name,
        wanted.version,
    )


def _take_host(standing: Standing, host: Host, executor: str) -> None:
    """Take a host into account; the best of an executor's hosts counts."""
    if host.state == HostState.HOST_STATE_SERVING:
        standing.serving.add(executor)
        standing.loading.pop(executor, None)
        standing.failed.pop(executor, None)
    elif executor in standing.serving:
        return
    elif host.state == HostState.HOST_STATE_LOADING:
        standing.loading[executor] = host.failure
        standing.failed.pop(executor, None)
    elif host.state == HostState.HOST_STATE_FAILED and executor not in standing.loading:
        standing.failed[executor] = host.failure


def _take_life(standing: Standing, life: VersionLife) -> None:
    """Take into account what the log remembers, where no host says otherwise."""
    if standing.serving or standing.loading or not life.executors:
        return
    final = {
        report.executor: report.reason
        for report in life.executors
        if report.state in _BAD and not report.tried_again
    }
    if len(final) == len(life.executors):  # it lives nowhere, so nobody tries it either
        named = {e: why for e, why in standing.failed.items() if not e.startswith(_UNNAMED)}
        standing.failed = {**final, **named}
        standing.able &= final.keys()


def _in_the_way(wanted: Wanted, state: GetStateResponse) -> str:
    """Return why a plan is not answered by a version, as far as the router tells."""
    told = [one for one in state.plan_models if one.data_type == _data_type(wanted)]
    if not wanted.reference or not told:
        return ""
    mine = [one for one in told if one.reference == wanted.reference]
    if any(one.answering == wanted.version for one in mine):
        return ""
    reason = next((f" ({one.reason})" for one in mine if one.reason), "")
    return f"the router does not answer by it yet{reason}"


def _data_type(wanted: Wanted) -> str:
    return wanted.tracked.model.descriptor.data_type


def _hindrance(troubles: Iterable[str]) -> str:
    found = "; ".join(dict.fromkeys(filter(None, troubles)))
    return f" ({found})" if found else ""
