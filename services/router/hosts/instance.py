"""A model version in a host: what a router chooses for a model of a plan.

A host may run several. Their tasks share the stream, its credit and its fate, and each version comes and
goes for itself: one that is replaced drains while the others of its host go on.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from hedgerow.v1.models_pb2 import ModelVersion
from services.router.hosts.work_spared import Spared
from services.router.tasks import Started, Task, TaskHost


class Offer(NamedTuple):
    """A task for models of its plan that a host runs."""

    task: Task
    started: Started
    encoded: bytes
    """The task, or those of its records that are still of interest, as a field of ExecuteRequest."""
    rows: int


class Link(TaskHost, Protocol):
    """What is known of a host; `hosts.link` has the real one."""

    address: str
    executor: str
    outstanding: int
    """Tasks that it has, and that wait for it."""
    is_finished: bool
    """Nothing is written to it any more."""

    def offer(self, offers: list[Offer]) -> None:
        """Queue tasks."""

    def close_if_unused(self) -> None:
        """Close it if it takes no tasks any more and has none."""


class ModelInstance:
    """One version in one host."""

    __slots__ = (
        "address",
        "executor",
        "is_draining",
        "is_retired",
        "link",
        "model",
        "number",
        "spared",
    )

    def __init__(self, link: Link, model: ModelVersion, number: int, spared: Spared) -> None:
        self.link = link
        """Its host."""
        self.model = model
        self.number = number
        """What the host calls it by."""
        self.spared = spared
        self.address = link.address
        self.executor = link.executor
        self.is_draining = False
        """Another instance is to take over, or has."""
        self.is_retired = False
        """It takes no more tasks."""

    def __repr__(self) -> str:
        return f"<{self.reference} at {self.address}>"

    @property
    def reference(self) -> str:
        """The version as `name@version`."""
        return f"{self.model.descriptor.name}@{self.model.version}"

    @property
    def outstanding(self) -> int:
        """Tasks that its host has, and that wait for it."""
        return self.link.outstanding

    @property
    def is_usable(self) -> bool:
        """It may be given tasks."""
        return self.link.is_ready and not self.is_retired

    @property
    def cut_from(self) -> set[str]:
        """Collectors that its host cannot reach."""
        return self.link.cut_from

    def announced(self, is_serving: bool) -> None:
        """Note what its executor says. In a host that goes on for others it may come back."""
        self.is_draining = not is_serving
        if is_serving and not self.link.is_finished:
            self.is_retired = False

    def retire(self) -> None:
        """Take no more tasks; the host is closed when those of all its versions are done."""
        self.is_retired = True
        self.link.close_if_unused()
