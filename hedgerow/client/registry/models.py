"""Versions of models: pushed, found, listed, pulled."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Unpack

import grpc

from hedgerow.client.call_status import CallStatus
from hedgerow.client.registry.calls import RegistryCalls
from hedgerow.client.registry.description import Description, pieces_of
from hedgerow.errors import Corrupt, InvalidInput, InvalidModel
from hedgerow.v1 import registry_pb2 as pb
from hedgerow.v1.models_pb2 import ModelVersion, VersionLife

Progress = Callable[[int, int], None]
"""Called with the bytes that are done and the bytes there are."""

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pushed:
    """The version a push has; `created` is False where the registry had it already.

    `newest` is the newest version of the model, another one where older bytes were pushed again.
    `lacks_metric` is the metric by which the plan in force ranks, where the version lacks it and so has
    that of the version before it; else "".
    """

    model: ModelVersion
    created: bool
    newest: int
    lacks_metric: str


@dataclass(frozen=True, slots=True)
class Tracked:
    """A version, and how it is: its state on each executor and in all, its aliases."""

    model: ModelVersion
    life: VersionLife


class ModelCalls(RegistryCalls):
    """Calls about versions of models."""

    async def push_model(
        self,
        definition: Path | bytes | None = None,
        *,
        progress: Progress | None = None,
        **description: Unpack[Description],
    ) -> Pushed:
        """Register a model, from a file or from bytes, of any size, or by where its bytes are.

        The same again gives the version there is. Raises InvalidModel if it is refused, NotFound if there
        is no such parent and LimitExceeded if it is too large.
        """
        _check_source(definition, description.get("location"))
        said = pieces_of(description)
        with self._connection.errors(InvalidModel), _opened(definition or b"") as (file, size):
            response = await self._push(said, file, size, progress)
        return Pushed(
            model=response.model,
            created=response.created,
            newest=response.newest or response.model.version,
            lacks_metric=response.lacks_metric,
        )

    async def _push(
        self,
        said: Sequence[pb.PushModelRequest],
        file: BinaryIO,
        size: int,
        progress: Progress | None,
    ) -> pb.PushModelResponse:
        call = self._stub.PushModel(metadata=self._metadata)
        status = CallStatus(call)
        try:
            for piece in said:
                await call.write(piece)
            while chunk := file.read(_CHUNK_BYTES):
                await call.write(pb.PushModelRequest(chunk=chunk))
                if progress is not None:
                    progress(file.tell(), size)
            await call.done_writing()
        except (asyncio.InvalidStateError, grpc.aio.AioRpcError):
            pass  # the call is over, and itself says why
        except BaseException:
            call.cancel()  # half a definition must not look like a whole one
            raise
        try:
            response: pb.PushModelResponse = await call
        except grpc.aio.AioRpcError as error:
            raise status.error(error) from None
        return response

    async def list_models(self, data_type: str = "") -> list[ModelVersion]:
        """Return all versions of a data type, or of all, by data type, name and version."""
        return [tracked.model for tracked in await self.list_tracked(data_type)]

    async def list_tracked(self, data_type: str = "") -> list[Tracked]:
        """Return all versions of a data type, or of all, and how each is. Raises NotFound."""
        request = pb.ListModelsRequest(data_type=data_type)
        found: list[Tracked] = []
        while True:
            response = await self._call(self._stub.ListModels, request)
            # A registry of before has no lives to tell.
            lives = response.lives or [VersionLife() for _ in response.models]
            found += map(Tracked, response.models, lives)
            if not response.next_page_token:
                return found
            request.page_token = response.next_page_token

    async def get_model(
        self, data_type: str, name: str, version: int = 0, alias: str = ""
    ) -> ModelVersion:
        """Return one version: by its number, or that of an alias, or the newest. Raises NotFound."""
        return (await self.show_model(data_type, name, version, alias)).model

    async def show_model(
        self, data_type: str, name: str, version: int = 0, alias: str = ""
    ) -> Tracked:
        """Return one version, as `get_model`, and how it is. Raises NotFound."""
        response = await self._call(
            self._stub.GetModel,
            pb.GetModelRequest(data_type=data_type, name=name, version=version, alias=alias),
        )
        return Tracked(response.model, response.life)

    async def pull_model(
        self,
        data_type: str,
        name: str,
        version: int = 0,
        *,
        to: BinaryIO,
        progress: Progress | None = None,
        alias: str = "",
    ) -> ModelVersion:
        """Write the definition of one version to a file; which one, as in `get_model`.

        Raises NotFound, Refused if it was deleted, and Corrupt where the bytes are gone or not those that
        were pushed.
        """
        request = pb.PullModelRequest(data_type=data_type, name=name, version=version, alias=alias)
        with self._connection.errors():
            parts = self._stub.PullModel(request, metadata=self._metadata)
            return await _receive(parts, to, progress)


def _check_source(definition: Path | bytes | None, location: str | None) -> None:
    if (definition is None) == (not location):
        raise InvalidModel(
            "a push has either a definition or the location of one, and a sha256 with it; give one of them"
        )


@contextmanager
def _opened(definition: Path | bytes) -> Iterator[tuple[BinaryIO, int]]:
    """Open a definition for reading, with its size."""
    if isinstance(definition, bytes):
        yield io.BytesIO(definition), len(definition)
        return
    try:
        file = definition.open("rb")
    except OSError as error:
        raise InvalidInput(f"cannot read {definition}: {error.strerror or error}") from error
    with file:
        yield file, definition.stat().st_size


async def _receive(
    parts: AsyncIterable[pb.PullModelResponse], to: BinaryIO, progress: Progress | None
) -> ModelVersion:
    """Write the chunks of a definition, and check that they are what was pushed."""
    model, digest, received = ModelVersion(), hashlib.sha256(), 0
    async for part in parts:
        if part.HasField("model"):
            model = part.model
            continue
        to.write(part.chunk)
        digest.update(part.chunk)
        received += len(part.chunk)
        if progress is not None:
            progress(received, model.size)
    if digest.hexdigest() != model.sha256:
        raise Corrupt(
            f"{model.descriptor.name}@{model.version}: {received} bytes came that are not those"
            f" that were pushed ({model.size} bytes); pull it again"
        )
    return model
