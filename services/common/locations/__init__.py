"""The bytes of models that are not in the log, but at an address outside of the mesh."""

from services.common.locations.locations import Locations
from services.common.locations.setting import Allowed

__all__ = ["Allowed", "Locations"]
