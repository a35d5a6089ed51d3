"""A registry as its process would run it, and the calls of a client."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest

from hedgerow.data.records import Batch
from hedgerow.errors import InvalidModel
from hedgerow.formats.interface import Model, ModelFactory
from hedgerow.references import parse_reference
from hedgerow.v1.events_pb2 import TrackedAlias
from hedgerow.v1.models_pb2 import (
    Feature,
    ModelDescriptor,
    ModelVersion,
    Signature,
    Verification,
    VersionLife,
)
from hedgerow.v1.plans_pb2 import Plan, PlanModel, Policy
from hedgerow.v1.registry_pb2 import (
    ApplyPlanRequest,
    DeleteAliasRequest,
    DeleteModelRequest,
    GetModelRequest,
    GetPlanRequest,
    ListModelsRequest,
    ListPlansRequest,
    PullModelRequest,
    PushModelRequest,
    PushModelResponse,
    RetireModelRequest,
    RetryModelRequest,
    RollbackAliasRequest,
    RollbackPlanRequest,
    SetAliasRequest,
    SetAliasResponse,
)
from hedgerow.v1.registry_pb2_grpc import RegistryServiceStub
from hedgerow.v1.rules_pb2 import Rule, TimeoutRule
from hedgerow.v1.state_pb2 import GetStateRequest, GetStateResponse
from hedgerow.v1.state_pb2_grpc import StateServiceStub
from services.common.telemetry import Tracing
from services.registry.server import Registry
from services.registry.settings import RegistrySettings
from tests.services.common.events import named
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
        return Signature(features=features, prediction_type=descriptor.signature.prediction_type)

    def own_verification(
        self, descriptor: ModelDescriptor, definition: Path
    ) -> Verification | None:
        assert descriptor.signature.features, "it is the complete one"
        lines = (
            definition.read_bytes().count(b"verified") if definition.stat().st_size < 1024 else 0
        )
        return verification_of(*range(lines)) if lines else None

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
        self,
        descriptor: ModelDescriptor,
        data: bytes = b"x",
        before: Iterable[PushModelRequest] = (),
        by: str = "",
    ) -> PushModelResponse:
        """Push; `before` comes between the descriptor and the chunks."""
        first, *chunks = parts_of(descriptor, data)
        metadata = [("hedgerow-caller", by)] if by else None
        parts = iter([first, *before, *chunks])
        response: PushModelResponse = await self.stub.PushModel(parts, metadata=metadata)
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

    async def life(self, version: str, data_type: str = "wine") -> VersionLife:
        name = named(version)
        request = GetModelRequest(data_type=data_type, name=name.name, version=name.version)
        return (await self.stub.GetModel(request)).life

    async def alias(self, version: str, alias: str = "champion", by: str = "") -> SetAliasResponse:
        request = SetAliasRequest(data_type="wine", model=named(version), alias=alias)
        metadata = [("hedgerow-caller", by)] if by else None
        response: SetAliasResponse = await self.stub.SetAlias(request, metadata=metadata)
        return response

    async def go_back(self, name: str, alias: str = "champion") -> TrackedAlias:
        request = RollbackAliasRequest(data_type="wine", name=name, alias=alias)
        return (await self.stub.RollbackAlias(request)).alias

    async def delete_alias(self, name: str, alias: str = "champion") -> None:
        await self.stub.DeleteAlias(DeleteAliasRequest(data_type="wine", name=name, alias=alias))

    async def retire(self, version: str, force: bool = False) -> VersionLife:
        request = RetireModelRequest(data_type="wine", model=named(version), force=force)
        return (await self.stub.RetireModel(request)).life

    async def delete(self, version: str, force: bool = False, data_type: str = "wine") -> int:
        request = DeleteModelRequest(data_type=data_type, model=named(version), force=force)
        return (await self.stub.DeleteModel(request)).freed

    async def retry(self, version: str) -> VersionLife:
        request = RetryModelRequest(data_type="wine", model=named(version))
        return (await self.stub.RetryModel(request)).life

    async def plans(self) -> Sequence[Plan]:
        return list((await self.stub.ListPlans(ListPlansRequest(data_type="wine"))).plans)

    async def roll_plan_back(self, revision: int = 0, expected: int | None = None) -> Plan:
        request = RollbackPlanRequest(
            data_type="wine", revision=revision, expected_revision=expected
        )
        return (await self.stub.RollbackPlan(request)).plan

    async def answers(self) -> Sequence[tuple[int, ...]]:
        """The versions that each model of the plan in force pointed to, the latest first."""
        response = await self.stub.GetPlan(GetPlanRequest(data_type="wine"))
        return [tuple(line.targets) for line in response.lines]

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


def measured(value: float, name: str = "tree", metric: str = "accuracy") -> ModelDescriptor:
    """A descriptor with a metric."""
    descriptor = described(name)
    descriptor.metrics.add(name=metric, value=value)
    return descriptor


def verification_of(*answers: float) -> Verification:
    """Records with answers, for a model of the stub format."""
    records = [{"x": float(number)} for number in range(len(answers))]
    verification = Verification(records=Batch.from_records("wine", records).to_proto())
    verification.expected.numbers = struct.pack(f"<{len(answers)}d", *answers)
    return verification


def plan_of(*names: str, data_type: str = "wine") -> Plan:
    """A plan with the timeout rule; `tree@2` stays on a version, `tree@champion` follows an alias."""
    models = [PlanModel(**parse_reference(name)._asdict()) for name in names]
    policy = Policy(rule=Rule(timeout=TimeoutRule()))
    return Plan(data_type=data_type, models=models, policy=policy)


def parts_of(descriptor: ModelDescriptor, data: bytes) -> Iterator[PushModelRequest]:
    """The messages of a push."""
    yield PushModelRequest(descriptor=descriptor)
    for at in range(0, len(data), CHUNK):
        yield PushModelRequest(chunk=data[at : at + CHUNK])


async def assert_refused(call: Awaitable[object], code: grpc.StatusCode, message: str) -> None:
    """See that a call is refused, in exactly these words."""
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await call
    assert (refusal.value.code(), refusal.value.details()) == (code, message)


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
