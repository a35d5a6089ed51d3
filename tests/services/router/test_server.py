"""What a router says of itself."""

from __future__ import annotations

import asyncio

from hedgerow.v1.events_pb2 import ModelEvent, ModelPushed
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from hedgerow.v1.state_pb2 import GetStateResponse
from services.common.telemetry import Tracing
from services.router.server import Router
from services.router.settings import RouterSettings


async def test_records_have_their_turn_while_it_tells_of_many_data_types() -> None:
    settings = RouterSettings.model_validate({"log_url": "redis://127.0.0.1:1/0", "port": 0})
    router = Router(settings, Tracing("router"))
    for number in range(500):
        descriptor = ModelDescriptor(data_type=f"type-{number}", name="net")
        pushed = ModelPushed(model=ModelVersion(descriptor=descriptor, version=1))
        router._mirror.catalog.apply(f"type-{number}", ModelEvent(pushed=pushed))
    response = GetStateResponse()
    filling = asyncio.create_task(router.fill(response, ""))
    seen = set()
    while not filling.done():
        seen.add(len(response.plans))
        await asyncio.sleep(0)
    await filling
    assert len(response.plans) == len(response.plan_models) == 500
    assert max(b - a for a, b in zip(sorted(seen), sorted(seen)[1:], strict=False)) <= 50
    one = GetStateResponse()
    await router.fill(one, "type-7")
    assert [plan.data_type for plan in one.plans] == ["type-7"]
    await router.close()
