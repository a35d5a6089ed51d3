"""A router and a registry that are simple and real: gRPC servers in threads of this process."""

from __future__ import annotations

import hashlib
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration

from hedgerow import errors
from hedgerow.data.records import Batch
from hedgerow.v1 import (
    registry_pb2,
    registry_pb2_grpc,
    scoring_pb2,
    scoring_pb2_grpc,
    state_pb2,
    state_pb2_grpc,
)
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from hedgerow.v1.plans_pb2 import Plan
from hedgerow.v1.records_pb2 import Labels, Output, Predictions
from services.common.errors import status_of

MODELS = ("wine-net", "wine-tree", "wine-boosting")


def abort(context: grpc.ServicerContext, error: Exception) -> None:
    """End a call as our services do."""
    status = status_of(error)
    if status.details:
        trailer = (("grpc-status-details-bin", status.SerializeToString()),)
        context.set_trailing_metadata(trailer)
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    context.abort(code, status.message)


def decision(rows: int, explain: bool = False) -> scoring_pb2.Decision:
    """All say 'red' by consensus; the second model answered, the third did not come in time."""
    reports = [
        scoring_pb2.ModelReport(
            name=name,
            version=i + 1,
            state=scoring_pb2.MODEL_STATE_LATE if i == 2 else scoring_pb2.MODEL_STATE_ANSWERED,
            elapsed=None if i == 2 else Duration(nanos=2_000_000),
        )
        for i, name in enumerate(MODELS)
    ]
    if explain:
        for report in reports[:2]:
            report.predictions.CopyFrom(predictions(rows))
    return scoring_pb2.Decision(
        labels=Labels(classes=["white", "red"], indexes=[1] * rows),
        confidences=struct.pack("<d", 0.75) * rows,
        answered_by=[1] * rows,
        reasons=[scoring_pb2.REASON_CONSENSUS] * rows,
        agreed=[0b011] * rows,
        models=reports,
        plan_revision=7,
        elapsed=Duration(nanos=2_500_000),
    )


def predictions(rows: int) -> Predictions:
    """What a model says of some rows."""
    return Predictions(
        labels=Labels(classes=["red"], indexes=[0] * rows),
        confidences=struct.pack("<d", 0.75) * rows,
        outputs=[Output(name="probability(red)", numbers=struct.pack("<d", 0.75) * rows)],
    )


class FakeRouter(scoring_pb2_grpc.ScoringServiceServicer):
    """Scores `wine` by one feature, `alcohol`; the data type may ask for trouble instead."""

    def __init__(self) -> None:
        self.metadata: list[dict[str, str]] = []
        self.deadlines: list[float | None] = []
        self.requests: list[scoring_pb2.ScoreRequest] = []
        self.in_pairs = False
        """Answer two batches of a stream at a time, the second first."""

    def Score(
        self, request: scoring_pb2.ScoreRequest, context: grpc.ServicerContext
    ) -> scoring_pb2.ScoreResponse:
        self.metadata.append({str(k): str(v) for k, v in context.invocation_metadata()})
        self.deadlines.append(context.time_remaining())
        try:
            return self.answer(request)
        except Exception as error:
            abort(context, error)
            raise

    def ScoreStream(
        self,
        request_iterator: Iterator[scoring_pb2.ScoreStreamRequest],
        context: grpc.ServicerContext,
    ) -> Iterator[scoring_pb2.ScoreStreamResponse]:
        """Answers each batch of a stream."""
        waiting: list[scoring_pb2.ScoreStreamRequest] = []
        for message in request_iterator:
            if message.request.batch.data_type == "broken":
                abort(context, errors.Unavailable("the router is stopping"))
            waiting.append(message)
            if len(waiting) == 1 + self.in_pairs:
                yield from map(self._stream_answer, reversed(waiting))
                waiting.clear()
        yield from map(self._stream_answer, reversed(waiting))

    def _stream_answer(
        self, message: scoring_pb2.ScoreStreamRequest
    ) -> scoring_pb2.ScoreStreamResponse:
        try:
            response = self.answer(message.request)
        except Exception as error:
            status = status_of(error)
            failure = scoring_pb2.ScoreError(code=status.code, message=status.message)
            return scoring_pb2.ScoreStreamResponse(id=message.id, error=failure)
        return scoring_pb2.ScoreStreamResponse(id=message.id, response=response)

    def answer(self, request: scoring_pb2.ScoreRequest) -> scoring_pb2.ScoreResponse:
        """Answer, or raise what the data type asks for."""
        self.requests.append(request)
        data_type = request.batch.data_type
        if request.policy.rule.consensus.quorum.votes > 3:
            raise errors.InvalidPlan("policy.consensus.quorum: 4 of 3 votes can never agree")
        if data_type == "slow":
            time.sleep(0.05)
        elif data_type == "late":
            late = decision(request.batch.rows)
            raise errors.NoAnswer("no model answered in time", deadline_reached=True, decision=late)
        elif data_type == "failing":
            failed = decision(request.batch.rows)
            raise errors.NoAnswer("all failed", deadline_reached=False, decision=failed)
        elif data_type == "busy":
            raise errors.Overloaded("too much in flight", timedelta(milliseconds=250))
        elif data_type == "huge":
            raise errors.LimitExceeded("too many records")
        elif data_type == "bug":
            raise ValueError("a secret of ours")
        elif data_type != "wine":
            raise errors.NotFound.among("data type", data_type, ["wine"])
        _check(Batch.from_proto(request.batch))
        answered = decision(request.batch.rows, request.explain)
        return scoring_pb2.ScoreResponse(decision=answered)


def _check(batch: Batch) -> None:
    for row, record in enumerate(batch.to_records()):
        for name in record:
            if name != "alcohol":
                raise errors.InvalidRecord(
                    f"wine-tree@1: feature {name!r} is unknown; leave it out"
                )
        if not isinstance(record.get("alcohol"), float):
            raise errors.InvalidRecord(f"wine-tree@1: feature 'alcohol' of record {row} is missing")


class FakeRegistry(registry_pb2_grpc.RegistryServiceServicer):
    """Keeps models and plans in memory."""

    def __init__(self) -> None:
        self.models: list[tuple[ModelVersion, bytes]] = []
        self.plans: dict[str, Plan] = {}
        self.limit = 10_000_000
        self.corrupt = False

    def PushModel(
        self,
        request_iterator: Iterator[registry_pb2.PushModelRequest],
        context: grpc.ServicerContext,
    ) -> registry_pb2.PushModelResponse:
        descriptor = next(request_iterator).descriptor
        data = b""
        for part in request_iterator:
            data += part.chunk
            if len(data) > self.limit:
                abort(context, errors.LimitExceeded(f"over the limit of {self.limit} bytes"))
        if data.startswith(b"not a model"):
            abort(context, errors.InvalidModel("the definition is not PMML"))
        for model, known in self.models:
            if known == data and model.descriptor == descriptor:
                return registry_pb2.PushModelResponse(model=model, created=False)
        return registry_pb2.PushModelResponse(model=self._add(descriptor, data), created=True)

    def _add(self, descriptor: ModelDescriptor, data: bytes) -> ModelVersion:
        same = [m for m, _ in self.models if m.descriptor.name == descriptor.name]
        model = ModelVersion(
            descriptor=descriptor,
            signature=descriptor.signature,
            version=len(same) + 1,
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
        )
        model.pushed_at.FromJsonString("2026-01-02T03:04:05Z")
        self.models.append((model, data))
        return model

    def GetModel(
        self, request: registry_pb2.GetModelRequest, context: grpc.ServicerContext
    ) -> registry_pb2.GetModelResponse:
        return registry_pb2.GetModelResponse(model=self._find(request, context)[0])

    def ListModels(
        self, request: registry_pb2.ListModelsRequest, context: grpc.ServicerContext
    ) -> registry_pb2.ListModelsResponse:
        start = int(request.page_token or 0)  # a page of two
        models = [model for model, _ in self.models]
        following = str(start + 2) if start + 2 < len(models) else ""
        page = models[start : start + 2]
        return registry_pb2.ListModelsResponse(models=page, next_page_token=following)

    def PullModel(
        self, request: registry_pb2.PullModelRequest, context: grpc.ServicerContext
    ) -> Iterator[registry_pb2.PullModelResponse]:
        model, data = self._find(request, context)
        yield registry_pb2.PullModelResponse(model=model)
        for start in range(0, len(data), 1000):
            yield registry_pb2.PullModelResponse(chunk=data[start : start + 1000])
        if self.corrupt:
            yield registry_pb2.PullModelResponse(chunk=b"!")

    def ApplyPlan(
        self, request: registry_pb2.ApplyPlanRequest, context: grpc.ServicerContext
    ) -> registry_pb2.ApplyPlanResponse:
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
        if request.data_type not in self.plans:
            abort(context, errors.NotFound.among("data type", request.data_type, self.plans))
        return registry_pb2.GetPlanResponse(plan=self.plans[request.data_type])

    def _find(self, request: Any, context: grpc.ServicerContext) -> tuple[ModelVersion, bytes]:
        for model, data in reversed(self.models):
            if model.descriptor.name == request.name and request.version in (0, model.version):
                return model, data
        abort(context, errors.NotFound.among("model", request.name, MODELS))
        raise AssertionError("not reached")


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
        model.max.FromMicroseconds(1500)
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


@contextmanager
def served(*servicers: object) -> Iterator[str]:
    """Serve the given servicers; gives the address."""
    server = grpc.server(ThreadPoolExecutor(16), options=[("grpc.so_reuseport", 0)])
    for servicer in servicers:
        if isinstance(servicer, FakeRouter):
            scoring_pb2_grpc.add_ScoringServiceServicer_to_server(servicer, server)
        if isinstance(servicer, FakeRegistry):
            registry_pb2_grpc.add_RegistryServiceServicer_to_server(servicer, server)
        if isinstance(servicer, FakeState):
            state_pb2_grpc.add_StateServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()
