"""Reading the events of many data types, for ever, whatever becomes of the log meanwhile."""

from services.common.log.following.follower import Follower, Item, Mark

__all__ = ["Follower", "Item", "Mark"]
