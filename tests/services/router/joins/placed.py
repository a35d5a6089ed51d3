"""Hosts that are nowhere but at an address."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Placed:
    """What a join knows of a host."""

    address: str
    executor: str


def hosts_on(*executors: str, model: str = "m") -> list[Placed]:
    """A host of a model on each executor."""
    return [Placed(f"{executor}/{model}", executor) for executor in executors]
