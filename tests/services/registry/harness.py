"""A registry as its process would run it, and the calls of a client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import grpc

from hedgerow.errors import InvalidModel
from hedgerow.formats.interface import Model, ModelFactory
from hedgerow.v1.models_pb2 import Feature, ModelDescriptor, ModelVersion, Signature
from hedgerow.v1.plans_pb2 import Plan, PlanModel, Policy
from hedgerow.v1.registry_pb2 import (
    ApplyPlanRequest,
    GetModelRequest,
    GetPlanRequest,
    ListModelsRequest,
    PullModelRequest,
    PushModelRequest,
    PushModelResponse,
)
from hedgerow.v1.registry_pb2_grpc import RegistryServiceStub
from hedgerow.v1.rules_pb2 import Rule, TimeoutRule
from hedgerow.v1.state_pb2 import GetStateRequest, GetStateResponse
from hedgerow.v1.state_pb2_grpc import StateServiceStub
from services.common.telemetry import Tracing
from services.registry.server import Registry
from services.registry.settings import RegistrySettings
from tests.support import serving

CHUNK = 1024 * 1024


class StubFactory(ModelFactory):
    """A format that takes any bytes but those that begin with `bad`."""

    model_type = "stub"

    def inspect(self, descriptor: ModelDescriptor, definition: Path) -> Signature:
        with definition.open("rb") as file:
            if file.read(3) == b"bad":
                raise InvalidModel("stub: these bytes are bad")
        features = descriptor.signature.features or [Feature(name="x")]
        return Signature(features=features)

    def create(self, descriptor: ModelDescriptor, definition: Path) -> Model:
        raise NotImplementedError

    def restore(self, data: bytes) -> Model:
        raise NotImplementedError


class Pushed(NamedTuple):
    """What a push came to."""

    model: ModelVersion
    created: bool


class Client:
    """Calls of one registry."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.stub = RegistryServiceStub(channel)
        self.state = StateServiceStub(channel)

    async def push(self, descriptor: ModelDescriptor, data: bytes = b"x") -> Pushed:
        response = await self.push_in_full(descriptor, data)
        return Pushed(response.model, response.created)

    async def push_in_full(
        self, descriptor: ModelDescriptor, data: bytes = b"x"
    ) -> PushModelResponse:
        response: PushModelResponse = await self.stub.PushModel(parts_of(descriptor, data))
        return response

    async def pull(
        self, name: str, version: int = 0, data_type: str = "wine"
    ) -> tuple[ModelVersion, bytes]:
        request = PullModelRequest(data_type=data_type, name=name, version=version)
        parts = [part async for part in self.stub.PullModel(request)]
        return parts[0].model, b"".join(part.chunk for part in parts[1:])

    async def get(self, name: str, version: int = 0, data_type: str = "wine") -> ModelVersion:
        request = GetModelRequest(data_type=data_type, name=name, version=version)
        return (await self.stub.GetModel(request)).model

    async def list(self, data_type: str = "") -> list[str]:
        response = await self.stub.ListModels(ListModelsRequest(data_type=data_type))
        return [
            f"{m.descriptor.data_type}/{m.descriptor.name}@{m.version}" for m in response.models
        ]

    async def apply(self, plan: Plan) -> Plan:
        return (await self.stub.ApplyPlan(ApplyPlanRequest(plan=plan))).plan

    async def plan(self, data_type: str = "wine") -> Plan:
        return (await self.stub.GetPlan(GetPlanRequest(data_type=data_type))).plan

    async def query(self, data_type: str = "") -> GetStateResponse:
        response: GetStateResponse = await self.state.GetState(GetStateRequest(data_type=data_type))
        return response


def described(name: str = "tree", data_type: str = "wine") -> ModelDescriptor:
    """A descriptor of the stub format."""
    return ModelDescriptor(data_type=data_type, name=name, model_type="stub")


def plan_of(*names: str, data_type: str = "wine") -> Plan:
    """A plan with the timeout rule; `tree@2` stays on a version."""
    pairs = [name.partition("@") for name in names]
    models = [PlanModel(name=name, version=int(version or 0)) for name, _, version in pairs]
    policy = Policy(rule=Rule(timeout=TimeoutRule()))
    return Plan(data_type=data_type, models=models, policy=policy)


def parts_of(descriptor: ModelDescriptor, data: bytes) -> Iterator[PushModelRequest]:
    """The messages of a push."""
    yield PushModelRequest(descriptor=descriptor)
    for at in range(0, len(data), CHUNK):
        yield PushModelRequest(chunk=data[at : at + CHUNK])


def contents(folder: Path) -> list[Path]:
    """What a folder holds."""
    return list(folder.iterdir())


@asynccontextmanager
async def registry(settings: RegistrySettings) -> AsyncIterator[Client]:
    """Run a registry and connect to it."""
    async with (
        serving(Registry(settings, Tracing("registry")), settings) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        yield Client(channel)
