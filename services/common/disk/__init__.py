"""What a service keeps on its disk of what it knows, so that it can start while the log is out of reach."""

from services.common.disk.memory import Memory
from services.common.disk.state_file import Kept, StateFile

__all__ = ["Kept", "Memory", "StateFile"]
