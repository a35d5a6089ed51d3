"""A registry that is simple and real: models and plans in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import grpc

from hedgerow import errors
from hedgerow.v1 import registry_pb2, registry_pb2_grpc
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from hedgerow.v1.plans_pb2 import Plan
from tests.hedgerow.fakes.answers import MODELS
from tests.hedgerow.fakes.calls import abort


class FakeRegistry(registry_pb2_grpc.RegistryServiceServicer):
    """Keeps models and plans in memory."""

    def __init__(self) -> None:
        self.models: list[tuple[ModelVersion, bytes]] = []
        self.plans: dict[str, Plan] = {}
        self.limit = 10_000_000
        self.corrupt = False
        self.is_down = False
        """Fail all calls, as a registry that cannot reach its log."""
        self.calls = 0
        self.callers: list[str | bytes] = []
        """Who made them, as they were told."""

    def PushModel(
        self,
        request_iterator: Iterator[registry_pb2.PushModelRequest],
        context: grpc.ServicerContext,
    ) -> registry_pb2.PushModelResponse:
        descriptor = next(request_iterator).descriptor
        self._called(context)
        data, tags = b"", registry_pb2.Tags()
        for part in request_iterator:
            data += part.chunk
            tags.MergeFrom(part.tags)
            if len(data) > self.limit:
                abort(context, errors.LimitExceeded(f"over the limit of {self.limit} bytes"))
        if data.startswith(b"not a model"):
            abort(context, errors.InvalidModel("the definition is not PMML"))
        for model, known in self.models:
            if known == data and model.descriptor == descriptor:
                return registry_pb2.PushModelResponse(model=model, created=False)
        return registry_pb2.PushModelResponse(model=self._add(descriptor, data, tags), created=True)

    def _add(
        self, descriptor: ModelDescriptor, data: bytes, tags: registry_pb2.Tags
    ) -> ModelVersion:
        same = [m for m, _ in self.models if m.descriptor.name == descriptor.name]
        model = ModelVersion(
            descriptor=descriptor,
            signature=descriptor.signature,
            version=len(same) + 1,
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            tags=tags.tags,
        )
        model.pushed_at.FromJsonString("2026-01-02T03:04:05Z")
        self.models.append((model, data))
        return model

    def GetModel(
        self, request: registry_pb2.GetModelRequest, context: grpc.ServicerContext
    ) -> registry_pb2.GetModelResponse:
        self._called(context)
        return registry_pb2.GetModelResponse(model=self._find(request, context)[0])

    def ListModels(
        self, request: registry_pb2.ListModelsRequest, context: grpc.ServicerContext
    ) -> registry_pb2.ListModelsResponse:
        self._called(context)
        start = int(request.page_token or 0)  # a page of two
        models = [model for model, _ in self.models]
        following = str(start + 2) if start + 2 < len(models) else ""
        page = models[start : start + 2]
        return registry_pb2.ListModelsResponse(models=page, next_page_token=following)

    def PullModel(
        self, request: registry_pb2.PullModelRequest, context: grpc.ServicerContext
    ) -> Iterator[registry_pb2.PullModelResponse]:
        self._called(context)
        model, data = self._find(request, context)
        yield registry_pb2.PullModelResponse(model=model)
        for start in range(0, len(data), 1000):
            yield registry_pb2.PullModelResponse(chunk=data[start : start + 1000])
        if self.corrupt:
            yield registry_pb2.PullModelResponse(chunk=b"!")

    def ApplyPlan(
        self, request: registry_pb2.ApplyPlanRequest, context: grpc.ServicerContext
    ) -> registry_pb2.ApplyPlanResponse:
        self._called(context)
        plan = request.plan
        for model in plan.models:
            if model.name == "nobody":
                abort(context, errors.NotFound.among("model", "nobody", MODELS))
        plan.revision = 3
        plan.applied_at.FromJsonString("2026-01-02T03:04:05Z")
        self.plans[plan.data_type] = plan
        return registry_pb2.ApplyPlanResponse(plan=plan)

    def GetPlan(
        self, request: registry_pb2.GetPlanRequest, context: grpc.ServicerContext
    ) -> registry_pb2.GetPlanResponse:
        self._called(context)
        if request.data_type not in self.plans:
            abort(context, errors.NotFound.among("data type", request.data_type, self.plans))
        return registry_pb2.GetPlanResponse(plan=self.plans[request.data_type])

    def _counted(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Count a call, for those who want to know how often it comes; the real registry has the rest."""
        self._called(context)
        abort(context, errors.Refused("this registry is a fake"))

    SetTags = _counted
    RetireModel = _counted
    DeleteModel = _counted
    RetryModel = _counted
    SetAlias = _counted
    RollbackAlias = _counted
    DeleteAlias = _counted
    ListAliases = _counted
    ListPlans = _counted
    RollbackPlan = _counted
    WatchModels = _counted
    Backup = _counted

    def Restore(self, request_iterator: Any, context: grpc.ServicerContext) -> Any:
        return self._counted(request_iterator, context)

    def _called(self, context: grpc.ServicerContext) -> None:
        self.callers.append(dict(context.invocation_metadata()).get("hedgerow-caller", ""))
        self.calls += 1
        if self.is_down:
            abort(context, errors.Unavailable("the log is out of reach"))

    def _find(self, request: Any, context: grpc.ServicerContext) -> tuple[ModelVersion, bytes]:
        for model, data in reversed(self.models):
            if model.descriptor.name == request.name and request.version in (0, model.version):
                return model, data
        abort(context, errors.NotFound.among("model", request.name, MODELS))
        raise AssertionError("not reached")
