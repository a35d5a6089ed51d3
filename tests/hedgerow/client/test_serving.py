"""Waiting until versions serve: what ends it, and what it says when it is in vain."""

from __future__ import annotations

import grpc
import pytest

from hedgerow.client.serving import wait_until_serving
from hedgerow.errors import Unavailable
from hedgerow.v1 import state_pb2
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from tests.hedgerow.fakes.server import served
from tests.hedgerow.fakes.state import FakeState


class Hosts(FakeState):
    """Says of each version, one after the other call, in which state its hosts are."""

    def __init__(self, *states: dict[int, str]) -> None:
        self._states = list(states)

    def GetState(
        self, request: state_pb2.GetStateRequest, context: grpc.ServicerContext
    ) -> state_pb2.GetStateResponse:
        response = state_pb2.GetStateResponse()
        said = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        for version, state in said.items():
            name, _, failure = state.partition(":")
            host = response.hosts.add(state=f"HOST_STATE_{name}", failure=failure)
            descriptor = ModelDescriptor(data_type="wine", name="tree")
            host.model.CopyFrom(ModelVersion(descriptor=descriptor, version=version))
        return response


async def wait(hosts: Hosts, seconds: float = 20) -> None:
    with served(hosts) as router:
        await wait_until_serving(router, "wine", [("tree", 2)], seconds)


async def test_it_waits_until_the_very_version_serves() -> None:
    hosts = Hosts({1: "SERVING"}, {1: "SERVING", 2: "LOADING"}, {1: "DRAINING", 2: "SERVING"})
    await wait(hosts)
    assert len(hosts._states) == 1


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({2: "FAILED:no such layer"}, "cannot be loaded: tree@2 is failed (no such layer)"),
        ({2: "LOADING:the disk is full"}, "in vain: tree@2 is loading (the disk is full)"),
        ({1: "SERVING"}, "tree@2 has no host; does an executor run"),
        ({}, "tree@2 has no host"),
    ],
)
async def test_what_is_in_the_way_is_told(state: dict[int, str], said: str) -> None:
    with pytest.raises(Unavailable) as caught:
        await wait(Hosts(state), seconds=20 if "FAILED" in str(state) else 0)
    assert said in str(caught.value)


async def test_a_router_that_is_not_there_is_told(nobody: str) -> None:
    with pytest.raises(Unavailable, match="nothing answers"):
        await wait_until_serving(nobody, "wine", [("tree", 2)], 20)
