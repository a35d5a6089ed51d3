"""What happens to models and plans, as it happens, and backups of all of it."""

from hedgerow.client.history.backups import Restored, backup, restore
from hedgerow.client.history.watching import Seen, watch_models

__all__ = ["Restored", "Seen", "backup", "restore", "watch_models"]
