"""What the load generator speaks: each server is asked in the protocol that its users would."""

from bench.protocols import inference, scoring
from bench.protocols.protocol import AnyProtocol

PROTOCOLS: dict[str, AnyProtocol] = {
    "scoring": scoring.PROTOCOL,
    "inference": inference.PROTOCOL,
}
"""By the names that a load has them by."""
