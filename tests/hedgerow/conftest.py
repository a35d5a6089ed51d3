"""A fake router, a fake registry and a real one, for the clients and the command line."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.hedgerow import real_registry
from tests.hedgerow.fakes.registry import FakeRegistry
from tests.hedgerow.fakes.router import FakeRouter
from tests.hedgerow.fakes.server import served
from tests.hedgerow.fakes.state import TellingRouter
from tests.hedgerow.fakes.streams import FakeStreams
from tests.hedgerow.real_registry import RealRegistry

_names = itertools.count(1)


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
def fake_streams() -> FakeStreams:
    """The streams behind `streamer`."""
    return FakeStreams()


@pytest.fixture
def streamer(fake_streams: FakeStreams) -> Iterator[str]:
    """The address of a router that has streams."""
    with served(fake_streams) as address:
        yield address


@pytest.fixture(scope="session")
def real() -> Iterator[RealRegistry]:
    """A registry that is one, for all tests; each has a data type of its own."""
    with real_registry.running() as registry:
        yield registry


@pytest.fixture
def data_type() -> str:
    """A data type that no other test uses."""
    return f"type-{next(_names)}"


@pytest.fixture
def told() -> TellingRouter:
    """The router behind `teller`."""
    return TellingRouter()


@pytest.fixture
def teller(told: TellingRouter) -> Iterator[str]:
    """The address of a router that tells the state it was given."""
    with served(told) as address:
        yield address


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nothing listens."""
    import socket

    with socket.socket() as probe:  # bound, so that nobody else takes it, and not listening
        probe.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{probe.getsockname()[1]}"
