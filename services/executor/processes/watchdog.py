"""Kills hosts that hang: that do not load in time, give no heartbeat, or do not end when they drain."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from time import monotonic

from hedgerow.plans.strategy_checks import DEFAULT_DEADLINE
from services.common.catalog import Catalog
from services.executor.processes.host_process import HostProcess, State, kill
from services.executor.settings import ExecutorSettings

WATCH_SECONDS = 0.25
"""How often hosts are looked at."""
_LATE_SECONDS = 1.0
"""A look that comes so much too late says that this process did not run, and perhaps no other did."""


class Watchdog:
    """Knows how long a host may be silent: while it loads a time of its own, then so many deadlines.

    Silence counts only while the watchdog itself was awake. When the whole machine has stood still, or was
    too busy, it is often the first to run again, and would find every heart still.
    """

    def __init__(
        self, settings: ExecutorSettings, catalog: Catalog, clock: Callable[[], float] = monotonic
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._clock = clock
        self._looked = self._awake_since = clock()

    def look(self, wanted: Iterable[HostProcess], draining: Iterable[HostProcess]) -> None:
        """Kill those of the hosts that have been silent for too long. To be called again and again."""
        now = self._clock()
        if now - self._looked > WATCH_SECONDS + _LATE_SECONDS:
            self._awake_since = now
        self._looked = now
        for host in list(wanted):
            self._check(host)
        for host in list(draining):
            if self._silence(host) > self._longest_silence(host):
                host.kill("did not end when it was asked to")

    def _check(self, host: HostProcess) -> None:
        loading = host.state is State.LOADING
        limit = self._longest_silence(host)
        if loading:
            limit = self._settings.load_timeout.total_seconds()
        if host.pid and self._silence(host) > limit:
            doing = "did not load" if loading else "gave no heartbeat"
            reason = f"{doing} for {limit:g} s and was killed"
            kill(host, "a host hangs and is killed", reason)

    def _silence(self, host: HostProcess) -> float:
        return min(host.silence, self._clock() - self._awake_since)

    def _longest_silence(self, host: HostProcess) -> float:
        deadline = max(self._deadline(key.data_type) for key in host.keys)
        limit = max(
            self._settings.kill_after_at_least, deadline * self._settings.kill_after_deadlines
        )
        return limit.total_seconds()

    def _deadline(self, data_type: str) -> timedelta:
        # A log that was emptied knows nothing of what still serves.
        if not self._catalog.has_models(data_type):
            return DEFAULT_DEADLINE
        plan = self._catalog.plan(data_type)
        return plan.policy.deadline.ToTimedelta() or DEFAULT_DEADLINE
