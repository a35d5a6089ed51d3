"""Waits until versions of models serve: from a push, or from a plan, until it is of use, seconds pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable

from hedgerow.client.state import get_state, state_name
from hedgerow.errors import Unavailable
from hedgerow.v1.execution_pb2 import Host, HostState

Reference = tuple[str, int]
"""Name and version."""

_POLL_SECONDS = 0.2


async def wait_until_serving(
    router: str, data_type: str, wanted: Collection[Reference], seconds: float
) -> None:
    """Wait until a router can use a host of each version.

    Raises Unavailable if one was given up by all who tried, if that takes longer than `seconds`, or if
    there is no such router; it says what is in the way.
    """
    end = time.monotonic() + seconds
    while True:
        hosts = (await get_state(router, data_type)).hosts
        missing = [reference for reference in wanted if not _serves(hosts, reference)]
        if not missing:
            return
        given_up = [reference for reference in missing if _is_given_up(hosts, reference)]
        if given_up:
            raise Unavailable(f"cannot be loaded: {_told(hosts, given_up)}")
        if time.monotonic() >= end:
            raise Unavailable(f"waited {seconds:g} s in vain: {_told(hosts, missing)}")
        await asyncio.sleep(_POLL_SECONDS)


def _of(hosts: Iterable[Host], reference: Reference) -> list[Host]:
    return [host for host in hosts if (host.model.descriptor.name, host.model.version) == reference]


def _serves(hosts: Iterable[Host], reference: Reference) -> bool:
    return any(host.state == HostState.HOST_STATE_SERVING for host in _of(hosts, reference))


def _is_given_up(hosts: Iterable[Host], reference: Reference) -> bool:
    found = _of(hosts, reference)
    return bool(found) and all(host.state == HostState.HOST_STATE_FAILED for host in found)


def _told(hosts: Iterable[Host], references: Iterable[Reference]) -> str:
    return "; ".join(_how(reference, _of(hosts, reference)) for reference in references)


def _how(reference: Reference, hosts: list[Host]) -> str:
    name, version = reference
    if not hosts:
        return f"{name}@{version} has no host; does an executor run that serves its data type?"
    host = next((host for host in hosts if host.failure), hosts[0])
    return f"{name}@{version} is {state_name(host)}" + (
        f" ({host.failure})" if host.failure else ""
    )
