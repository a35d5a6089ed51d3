"""The fakes behind an address: gRPC servers in threads of this process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc

from hedgerow.v1 import (
    registry_pb2_grpc,
    scoring_pb2_grpc,
    state_pb2_grpc,
    streams_pb2_grpc,
)
from tests.hedgerow.fakes.registry import FakeRegistry
from tests.hedgerow.fakes.router import FakeRouter
from tests.hedgerow.fakes.state import FakeState, TellingRouter
from tests.hedgerow.fakes.streams import FakeStreams


@contextmanager
def served(*servicers: object, port: int = 0) -> Iterator[str]:
    """Serve the given servicers; gives the address."""
    options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 64 * 1024 * 1024)]
    server = grpc.server(ThreadPoolExecutor(16), options=options)
    for servicer in servicers:
        if isinstance(servicer, FakeRouter):
            scoring_pb2_grpc.add_ScoringServiceServicer_to_server(servicer, server)
        if isinstance(servicer, FakeRegistry):
            registry_pb2_grpc.add_RegistryServiceServicer_to_server(servicer, server)
        if isinstance(servicer, FakeStreams):
            streams_pb2_grpc.add_StreamServiceServicer_to_server(servicer, server)
        if isinstance(servicer, FakeState | TellingRouter):
            state_pb2_grpc.add_StateServiceServicer_to_server(servicer, server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    yield f"127.0.0.1:{bound}"
    server.stop(None).wait()
