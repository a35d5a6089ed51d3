"""How the hosts of model versions are, as a router sees them; a registry knows what was reported to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Coroutine, Iterable
from typing import Any, Self

from hedgerow.cli.models.told import state_text
from hedgerow.cli.output import print_note
from hedgerow.client.registry import Tracked
from hedgerow.client.state import get_mesh_state, get_state, state_name
from hedgerow.errors import HedgerowError
from hedgerow.v1.execution_pb2 import Host
from hedgerow.v1.models_pb2 import (
    VERSION_STATE_DELETED,
    VERSION_STATE_QUARANTINED,
    VERSION_STATE_RETIRED,
    ModelVersion,
)
from hedgerow.v1.state_pb2 import GetStateResponse

_OVER = (VERSION_STATE_RETIRED, VERSION_STATE_DELETED)

STATES = {"serving": "live", "loading": "loading", "failed": "failed"}
"""What a version is by the state of a host, the best first; hosts that drain tell nothing of it."""


class HostStates:
    """Of all versions. Where no router could be asked, nothing is known."""

    def __init__(self, hosts: Iterable[Host], problem: str = "") -> None:
        self._hosts: dict[tuple[str, str, int], list[Host]] = {}
        for host in hosts:
            self._hosts.setdefault(_key(host.model), []).append(host)
        self._problem = problem

    @classmethod
    async def ask(cls, router: str, data_type: str) -> Self:
        """Ask a router; one that does not answer is no error, for models can be listed without it."""
        return await cls._of(get_state(router, data_type))

    @classmethod
    async def ask_with_memory(cls, router: str, data_type: str) -> Self:
        """Ask the executors as well: they know what their hosts take."""
        return await cls._of(get_mesh_state(router, data_type))

    @classmethod
    async def _of(cls, state: Coroutine[Any, Any, GetStateResponse]) -> Self:
        try:
            return cls((await state).hosts)
        except HedgerowError as error:
            return cls((), str(error))

    def state(self, tracked: Tracked) -> str:
        """Return how a version is in a word: what its hosts tell is newer than what was reported."""
        life = tracked.life
        reported = state_text(life.state)
        if life.state in _OVER:
            return reported
        seen = {state_name(host) for host in self.of(tracked.model)}
        found = next((said for state, said in STATES.items() if state in seen), reported)
        is_quarantined = found == "failed" and life.state == VERSION_STATE_QUARANTINED
        return reported if is_quarantined else found

    def text(self, model: ModelVersion) -> str:
        """Return `2 serving`, `1 loading`, or nothing, for most old versions have no host."""
        if self._problem:
            return "?"
        counts = Counter(state_name(host) for host in self.of(model))
        return ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))

    def listed(self, model: ModelVersion) -> list[dict[str, Any]] | None:
        """Return the hosts for scripts; None if they are not known."""
        if self._problem:
            return None
        return [
            {
                "state": state_name(host),
                "executor": host.executor or None,
                "address": host.address or None,
                "failure": host.failure or None,
                "memory_bytes": host.memory_bytes or None,
                "warm": host.warm,
            }
            for host in self.of(model)
        ]

    def note(self, listed: Iterable[Tracked]) -> None:
        """Say on stderr why versions do not serve, or why that is not known."""
        if self._problem:
            print_note(f"note: hosts are not known: {self._problem}")
        for tracked in listed:
            failures = [host.failure for host in self.of(tracked.model)]
            if tracked.life.state not in _OVER:
                failures.append(tracked.life.reason)
            for failure in dict.fromkeys(filter(None, failures)):
                data_type, name, version = _key(tracked.model)
                print_note(f"note: {data_type}/{name}@{version}: {failure}")

    def of(self, model: ModelVersion) -> list[Host]:
        """Return the hosts of a version."""
        return self._hosts.get(_key(model), [])


def _key(model: ModelVersion) -> tuple[str, str, int]:
    return model.descriptor.data_type, model.descriptor.name, model.version
