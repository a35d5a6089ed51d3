"""The registry's client: pushes models, applies plans, asks what there is.

    async with AsyncRegistry("localhost:8401") as registry:
        tree = Path("wine-tree.pmml")
        pushed = await registry.push_model(tree, data_type="wine", name="tree", model_type="pmml")

`hedgerow.client.sync.Registry` is the same for code that is not asynchronous.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Required, TypedDict, Unpack

import grpc

from hedgerow.client.call_status import CallStatus
from hedgerow.client.channels import REGISTRY, AsyncClosing, Connection
from hedgerow.errors import Corrupt, InvalidInput, InvalidModel, InvalidPlan
from hedgerow.v1 import registry_pb2 as pb
from hedgerow.v1.models_pb2 import Feature, ModelDescriptor, ModelVersion, Signature
from hedgerow.v1.plans_pb2 import Plan
from hedgerow.v1.registry_pb2_grpc import RegistryServiceStub

Progress = Callable[[int, int], None]
"""Called with the bytes that are done and the bytes there are."""

_CHUNK_BYTES = 1024 * 1024


class Description(TypedDict, total=False):
    """What is said of a model when it is pushed.

    PMML tells its signature itself. A SavedModel needs `features` (in the order in which they are
    stacked) and `classes` (in the order of the scores); a frozen graph also the tensors `input` and
    `output`. `quality` is what was measured beforehand, 0 to 1, higher is better.
    """

    data_type: Required[str]
    name: Required[str]
    model_type: Required[str]
    description: str
    quality: float | None
    features: Sequence[str]
    classes: Sequence[str]
    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """The version a push has; `created` is False where the registry had it already.

    `newest` is the newest version of the model, another one where older bytes were pushed again. With
    `quality_inherited` the push said no quality, and the version has that of the one before it.
    """

    model: ModelVersion
    created: bool
    newest: int
    quality_inherited: bool


class AsyncRegistry(AsyncClosing):
    """Speaks to one registry. Use it in one event loop, and `async with` or `close` it.

    Every method raises Unavailable when the registry, or its log, is out of reach.
    """

    def __init__(self, target: str = REGISTRY) -> None:
        self._connection = Connection(target, RegistryServiceStub)

    async def close(self) -> None:
        """Close the channel; calls in flight end."""
        await self._connection.close()

    async def push_model(
        self,
        definition: Path | bytes,
        *,
        progress: Progress | None = None,
        **description: Unpack[Description],
    ) -> Pushed:
        """Register a model, from a file or from bytes, of any size.

        The same again gives the version there is. Raises InvalidModel if it is refused and LimitExceeded
        if it is too large.
        """
        descriptor = _descriptor(description)
        with self._connection.errors(InvalidModel), _opened(definition) as (file, size):
            response = await self._push(descriptor, file, size, progress)
        return Pushed(
            model=response.model,
            created=response.created,
            newest=response.newest or response.model.version,
            quality_inherited=response.quality_inherited,
        )

    async def _push(
        self, descriptor: ModelDescriptor, file: BinaryIO, size: int, progress: Progress | None
    ) -> pb.PushModelResponse:
        call = self._connection.stub.PushModel()
        status = CallStatus(call)
        try:
            await call.write(pb.PushModelRequest(descriptor=descriptor))
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
            return await call
        except grpc.aio.AioRpcError as error:
            raise status.error(error) from None

    async def list_models(self, data_type: str = "") -> list[ModelVersion]:
        """Return all versions of a data type, or of all, by data type, name and version."""
        request = pb.ListModelsRequest(data_type=data_type)
        models: list[ModelVersion] = []
        while True:
            with self._connection.errors():
                response = await self._connection.stub.ListModels(request)
            models += response.models
            if not response.next_page_token:
                return models
            request.page_token = response.next_page_token

    async def get_model(self, data_type: str, name: str, version: int = 0) -> ModelVersion:
        """Return one version; 0 is the newest. Raises NotFound."""
        with self._connection.errors():
            response = await self._connection.stub.GetModel(
                pb.GetModelRequest(data_type=data_type, name=name, version=version)
            )
        return response.model

    async def pull_model(
        self,
        data_type: str,
        name: str,
        version: int = 0,
        *,
        to: BinaryIO,
        progress: Progress | None = None,
    ) -> ModelVersion:
        """Write the definition of one version to a file; 0 is the newest.

        Raises NotFound, and Corrupt where the bytes are gone or not those that were pushed.
        """
        request = pb.PullModelRequest(data_type=data_type, name=name, version=version)
        with self._connection.errors():
            parts: AsyncIterable[pb.PullModelResponse] = self._connection.stub.PullModel(request)
            return await _receive(parts, to, progress)

    async def apply_plan(self, plan: Plan) -> Plan:
        """Put a plan into force, and return it with its revision.

        Raises NotFound for a model that is not registered and InvalidPlan for a contradiction.
        """
        with self._connection.errors(InvalidPlan):
            response = await self._connection.stub.ApplyPlan(pb.ApplyPlanRequest(plan=plan))
        return response.plan

    async def get_plan(self, data_type: str) -> Plan:
        """Return the plan in force, the default plan if none was applied. Raises NotFound."""
        with self._connection.errors():
            response = await self._connection.stub.GetPlan(pb.GetPlanRequest(data_type=data_type))
        return response.plan


def _descriptor(description: Description) -> ModelDescriptor:
    return ModelDescriptor(
        data_type=description["data_type"],
        name=description["name"],
        model_type=description["model_type"],
        description=description.get("description", ""),
        quality=description.get("quality"),
        signature=Signature(
            features=[Feature(name=name) for name in description.get("features", ())],
            classes=description.get("classes", ()),
            input=description.get("input", ""),
            output=description.get("output", ""),
        ),
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
