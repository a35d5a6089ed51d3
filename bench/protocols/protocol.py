"""A protocol: how records are asked about, and how answers are counted and read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bench.measured import Tally

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Protocol(Generic[R]):
    """A unary method whose responses are `R`."""

    method: str
    requests: Callable[[int], list[bytes]]
    """Returns encoded requests of so many records each, in the order of `payload.batches`."""
    parse: Callable[[bytes], R]
    count: Callable[[Tally, float, float, R], None]
    """Counts a response that was asked for and came at these times."""
    labels: Callable[[R], list[str]]
    """Returns the answer for each record."""


AnyProtocol = Protocol[Any]
