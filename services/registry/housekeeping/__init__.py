"""What a registry sees to by itself, without being asked."""

from services.registry.housekeeping.housekeeping import Housekeeping
from services.registry.housekeeping.unused_bytes import UnusedBytes

__all__ = ["Housekeeping", "UnusedBytes"]
