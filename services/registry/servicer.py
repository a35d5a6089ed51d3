"""The registry's calls: convert, call, convert."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc

from hedgerow.errors import InvalidInput
from hedgerow.v1.models_pb2 import ModelDescriptor
from hedgerow.v1.registry_pb2 import (
    ApplyPlanRequest,
    ApplyPlanResponse,
    GetModelRequest,
    GetModelResponse,
    GetPlanRequest,
    GetPlanResponse,
    ListModelsRequest,
    ListModelsResponse,
    PullModelRequest,
    PullModelResponse,
    PushModelRequest,
    PushModelResponse,
)
from hedgerow.v1.registry_pb2_grpc import RegistryServiceServicer
from services.registry.models import Models
from services.registry.pages import page_of
from services.registry.plans import Plans

Context = grpc.aio.ServicerContext[Any, Any]


class RegistryServicer(RegistryServiceServicer):
    """Serves RegistryService."""

    def __init__(self, models: Models, plans: Plans) -> None:
        self._models = models
        self._plans = plans

    async def PushModel(  # noqa: N802
        self, requests: AsyncIterator[PushModelRequest], context: Context
    ) -> PushModelResponse:
        """Register a model."""
        parts = _whole(requests, context)
        descriptor = await _descriptor(parts)
        pushed = await self._models.push(descriptor, _chunks(parts))
        return PushModelResponse(**pushed._asdict())

    async def GetModel(  # noqa: N802
        self, request: GetModelRequest, context: Context
    ) -> GetModelResponse:
        """Return one version."""
        model = self._models.get(request.data_type, request.name, request.version)
        return GetModelResponse(model=model)

    async def ListModels(  # noqa: N802
        self, request: ListModelsRequest, context: Context
    ) -> ListModelsResponse:
        """Return a page of all versions."""
        versions = self._models.list(request.data_type)
        page, following = page_of(versions, request.page_size, request.page_token)
        return ListModelsResponse(models=page, next_page_token=following)

    async def PullModel(  # noqa: N802
        self, request: PullModelRequest, context: Context
    ) -> AsyncIterator[PullModelResponse]:
        """Return a version and its bytes."""
        model = self._models.get(request.data_type, request.name, request.version)
        yield PullModelResponse(model=model)
        async for chunk in self._models.read(request.data_type, request.name, model.version):
            yield PullModelResponse(chunk=chunk)

    async def ApplyPlan(  # noqa: N802
        self, request: ApplyPlanRequest, context: Context
    ) -> ApplyPlanResponse:
        """Put a plan into force."""
        return ApplyPlanResponse(plan=await self._plans.apply(request.plan))

    async def GetPlan(  # noqa: N802
        self, request: GetPlanRequest, context: Context
    ) -> GetPlanResponse:
        """Return the plan in force."""
        return GetPlanResponse(plan=self._plans.get(request.data_type))


async def _whole(
    requests: AsyncIterator[PushModelRequest], context: Context
) -> AsyncIterator[PushModelRequest]:
    """Yield the parts of a push, and do not end if it breaks off.

    For a handler of grpc.aio the requests of a broken call end as those of a complete one do; that the
    call is cancelled comes up to milliseconds later. What is sent here comes after that, so it never
    returns for a broken call.
    """
    async for request in requests:
        yield request
    await context.send_initial_metadata(())


async def _descriptor(parts: AsyncIterator[PushModelRequest]) -> ModelDescriptor:
    async for part in parts:
        if part.WhichOneof("piece") == "descriptor":
            return part.descriptor
        break
    raise InvalidInput("a push begins with the model's descriptor")


async def _chunks(parts: AsyncIterator[PushModelRequest]) -> AsyncIterator[bytes]:
    async for part in parts:
        if part.WhichOneof("piece") != "chunk":
            raise InvalidInput("after the descriptor a push has chunks of the definition only")
        yield part.chunk
