"""Queueing on one path, a router, three hosts and a collector, by discrete events.

Calls come at random (Poisson). What each costs is random too, as exponential times are: more than was
measured, for pauses of a machine. The router gathers tasks into frames by its own rule (a frame leaves when
32 wait or after 8 ms, a lone one at once); a host scores a frame at a time, the collector takes a frame of
each host at a time and decides a frame when the last has come. Deadlines, hedges and refusals are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.growth.costs import FRAME, GATHER_SECONDS

_Times = NDArray[np.float64]

_HOSTS = 3
_COMPANY = 3


@dataclass(frozen=True, slots=True)
class Delay:
    """Milliseconds of calls."""

    p50: float
    p99: float


def delay(
    utilisation: float, router: float, host: float, collector: float, calls: int = 100_000
) -> Delay:
    """Return the delay where the busiest of three has so much to do; costs are seconds of a task."""
    random = np.random.default_rng(7)
    gaps = random.exponential(max(router, host, collector) / utilisation, calls)
    arrivals = np.cumsum(gaps)
    admitted = _served(arrivals, random.exponential(router, calls))
    leaves = _gathered(admitted)
    starts, members = np.unique(leaves, return_inverse=True)
    sizes = np.bincount(members)
    scored = [_served(starts, random.gamma(sizes, host, len(sizes))) for _ in range(_HOSTS)]
    decided = _decided(
        np.array(scored), random.gamma(sizes / _HOSTS, collector, (_HOSTS, len(sizes)))
    )
    p50, p99 = np.percentile((decided[members] - arrivals) * 1e3, [50, 99]).tolist()
    return Delay(p50, p99)


def _served(arrivals: _Times, needs: _Times) -> _Times:
    """Return when each is done by one server that takes them in turn (Lindley's recursion)."""
    done = np.cumsum(needs)
    begun = np.maximum.accumulate(arrivals - done + needs)
    finished: _Times = begun + done
    return finished


def _gathered(times: _Times) -> _Times:
    """Return when the frame of each task leaves; with hardly any company that is at once."""
    leaves, first = times.copy(), 0
    while first < len(times):
        after = int(np.searchsorted(times, times[first] + GATHER_SECONDS, "right"))
        last = min(after, first + FRAME)
        if last - first >= _COMPANY:
            full = last - first == FRAME
            leaves[first:last] = times[last - 1] if full else times[first] + GATHER_SECONDS
        else:
            last = first + 1
        first = last
    return leaves


def _decided(scored: _Times, needs: _Times) -> _Times:
    """Return when the collector has taken the last host's frame of each, in the order they came."""
    order = np.argsort(scored, axis=None)
    done = np.empty(scored.size)
    done[order] = _served(scored.ravel()[order], needs.ravel()[order])
    decided: _Times = done.reshape(scored.shape).max(axis=0)
    return decided
