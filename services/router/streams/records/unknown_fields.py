"""Fields that no model knows: told once a name, not once a record."""

from __future__ import annotations

import structlog

_log = structlog.get_logger()

_MOST = 1000
"""Names of a data type that are told; whoever invents a name a record is not to fill the memory."""


class UnknownFields:
    """Of one data type, for as long as this process lives."""

    def __init__(self, data_type: str) -> None:
        self._data_type = data_type
        self._seen: set[str] = set()

    def seen(self, name: str) -> None:
        """A record has a field of this name."""
        if name in self._seen or len(self._seen) >= _MOST:
            return
        self._seen.add(name)
        _log.warning(
            "records have a field that no model of the plan knows; it is left out",
            data_type=self._data_type,
            field=name[:100],
        )
        if len(self._seen) == _MOST:
            _log.warning("no more such fields are told", data_type=self._data_type)
