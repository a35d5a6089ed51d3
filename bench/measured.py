"""What was seen of requests: times, failures, and who answered."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np

from hedgerow.v1.rules_pb2 import Reason
from hedgerow.v1.scoring_pb2 import Decision


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement. Times are milliseconds, of requests that were answered."""

    requests: int
    rows: int
    seconds: float
    p50: float
    p90: float
    p99: float
    p999: float
    longest: float
    longest_gap: float
    """Between an answer, of whichever client, and the next."""
    late: int
    """Answers that took longer than the bound."""
    failures: dict[str, int]
    """By gRPC code."""
    answers: dict[str, int]
    """Records by the model version that answered."""
    reasons: dict[str, int]
    """Records by the reason of the answer."""

    @property
    def rate(self) -> float:
        """Requests answered a second."""
        return self.requests / self.seconds

    @property
    def row_rate(self) -> float:
        """Records answered a second."""
        return self.rows / self.seconds

    @property
    def failed(self) -> int:
        """Requests that failed."""
        return sum(self.failures.values())

    def to_json(self) -> dict[str, Any]:
        """Return it as what JSON knows."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return what `to_json` gave."""
        return cls(**values)


@dataclass(slots=True)
class Tally:
    """Counts while requests run. Times are seconds of one monotonic clock."""

    late_after: float = float("inf")
    latencies: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    answered: Counter[tuple[str, int]] = field(default_factory=Counter)
    reasons: Counter[int] = field(default_factory=Counter)
    rows: int = 0

    def add(self, begun: float, ended: float, decision: Decision) -> None:
        """Count an answer, and who gave it why."""
        self.add_rows(begun, ended, len(decision.reasons))
        for place, count in Counter(decision.answered_by).items():
            model = decision.models[place] if place >= 0 else None
            self.answered[(model.name, model.version) if model else ("nobody", 0)] += count
        self.reasons.update(decision.reasons)

    def add_rows(self, begun: float, ended: float, rows: int) -> None:
        """Count an answer for so many records."""
        self.latencies.append(ended - begun)
        self.ends.append(ended)
        self.rows += rows

    def add_failure(self, code: str) -> None:
        """Count a request that failed."""
        self.failures[code] += 1

    def measured(self, seconds: float) -> Measured:
        """Return what was seen in `seconds`."""
        times = np.array(self.latencies or [0.0])
        ends = np.sort(np.array(self.ends or [0.0]))
        p50, p90, p99, p999 = (np.percentile(times, [50, 90, 99, 99.9]) * 1e3).tolist()
        return Measured(
            requests=len(self.latencies),
            rows=self.rows,
            seconds=seconds,
            p50=p50,
            p90=p90,
            p99=p99,
            p999=p999,
            longest=float(times.max()) * 1e3,
            longest_gap=float(np.diff(ends).max(initial=0.0)) * 1e3,
            late=int((times > self.late_after).sum()),
            failures=dict(self.failures),
            answers={f"{name}@{version}": n for (name, version), n in self.answered.items()},
            reasons={Reason.Name(r).removeprefix("REASON_"): n for r, n in self.reasons.items()},
        )
