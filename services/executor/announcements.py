"""What an executor tells of its hosts, and of the versions that have none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

from hedgerow.v1.execution_pb2 import Host, HostState
from services.common.catalog import Catalog
from services.common.recent_versions import KEPT, VersionKey
from services.executor.hosts import Hosts
from services.executor.processes.host_process import HostProcess, State
from services.executor.versions.packing import Packing
from services.executor.versions.setbacks import Setbacks

_LOADING, _FAILED = HostState.HOST_STATE_LOADING, HostState.HOST_STATE_FAILED


def announcements(living: Sequence[Host], setbacks: Setbacks, catalog: Catalog) -> list[Host]:
    """Return what is told of hosts, and every version that is tried again or was given up, with the reason.

    Of the versions of a model that were given up only the latest are told, or this would grow for ever.
    """
    waiting, failed = setbacks.waiting, setbacks.failed
    hosts = [*living]
    for host in hosts:
        if host.state == _LOADING:  # why the one before it did not serve
            host.failure = waiting.get(VersionKey.of(host.model), "")
    have_one = {VersionKey.of(host.model) for host in hosts}
    reasons = [
        (key, _FAILED if key in failed else _LOADING, reason)
        for key, reason in waiting.items()
        if key not in have_one
    ]
    reasons += [(key, _FAILED, setbacks.given_up[key]) for key in _latest(setbacks.given_up)]
    for key, state, reason in reasons:
        model = catalog.find(*key)
        if model is not None and not catalog.is_over(*key):
            hosts.append(Host(model=model, state=state, failure=reason))
    return hosts


def told_of(
    host: HostProcess, hosts: Hosts, packed: Packing, warm: Collection[VersionKey]
) -> list[Host]:
    """Return what is told of the versions of a host that lives.

    Nothing while they move to it, for they serve elsewhere; and nothing of versions that serve
    elsewhere by now, or not any more, while their host goes on for others.
    """
    if host.moves and host.state is State.LOADING:
        return []
    told = []
    for key, announced in zip(host.keys, host.announcements(), strict=True):
        if host.is_group and host.state is State.SERVING and not hosts.is_chosen(host, key):
            continue
        announced.warm = key in warm
        if not host.is_group and host.state is State.SERVING:
            announced.alone = packed.alone.get(key, "")
        told.append(announced)
    return told


def _latest(keys: Iterable[VersionKey]) -> Iterable[VersionKey]:
    for _, versions in groupby(sorted(keys), key=lambda key: key[:2]):
        yield from [*versions][-KEPT:]
