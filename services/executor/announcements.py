"""What an executor tells of its hosts, and of the versions that have none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import groupby

from hedgerow.v1.execution_pb2 import Host, HostState
from services.common.catalog import Catalog
from services.common.recent_versions import KEPT, VersionKey
from services.executor.processes.host_process import HostProcess, State
from services.executor.versions.setbacks import Setbacks

_LOADING, _FAILED = HostState.HOST_STATE_LOADING, HostState.HOST_STATE_FAILED


def announcements(
    living: Iterable[HostProcess],
    setbacks: Setbacks,
    catalog: Catalog,
    warm: Collection[VersionKey] = (),
) -> list[Host]:
    """Return every host that lives, and every version that is tried again or was given up, with the reason.

    Of the versions of a model that were given up only the latest are told, or this would grow for ever.
    """
    processes = [host for host in living if host.state is not State.ENDED]
    waiting, failed = setbacks.waiting, setbacks.failed
    hosts = [_told(host, waiting, warm) for host in processes]
    have_one = {VersionKey.of(host.model) for host in processes}
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


def _told(
    host: HostProcess, waiting: Mapping[VersionKey, str], warm: Collection[VersionKey]
) -> Host:
    """What is told of a host; while it loads, also why the one before it did not serve."""
    told = host.announcement()
    told.warm = VersionKey.of(host.model) in warm
    if told.state == _LOADING:
        told.failure = waiting.get(VersionKey.of(host.model), "")
    return told


def _latest(keys: Iterable[VersionKey]) -> Iterable[VersionKey]:
    for _, versions in groupby(sorted(keys), key=lambda key: key[:2]):
        yield from [*versions][-KEPT:]
