"""Plans as users write them."""

from __future__ import annotations


def wine(policy: str = "{timeout: {}}", models: str = "[{name: a}, {name: b}, {name: c}]") -> str:
    return f"data_type: wine\nmodels: {models}\npolicy: {policy}\n"
