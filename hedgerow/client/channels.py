"""One channel to one service of the mesh, and its errors as ours."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Generic, Self, TypeVar

import grpc

from hedgerow import errors
from hedgerow.client.forks import forks
from hedgerow.client.service_config import service_config
from hedgerow.client.statuses import InvalidKind, error_from_call

ROUTER = "localhost:8400"
REGISTRY = "localhost:8401"

_MAX_MESSAGE_BYTES = 64 * 1024 * 1024

_OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.service_config", service_config()),
    # Names are resolved anew when a connection ends, and then no more often than this; 30 s by default,
    # in which services that have just joined would be missed.
    ("grpc.dns_min_time_between_resolutions_ms", 1000),
    # A batch of a million values is 8 MB; gRPC's default of 4 MiB would stand in its way.
    ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
    # A call is sent again from a copy, which is there until its answer comes.
    ("grpc.per_rpc_retry_buffer_size", _MAX_MESSAGE_BYTES),
    # A mesh is an address of one's own; a proxy variable of the environment must not take it over.
    ("grpc.enable_http_proxy", 0),
    # A mesh that is just starting is found soon.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
    # In spite of its name, this is how long an attempt to connect may take: a busy service needs its time.
    ("grpc.min_reconnect_backoff_ms", 5000),
    # A machine that is lost closes no connection. While calls are open on one it is asked for a sign of
    # life, which gRPC's own threads give; without one they break, and go on elsewhere.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5000),
    # In grpcio 1.85 this, and not the timeout above, is how long a ping may be without an answer: 60 s.
    ("grpc.http2.ping_timeout_ms", 5000),
)


OF_REGISTRIES: Mapping[str, int] = {
    # A stream that sends hundreds of megabytes is never sent again: a copy would be in vain.
    "grpc.per_rpc_retry_buffer_size": 256 * 1024,
    # There may be one registry alone, which pipelines and people talk to, and not thousands of clients: it
    # is found within the time for which calls are sent again.
    "grpc.max_reconnect_backoff_ms": 250,
}
"""What is different for them."""

Stub = TypeVar("Stub")


class Connection(Generic[Stub]):
    """A channel that opens at its first use, so that a client can be made before an event loop runs.

    `target` is `host:port`, or any other name that gRPC resolves (`dns:///`, `unix:`).
    """

    def __init__(
        self,
        target: str,
        make_stub: Callable[[grpc.aio.Channel], Stub],
        options: Mapping[str, int] = {},
    ) -> None:
        """`options` of gRPC take the place of those that all channels have."""
        if target.startswith(("http://", "https://")) or not target:
            raise errors.InvalidInput(f"{target!r} is not an address; give host:port, without http")
        if "," in target and not target.startswith(("ipv4:", "ipv6:")):
            raise errors.InvalidInput(
                f"{target!r} is more than one address; give one, or a name that resolves to several"
            )
        self.target = target
        self._make_stub = make_stub
        self._options = tuple({**dict(_OPTIONS), **options}.items())
        self._channel: grpc.aio.Channel | None = None
        self._stub: Stub | None = None
        self._closed = False

    @property
    def stub(self) -> Stub:
        """The calls. Raises RuntimeError once closed."""
        if self._closed:
            raise RuntimeError(f"the client of {self.target} is closed; make a new one")
        forks.check(self.target)
        if self._stub is None:
            self._channel = grpc.aio.insecure_channel(self.target, options=self._options)
            forks.used(self._channel)
            self._stub = self._make_stub(self._channel)
        return self._stub

    @contextmanager
    def errors(self, invalid: InvalidKind = errors.InvalidInput) -> Iterator[None]:
        """Raise hedgerow's errors for gRPC's within the block; `invalid` for INVALID_ARGUMENT."""
        try:
            yield
        except grpc.aio.AioRpcError as error:
            raise error_from_call(error, self.target, invalid) from error

    async def close(self) -> None:
        """Close the channel; calls in flight end."""
        self._closed = True
        if self._channel is not None and not forks.is_child:
            await self._channel.close()


class AsyncClosing(ABC):
    """Something that `async with` closes."""

    @abstractmethod
    async def close(self) -> None:
        """Give back what is held."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
