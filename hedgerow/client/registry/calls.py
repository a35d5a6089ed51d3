"""What all calls to a registry share: the connection, the caller's name, the errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import grpc

from hedgerow.client.channels import OF_REGISTRIES, REGISTRY, AsyncClosing, Connection
from hedgerow.client.registry.caller import default_caller, metadata_of
from hedgerow.client.statuses import InvalidKind
from hedgerow.errors import InvalidInput
from hedgerow.v1.registry_pb2_grpc import RegistryServiceStub

if TYPE_CHECKING:
    from hedgerow.v1.registry_pb2_grpc import RegistryServiceAsyncStub

Request = TypeVar("Request")
Response = TypeVar("Response")


class RegistryCalls(AsyncClosing):
    """A connection to one registry, by a caller whose name it is told."""

    def __init__(self, target: str = REGISTRY, caller: str | None = None) -> None:
        self._connection = Connection(target, RegistryServiceStub, OF_REGISTRIES)
        self._metadata = metadata_of(default_caller() if caller is None else caller)

    async def close(self) -> None:
        """Close the channel; calls in flight end."""
        await self._connection.close()

    @property
    def _stub(self) -> RegistryServiceAsyncStub:
        return self._connection.stub

    async def _call(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        invalid: InvalidKind = InvalidInput,
    ) -> Response:
        """Make a call; `invalid` is the class of INVALID_ARGUMENT."""
        with self._connection.errors(invalid):
            return await method(request, metadata=self._metadata)
