"""What can go wrong, for clients and services alike.

    HedgerowError
    ├── InvalidInput            the caller must change something      INVALID_ARGUMENT
    │   ├── InvalidRecord       a record does not fit a model
    │   ├── InvalidModel        a definition or descriptor is refused
    │   ├── InvalidPlan         a plan contradicts itself
    │   ├── InvalidName         nothing can have this name             (hedgerow.references)
    │   └── InvalidDuration     not a duration                         (hedgerow.durations)
    ├── NotFound                no such data type, model, version     NOT_FOUND
    ├── Refused                 what there is does not allow it now   FAILED_PRECONDITION
    ├── Outdated                somebody else was faster              ABORTED
    ├── LimitExceeded           more than a bound allows              RESOURCE_EXHAUSTED
    │   └── Overloaded          too much in flight; come back later
    ├── NoAnswer                no model answered                     DEADLINE_EXCEEDED, UNAVAILABLE
    ├── Unavailable             a part of the mesh is out of reach    UNAVAILABLE
    ├── Corrupt                 stored bytes are gone or damaged      DATA_LOSS
    └── Internal                a fault of ours                       INTERNAL

Every message is one line that names the thing that is wrong and says what to do.
`services.common.errors` turns them into gRPC statuses and `hedgerow.client.statuses` turns those back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedgerow.v1.scoring_pb2 import Decision


class HedgerowError(Exception):
    """Root of all errors that hedgerow raises on purpose."""


class InvalidInput(HedgerowError):
    """The caller sent something that can never work."""


class InvalidRecord(InvalidInput):
    """A record does not fit the signature of a model, or no signature at all."""

    @classmethod
    def of_feature(cls, model: str, feature: str, problem: str) -> InvalidRecord:
        """Name the model (`wine-tree@1`), the feature and what is wrong with its value."""
        return cls(f"{model}: feature {feature!r} {problem}")


class InvalidModel(InvalidInput):
    """A model's definition or descriptor is refused."""


class InvalidPlan(InvalidInput):
    """A plan contradicts itself or what it names."""


class NotFound(HedgerowError):
    """Something is named that does not exist."""

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str], advice: str = "") -> NotFound:
        """Name what is missing, and those there are."""
        there = ", ".join(sorted(known)) or "none yet"
        return cls(f"no {kind} {name!r}; there are: {there}" + (f"; {advice}" if advice else ""))


class Refused(HedgerowError):
    """What there is does not allow it now: an alias on a version that failed, say."""


class Outdated(HedgerowError):
    """What the caller changes is not what it knew any more; it is to look again."""


class LimitExceeded(HedgerowError):
    """More than a configured bound allows."""


class Overloaded(LimitExceeded):
    """Too much in flight. The same call may succeed after `retry_after`."""

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NoAnswer(HedgerowError):
    """No model answered and the plan has no default.

    `decision` has the state of each model where the server told it; `deadline_reached` tells a deadline
    that passed from models that all failed before it.
    """

    def __init__(
        self, message: str, *, deadline_reached: bool, decision: Decision | None = None
    ) -> None:
        super().__init__(message)
        self.deadline_reached = deadline_reached
        self.decision = decision


class Unavailable(HedgerowError):
    """A part of the mesh is out of reach now; the same call may succeed later."""


class Corrupt(HedgerowError):
    """Bytes that were stored are gone or damaged."""


class Internal(HedgerowError):
    """A fault of ours; the log of the service has the rest."""
