"""When the models of a plan are started: a plan's strategy, compiled once.

The hedge that learns its delay is the hedged request of Dean and Barroso, "The Tail at Scale"
(Communications of the ACM 56(2), 2013): the second is sent when the first has taken longer than most do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from hedgerow.references import Reference
from hedgerow.v1 import plans_pb2


class Delay(NamedTuple):
    """A delay in seconds, or the quantile of response times that is to be used as one."""

    seconds: float
    quantile: float = 0.0
    """0: `seconds` is told. Else `seconds` means nothing."""


class When(Enum):
    """Moments at which a model starts that do not wait for a time."""

    AT_ONCE = auto()
    ON_DOUBT = auto()


Start = When | Delay


@dataclass(frozen=True, slots=True)
class Strategy:
    """By the places of the models in the plan."""

    voters: int
    """A bit for each model that votes; the others are shadows, which start at once and are not counted."""
    starts: tuple[Start, ...]
    parallelism: int
    """Voters that run at the same time, at the most."""
    replica_hedge: Delay | None

    @property
    def is_plain(self) -> bool:
        """Everything starts at once, once."""
        return (
            self.replica_hedge is None
            and self.parallelism >= self.voters.bit_count()
            and all(start is When.AT_ONCE for start in self.starts)
        )

    def starts_by_itself(self, place: int) -> bool:
        """Whether a model votes and starts at once or after a time, whatever others say."""
        return bool(self.voters >> place & 1) and self.starts[place] is not When.ON_DOUBT


def compile_strategy(plan: plans_pb2.Plan) -> Strategy:
    """Compile the strategy of a plan that has been checked."""
    wire = plan.strategy
    starts = [_start(wire.starts.get(str(Reference.of(m)))) for m in plan.models]
    voters = [place for place, model in enumerate(plan.models) if not model.shadow]
    hedge = _delay(wire.replica_hedge) if wire.HasField("replica_hedge") else None
    return Strategy(
        voters=sum(1 << place for place in voters),
        starts=tuple(starts),
        parallelism=wire.parallelism or len(voters),
        replica_hedge=hedge,
    )


def _start(start: plans_pb2.Start | None) -> Start:
    kind = start.WhichOneof("kind") if start is not None else None
    if start is None or kind is None:
        return When.AT_ONCE
    if kind == "on_doubt":
        return When.ON_DOUBT if start.on_doubt else When.AT_ONCE
    return _delay(start.after)


def _delay(delay: plans_pb2.Delay) -> Delay:
    if delay.WhichOneof("kind") == "quantile":
        return Delay(0.0, delay.quantile)
    return Delay(delay.time.ToNanoseconds() / 1e9)
