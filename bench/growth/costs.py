"""The costs that growth is reckoned from: the measured sizes, and between them straight lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_MODELS = ("wine-tree", "wine-logistic", "wine-boosting")
GATHER_SECONDS, FRAME = 0.008, 32
"""For how long a router gathers tasks, and how many at the most (HEDGEROW_ROUTER_GATHER_...)."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of processor, MiB, and commands a second, each of one process."""

    sizes: Mapping[str, float]

    def task(self, process: str, rows: int, together: float) -> float:
        """Return the seconds a process spends on a task of three models, if so many tasks share a frame.

        A frame costs what a task alone in one costs more than a task in company; records cost the rest.
        """
        lone = self.sizes[f"frames.3-models.1-rows.64-clients.{process}"]
        in_company = self._micros(process, 1, 64)
        frame = max(0.0, lone - in_company) / (1 - 1 / self.measured_together)
        return (lone - frame + frame / max(1.0, together) + self._a_row(process) * (rows - 1)) / 1e6

    @property
    def measured_together(self) -> float:
        """How many tasks shared a frame at 64 clients: those that came while it was gathered."""
        return together(self.sizes["processor.3-models.1-rows.64-clients.rate"])

    def host(self, rows: int, together: float) -> float:
        """Return the seconds of the slowest of three models' hosts: it says how many hosts there are."""
        return max(self.task(f"host.{name}", rows, together) for name in _MODELS)

    def hosts(self, rows: int, together: float) -> float:
        """Return the seconds of all three models' hosts together."""
        return sum(self.task(f"host.{name}", rows, together) for name in _MODELS)

    def host_mib(self) -> float:
        """Return the mean memory of a host under load."""
        return sum(self.sizes[f"memory.host.{name}.load"] for name in _MODELS) / len(_MODELS)

    def executor_mib(self) -> float:
        """Return the memory of an executor without hosts: its agent and the fork server for PMML."""
        return self.sizes["memory.executor.load"] + self.sizes["memory.fork-server.pmml.anonymous"]

    def stream_core(self, at: str, of: str) -> float:
        """Return the share of a core that one more idle stream takes at one of its ends."""
        return max(0.0, self.sizes[f"streams.{at}.{of}.core"]) / 100

    def stream_mib(self, at: str, of: str) -> float:
        """Return the memory that it takes there."""
        return max(0.0, self.sizes[f"streams.{at}.{of}.memory"]) / 1024

    def poll(self, members: float) -> float:
        """Return the log's seconds for a list of so many members."""
        known = (10, 100, 1000)
        fit = np.polyfit(known, [self.sizes[f"log.poll.{n}"] for n in known], 1)
        return float(np.polyval(fit, members)) / 1e6

    def log_core(self, routers: int, collectors: int, executors: int, polls: int) -> float:
        """Return the share of a core for what is sent to the log besides polls; as dear as renewals."""
        of = {name: self.sizes[f"streams.log.{name}"] for name in ("router", "collector", "mesh")}
        executor = (
            of["mesh"] - of["router"] - of["collector"]
        ) / 2  # the other half is the registry's
        sent = routers * of["router"] + collectors * of["collector"] + executors * executor
        return max(0.0, sent - polls) * self.sizes["log.renewal"] / 1e6

    def _micros(self, process: str, rows: int, clients: int) -> float:
        return self.sizes[f"processor.3-models.{rows}-rows.{clients}-clients.{process}"]

    def _a_row(self, process: str) -> float:
        return (self._micros(process, 256, 4) - self._micros(process, 1, 64)) / 255


def together(rate: float, data_types: int = 1) -> float:
    """Return how many tasks share a frame of a router that is asked at a rate, evenly of some data types.

    Tasks that were gathered together and are of one data type go to one host of each model, and to one
    collector. In calls that come in bursts they are more.
    """
    return max(1.0, min(FRAME, rate * GATHER_SECONDS) / data_types)
