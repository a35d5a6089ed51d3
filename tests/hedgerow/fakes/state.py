"""What a mesh says of its state."""

from __future__ import annotations

import grpc

from hedgerow.v1 import state_pb2, state_pb2_grpc
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion


class TellingRouter(state_pb2_grpc.StateServiceServicer):
    """Tells one state after the other, and the last again and again."""

    def __init__(self) -> None:
        self.states: list[state_pb2.GetStateResponse | None] = [
            state_pb2.GetStateResponse(service="router")
        ]
        """None: it does not answer."""

    def GetState(
        self, request: state_pb2.GetStateRequest, context: grpc.ServicerContext
    ) -> state_pb2.GetStateResponse:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state is None:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the router is stopping")
            raise AssertionError
        return state


class FakeState(state_pb2_grpc.StateServiceServicer):
    """Says what an executor, a collector and a router would say, in one."""

    def GetState(
        self, request: state_pb2.GetStateRequest, context: grpc.ServicerContext
    ) -> state_pb2.GetStateResponse:
        response = state_pb2.GetStateResponse(service="everything", version="1.2.3")
        if request.data_type not in ("", "wine"):
            return response
        response.since.FromJsonString("2026-01-02T03:04:05Z")
        response.plans.add(data_type="wine", revision=4)
        response.gauges.add(name="tasks_in_flight", value=3)
        descriptor = ModelDescriptor(data_type="wine", name="wine-tree")
        host = response.hosts.add(address="127.0.0.1:1234", pid=77, state="HOST_STATE_SERVING")
        host.model.CopyFrom(ModelVersion(descriptor=descriptor, version=2))
        model = response.models.add(data_type="wine", name="wine-tree", version=2, answered=9)
        model.longest_scoring.FromMicroseconds(1500)
        response.plans[0].models.add(name="wine-tree")
        response.plans[0].policy.rule.timeout.SetInParent()
        if request.mesh:
            response.others.extend(self._collector(number) for number in (1, 2))
            executor = response.others.add(service="executor", address="127.0.0.1:3")
            work = executor.work.add(name="wine-tree", version=2, rows_scored=300, rows_dropped=7)
            work.scoring.FromMilliseconds(1200)
            work.saved.FromMilliseconds(28)
        return response

    @staticmethod
    def _collector(number: int) -> state_pb2.GetStateResponse:
        collector = state_pb2.GetStateResponse(service="collector", address=f"127.0.0.1:{number}")
        stats = collector.models.add(
            name="wine-tree", version=2, records=100 * number, agreed=90 * number, alone=3, late=2
        )
        stats.wasted.FromMilliseconds(5 * number)
        collector.models.add(name="wine-net", version=1, records=10, agreed=10, shadow=True)
        collector.models.add(name="wine-gone", version=0, not_started=1)
        return collector
