"""The kinds of faults, and which of them may come together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What is done."""

    KILL = "kill -9"
    """Started again after a while, as Kubernetes would."""
    STOP = "stop"
    """SIGSTOP, and SIGCONT after a while: a machine that is too busy, or paused."""
    RESTART = "restart"
    """SIGTERM, and started again when it has ended."""
    CUT = "cut off"
    """The network between the hosts of an executor and the first collector is gone for a while."""
    FILL = "fill"
    """The log takes no more writes for a while."""
    CHANGE = "change"
    """A new version of a model, or another plan."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is done to which kind of part: a line of the table."""

    act: Act
    part: str

    def __str__(self) -> str:
        return _NAMES.get(self.part, f"{self.act} {self.part}")


PARTS = {"host": 2, "executor": 2, "collector": 2, "router": 2, "registry": 1, "log": 1}
"""The kinds of processes, and how many of each a fault may choose from."""

_NAMES = {"model": "push a version", "plan": "apply a plan", "space": "fill the log"}

KINDS = (
    *(Kind(act, part) for part in PARTS for act in (Act.KILL, Act.STOP, Act.RESTART)),
    Kind(Act.CUT, "network"),
    Kind(Act.FILL, "space"),
    Kind(Act.CHANGE, "model"),
    Kind(Act.CHANGE, "plan"),
)

_CANNOT_MISS_BOTH = (
    {"host", "executor", "network"},
    {"collector", "network"},
    {"log", "space"},
)


def may_meet(one: Kind, other: Kind) -> bool:
    """Tell whether a mesh with two of each must stand both at once: one of each part stays whole."""
    if one.part == other.part:
        return False
    return not any({one.part, other.part} <= group for group in _CANNOT_MISS_BOTH)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, with all that chance has to say of it."""

    kind: Kind
    number: int
    """Which of the parts of a kind, from 1."""
    seconds: float
    """How long it lasts; not of restarts and changes."""
    choice: float
    """From 0 up to 1, for what can be chosen only when it comes: the host, the model, the plan."""

    def __str__(self) -> str:
        if self.kind.part == "host":
            return f"{self.kind} of executor-{self.number}"
        return f"{self.kind}-{self.number}" if PARTS.get(self.kind.part) == 2 else str(self.kind)


@dataclass(frozen=True, slots=True)
class Step:
    """One fault, or two of which the second comes while the mesh still has to do with the first."""

    faults: tuple[Fault, ...]
    gap: float
    """Seconds from the first to the second."""
    calm: float
    """Seconds before it, after the mesh is whole again from the step before."""

    def __str__(self) -> str:
        return f", after {self.gap:.1f} s ".join(str(fault) for fault in self.faults)
