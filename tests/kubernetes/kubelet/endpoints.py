"""Which pods a Service leads to, and when its clients come to know."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from tests.kubernetes.manifests.policies import selects
from tests.kubernetes.manifests.rendering import Manifest

DOMAIN = "svc.cluster.local"


def resolv_conf(server: str, namespace: str) -> str:
    """Return what a pod of a namespace has in /etc/resolv.conf."""
    search = f"{namespace}.{DOMAIN} {DOMAIN} cluster.local"
    return f"search {search}\nnameserver {server}\noptions ndots:5\n"


class Backend(Protocol):
    """What an endpoint is made of."""

    address: str
    labels: Mapping[str, str]

    @property
    def is_ready(self) -> bool:
        """Whether its Service leads to it."""


class Endpoints:
    """The addresses behind each Service of a namespace.

    One that becomes ready is told at once. One that is not ready any more, or gone, is told for `late`
    seconds longer.
    """

    def __init__(self, namespace: str, late: float) -> None:
        self._namespace = namespace
        self._late = late
        self._services: dict[str, Mapping[str, Any]] = {}
        self._told: dict[str, dict[str, float]] = {}

    def serve(self, services: Iterable[Manifest]) -> None:
        """Take note of Services."""
        self._services |= {m["metadata"]["name"]: m["spec"]["selector"] for m in services}

    def look(self, pods: Iterable[Backend]) -> None:
        """Compare what is told with what is so. To be called again and again."""
        now, ready = asyncio.get_running_loop().time(), [pod for pod in pods if pod.is_ready]
        for name, selector in self._services.items():
            told = self._told.setdefault(name, {})
            for pod in ready:
                if selects({"matchLabels": selector}, pod.labels):
                    told[pod.address] = now
            for address in [address for address, seen in told.items() if now - seen > self._late]:
                del told[address]

    def lookup(self, name: str) -> list[str] | None:
        """Return the addresses of `hedgerow-router.<namespace>.svc.cluster.local`."""
        service = name.removesuffix(f".{self._namespace}.{DOMAIN}")
        return sorted(self._told.get(service, {})) if service in self._services else None
