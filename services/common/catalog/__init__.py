"""What exists: models with their versions, aliases and plans, as a fold of the log's events.

`Catalog` is what services hold; it knows neither Redis nor gRPC. Registry, router and executor fold the
same events and so come to the same catalog.
"""

from services.common.catalog.catalog import Catalog, position
from services.common.catalog.life import is_bad, is_final
from services.common.catalog.lines import Candidates
from services.common.catalog.versions import Definition, Version
from services.common.catalog.wanted import Succession, WantedVersions

__all__ = [
    "Candidates",
    "Catalog",
    "Definition",
    "Succession",
    "Version",
    "WantedVersions",
    "is_bad",
    "is_final",
    "position",
]
