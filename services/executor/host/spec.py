"""What an agent and its host say to each other. Plain values, for they travel through a pipe."""

from dataclasses import dataclass
from pathlib import Path

DRAIN = "drain"
"""The agent's only word: finish what you have, then end."""


@dataclass(frozen=True)
class ModelSpec:
    """What a host needs to know of one of its models."""

    model: bytes
    """A serialized ModelVersion."""

    definition: Path
    """The model's bytes."""

    verification: Path | None
    """A serialized Verification that was pushed with it."""

    batch_rows: tuple[int, ...]
    """Sizes that batches of this model have had, beside the usual ones."""


@dataclass(frozen=True)
class HostSpec:
    """What a host needs to know."""

    models: tuple[ModelSpec, ...]
    """Those that it runs; their places are their numbers."""

    heartbeat: Path
    """Where the heartbeat goes."""

    listen: str
    """Address to listen on, without a port."""

    port: int
    """Port to listen on; 0 takes a free one."""

    advertise: str
    """Address under which routers reach it, without a port."""

    row_limit: int
    """Rows scored in one call, unless one task has more."""

    drain_seconds: float
    """The longest that draining may take."""

    log_level: str
    log_format: str


@dataclass(frozen=True)
class Serving:
    """The host takes tasks at `address`."""

    address: str

    row_seconds: tuple[float | None, ...]
    """What a record takes on each model, where that is known."""


@dataclass(frozen=True)
class Failed:
    """A model cannot be loaded; the host ends."""

    reason: str

    is_final: bool
    """It is the model's own fault; else a later try may go well."""

    model: int = 0
    """Which model."""
