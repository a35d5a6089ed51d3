"""How the hosts of model versions are, as a router sees them; a registry does not know."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any, Self

from hedgerow.client.state import get_state, state_name
from hedgerow.errors import HedgerowError
from hedgerow.v1.execution_pb2 import Host
from hedgerow.v1.models_pb2 import ModelVersion


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
        try:
            return cls((await get_state(router, data_type)).hosts)
        except HedgerowError as error:
            return cls((), str(error))

    def text(self, model: ModelVersion) -> str:
        """Return `2 serving`, `1 loading`, or nothing, for most old versions have no host."""
        if self._problem:
            return "?"
        counts = Counter(state_name(host) for host in self._of(model))
        return ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))

    def listed(self, model: ModelVersion) -> list[dict[str, Any]] | None:
        """Return the hosts for scripts; None if they are not known."""
        if self._problem:
            return None
        return [
            {
                "state": state_name(host),
                "address": host.address or None,
                "failure": host.failure or None,
            }
            for host in self._of(model)
        ]

    def note(self) -> None:
        """Say on stderr why versions do not serve, or why that is not known."""
        from hedgerow.cli.output import printable

        if self._problem:
            print(printable(f"note: hosts are not known: {self._problem}"), file=sys.stderr)
        for (data_type, name, version), hosts in sorted(self._hosts.items()):
            for failure in dict.fromkeys(host.failure for host in hosts if host.failure):
                print(printable(f"note: {data_type}/{name}@{version}: {failure}"), file=sys.stderr)

    def _of(self, model: ModelVersion) -> list[Host]:
        return self._hosts.get(_key(model), [])


def _key(model: ModelVersion) -> tuple[str, str, int]:
    return model.descriptor.data_type, model.descriptor.name, model.version
