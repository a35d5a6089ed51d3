"""The log: the streams that hold all that must outlive a process, and what stands beside them.

`Log` is what a service holds; `Mirror` keeps a `Catalog` equal to it. Everything else here knows Redis;
nothing outside of this package does. Whatever goes wrong with Redis comes out as `Unavailable`, and bytes
that are gone or damaged as `Corrupt`.
"""

from services.common.log.connection import LogRefused, check_url
from services.common.log.definitions import Definitions
from services.common.log.entries import BEGINNING, Entry, SnapshotItem
from services.common.log.following import Follower, Mark
from services.common.log.log import Log
from services.common.log.members import Members
from services.common.log.mirror import Mirror
from services.common.log.models import Conflict, History, ModelLog

__all__ = [
    "BEGINNING",
    "Conflict",
    "Definitions",
    "Entry",
    "Follower",
    "History",
    "Log",
    "LogRefused",
    "Mark",
    "Members",
    "Mirror",
    "ModelLog",
    "SnapshotItem",
    "check_url",
]
