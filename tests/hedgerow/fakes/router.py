"""A router that is simple and real: it knows one data type, and is in trouble where it is asked to be."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import grpc

from hedgerow import errors
from hedgerow.data.records import Batch
from hedgerow.v1 import scoring_pb2, scoring_pb2_grpc
from services.common.errors import status_of
from tests.hedgerow.fakes.answers import decision
from tests.hedgerow.fakes.calls import abort

with (Path(__file__).parents[3] / "examples" / "wine" / "records.csv").open() as _file:
    WINE = next(csv.reader(_file))
    """The features of a whole wine record, of which it needs one."""


class FakeRouter(scoring_pb2_grpc.ScoringServiceServicer):
    """Scores `wine` by one feature, `alcohol`; the data type may ask for trouble instead."""

    def __init__(self) -> None:
        self.metadata: list[dict[str, str]] = []
        self.deadlines: list[float | None] = []
        self.requests: list[scoring_pb2.ScoreRequest] = []
        self.in_pairs = False
        """Answer two batches of a stream at a time, the second first."""
        self.without_host: set[str] = set()
        """Models that no host serves."""
        self.failures: list[Exception] = []
        """Fail the next calls and batches with these, one after the other."""
        self.breaks_after: list[int] = []
        """Break the next streams when so many batches of each are answered."""
        self.streams = 0
        """How many were opened."""
        self.answers_as = ""
        """Answer batches of a stream under this id, which nobody asked with."""

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
        self.streams += 1
        left = self.breaks_after.pop(0) if self.breaks_after else -1
        if left == 0:
            abort(context, errors.Unavailable("the router is stopping"))
        for message in request_iterator:
            if message.request.batch.data_type == "broken":
                abort(context, errors.Unavailable("the router is stopping"))
            waiting.append(message)
            if len(waiting) == 1 + self.in_pairs:
                yield from map(self._stream_answer, reversed(waiting))
                waiting.clear()
            left -= 1
            if left == 0:
                abort(context, errors.Unavailable("the router is stopping"))
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
        return scoring_pb2.ScoreStreamResponse(id=self.answers_as or message.id, response=response)

    def answer(self, request: scoring_pb2.ScoreRequest) -> scoring_pb2.ScoreResponse:
        """Answer, or raise what the data type asks for."""
        self.requests.append(request)
        if self.failures:
            raise self.failures.pop(0)
        return self._answer(request)

    def _answer(self, request: scoring_pb2.ScoreRequest) -> scoring_pb2.ScoreResponse:
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
        elif data_type == "anything":
            return scoring_pb2.ScoreResponse(decision=decision(request.batch.rows))
        elif data_type != "wine":
            raise errors.NotFound.among("data type", data_type, ["wine"])
        _check(Batch.from_proto(request.batch))
        answered = decision(request.batch.rows, request.explain, self.without_host)
        return scoring_pb2.ScoreResponse(decision=answered)


def _check(batch: Batch) -> None:
    for row, record in enumerate(batch.to_records()):
        for name in record:
            if name not in WINE:
                raise errors.InvalidRecord(
                    f"wine-tree@1: feature {name!r} is unknown; leave it out"
                )
        if not isinstance(record.get("alcohol"), float):
            raise errors.InvalidRecord(f"wine-tree@1: feature 'alcohol' of record {row} is missing")
