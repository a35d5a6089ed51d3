"""Kills hosts that hang: that do not load in time, give no heartbeat, or do not end when they drain."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from hedgerow.plans.strategy_checks import DEFAULT_DEADLINE
from services.common.catalog import Catalog
from services.common.logs import fields_of
from services.executor.host_process import HostProcess, State
from services.executor.settings import ExecutorSettings

_log = structlog.get_logger()


class Watchdog:
    """Knows how long a host may be silent: while it loads a time of its own, then so many deadlines."""

    def __init__(self, settings: ExecutorSettings, catalog: Catalog) -> None:
        self._settings = settings
        self._catalog = catalog

    def look(self, wanted: Iterable[HostProcess], draining: Iterable[HostProcess]) -> None:
        """Kill those of the hosts that have been silent for too long."""
        for host in list(wanted):
            self._check(host)
        for host in list(draining):
            if host.silence > self._longest_silence(host):
                host.kill("did not end when it was asked to")

    def _check(self, host: HostProcess) -> None:
        loading = host.state is State.LOADING
        limit = (
            self._settings.load_timeout.total_seconds() if loading else self._longest_silence(host)
        )
        if host.pid and host.silence > limit:
            doing = "did not load" if loading else "gave no heartbeat"
            reason = f"{doing} for {limit:g} s and was killed"
            _log.warning(
                "a host hangs and is killed",
                **fields_of(host.model),
                host=host.address,
                host_pid=host.pid,
                reason=reason,
            )
            host.kill(reason)

    def _longest_silence(self, host: HostProcess) -> float:
        plan = self._catalog.plan(host.model.descriptor.data_type)
        deadline = plan.policy.deadline.ToTimedelta() or DEFAULT_DEADLINE
        limit = max(
            self._settings.kill_after_at_least, deadline * self._settings.kill_after_deadlines
        )
        return limit.total_seconds()
