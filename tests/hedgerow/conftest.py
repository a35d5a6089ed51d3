"""A fake router and a fake registry for the clients and the command line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hedgerow.fakes.registry import FakeRegistry
from tests.hedgerow.fakes.router import FakeRouter
from tests.hedgerow.fakes.server import served


@pytest.fixture
def fake_router() -> FakeRouter:
    """The router behind `router`."""
    return FakeRouter()


@pytest.fixture
def fake_registry() -> FakeRegistry:
    """The registry behind `registry`."""
    return FakeRegistry()


@pytest.fixture
def router(fake_router: FakeRouter) -> Iterator[str]:
    """The address of a router."""
    with served(fake_router) as address:
        yield address


@pytest.fixture
def registry(fake_registry: FakeRegistry) -> Iterator[str]:
    """The address of a registry."""
    with served(fake_registry) as address:
        yield address


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nothing listens."""
    import socket

    with socket.socket() as probe:  # bound, so that nobody else takes it, and not listening
        probe.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{probe.getsockname()[1]}"
