"""The keys of the stream that is measured."""

from bench.payload import DATA_TYPE


def records(partition: str = "") -> str:
    """Return the stream of records of a partition: "" for the one without a number, "0", "1" ..."""
    return f"hedgerow:{{{_tag(partition)}}}:records"


def scores(partition: str = "") -> str:
    """Return the stream of its scores."""
    return f"hedgerow:{{{_tag(partition)}}}:scores"


DEAD = f"hedgerow:{{{DATA_TYPE}}}:dead"
BARE = f"bench:{{{DATA_TYPE}}}:records"
"""The same entries, for who reads and writes without scoring."""
BARE_SCORES = f"bench:{{{DATA_TYPE}}}:scores"


def _tag(partition: str) -> str:
    return f"{DATA_TYPE}/{partition}" if partition else DATA_TYPE
