"""Quantities as manifests write them."""

from __future__ import annotations

import re

# The last is Valkey's.
_UNITS = {"": 1.0, "m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "mb": 2**20}


def quantity(said: str | int) -> float:
    """Read `512Mi` as bytes, `250m` as cores."""
    found = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", str(said))
    assert found is not None, said
    return float(found[1]) * _UNITS[found[2]]
