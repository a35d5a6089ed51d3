"""The reasons that rules give for an answer, as clients read them."""

from __future__ import annotations

from enum import StrEnum

from hedgerow.v1 import rules_pb2 as pb


class Reason(StrEnum):
    """Why an answer was taken."""

    PREFERRED = "preferred"
    """The best-listed model that could still answer did."""
    BEST_AVAILABLE = "best_available"
    """The deadline came; the best-listed model that had answered."""
    CONSENSUS = "consensus"
    """A quorum agreed."""
    PLURALITY = "plurality"
    """No quorum; the largest group."""
    BEST_QUALITY = "best_quality"
    """Nothing better was to be had from anybody."""
    GOOD_ENOUGH = "good_enough"
    """Confident enough to wait for no one else."""
    DEFAULT = "default"
    """No model answered; the plan's default."""
    NO_ANSWER = "no_answer"
    """No model answered this record, others of the batch were answered."""
    BEST_QUALITY_IN_TIME = "best_quality_in_time"
    """The deadline came while a better answer was still possible; the best of those that had come."""
    PLURALITY_IN_TIME = "plurality_in_time"
    """The deadline came while a quorum was still possible; the largest group of those that had answered."""
    UNKNOWN = "unknown"
    """A reason that a newer mesh has and this client does not know."""


def reason_of(number: int) -> Reason:
    """Return the reason that the wire has as a number."""
    return _REASONS.get(number, Reason.UNKNOWN)


_REASONS: dict[int, Reason] = {
    number: Reason(name.removeprefix("REASON_").lower())
    for name, number in pb.Reason.items()
    if number
}
