"""How each version is on this executor, as the log is to know it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hedgerow.v1.models_pb2 import (
    VERSION_STATE_FAILED,
    VERSION_STATE_LIVE,
    VERSION_STATE_LOADING,
    VERSION_STATE_QUARANTINED,
    ExecutorReport,
)
from services.common.recent_versions import VersionKey
from services.executor.versions.setbacks import Setbacks


def states(
    serves: Mapping[VersionKey, bool],
    setbacks: Setbacks,
    shares: Mapping[VersionKey, float] = MappingProxyType({}),
) -> dict[VersionKey, ExecutorReport]:
    """Return the state of each version that has a host, by whether it serves, or that met with a setback.

    `shares` has what is told of versions that share a process, or must not: `task_seconds` of the report.

    All that is missing is not here, or not any more.
    """
    found = {}
    for key, reason in setbacks.waiting.items():
        if key in setbacks.failed:
            found[key] = ExecutorReport(state=VERSION_STATE_FAILED, reason=reason, tried_again=True)
        else:
            found[key] = ExecutorReport(state=VERSION_STATE_LOADING)
    for key, is_live in serves.items():
        if is_live:
            found[key] = ExecutorReport(state=VERSION_STATE_LIVE, task_seconds=shares.get(key))
        else:
            found.setdefault(key, ExecutorReport(state=VERSION_STATE_LOADING))
    for key, reason in setbacks.given_up.items():
        quarantined = key in setbacks.quarantined
        state = VERSION_STATE_QUARANTINED if quarantined else VERSION_STATE_FAILED
        found[key] = ExecutorReport(state=state, reason=reason)
    return found
