"""Streams of records that are simple and real: of one data type, in memory, and in trouble at will."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from zlib import crc32

import grpc

from hedgerow import errors
from hedgerow.v1 import records_pb2, rules_pb2, streams_pb2, streams_pb2_grpc
from services.common.errors import status_of
from tests.hedgerow.fakes.calls import abort

FIRST_MS = 1764500000000


class FakeStreams(streams_pb2_grpc.StreamServiceServicer):
    """Takes records of `wine`, scores each id once as 'red', and keeps the scores by partition."""

    def __init__(self) -> None:
        self.partitions = [""]
        self.sent: list[records_pb2.Batch] = []
        """As they came, those that came twice too."""
        self.traces: list[records_pb2.TraceContext] = []
        self.ids: list[str] = []
        """Those in the stream, each once."""
        self._known: set[str] = set()
        self.scores: dict[str, list[streams_pb2.Score]] = {}
        self.letters: list[streams_pb2.DeadLetter] = []
        self.states: list[streams_pb2.StreamState] = []
        self.looks = 0
        self.looks_that_fail: set[int] = set()
        """Those, from 0, at which the log is out of reach, as often as it is asked again."""
        self.has_room = threading.Event()
        """Else it answers no more."""
        self.has_room.set()
        self.refuses: dict[int, Exception] = {}
        """Requests to refuse, by how many came before."""
        self.send_breaks: list[int] = []
        """Break the next calls when so many requests are in the stream, the last without an answer."""
        self.read_breaks: list[int] = []
        """Break the next calls after so many responses."""
        self.reads: list[streams_pb2.ReadScoresRequest] = []
        self.a_response = 3
        """So many scores at the most."""
        self.responses = 0
        self.pages: list[streams_pb2.ListDeadLettersRequest] = []
        self._lock = threading.Lock()

    def with_the_log_of(self, other: FakeStreams) -> FakeStreams:
        """Have the same records and scores as another one."""
        self.ids, self._known, self.scores = other.ids, other._known, other.scores
        self.partitions, self._lock = other.partitions, other._lock
        return self

    # -- in ------------------------------------------------------------------------------------------

    def SendRecords(
        self,
        request_iterator: Iterator[streams_pb2.SendRecordsRequest],
        context: grpc.ServicerContext,
    ) -> Iterator[streams_pb2.SendRecordsResponse]:
        left = self.send_breaks.pop(0) if self.send_breaks else -1
        if left == 0:
            abort(context, errors.Unavailable("the router is stopping"))
        for request in request_iterator:
            while context.is_active() and not self.has_room.wait(0.01):
                pass
            response = self._take(request)
            left -= 1
            if left == 0:
                abort(context, errors.Unavailable("the router is stopping"))
            yield response

    def _take(self, request: streams_pb2.SendRecordsRequest) -> streams_pb2.SendRecordsResponse:
        batch = request.batch
        refusal = self.refuses.get(len(self.sent))
        if batch.data_type != "wine":
            refusal = errors.NotFound.among("data type", batch.data_type, ["wine"])
        self.sent.append(batch)
        self.traces.append(request.trace)
        if refusal is not None:
            status = status_of(refusal)
            error = {"code": status.code, "message": status.message}
            return streams_pb2.SendRecordsResponse(error=error)
        keys = batch.keys or [""] * batch.rows
        for id, key in zip(batch.ids, keys, strict=True):
            self.score(id, key)
        return streams_pb2.SendRecordsResponse(ids=batch.ids)

    def score(self, id: str, key: str = "") -> None:
        """Score a record, unless it was."""
        with self._lock:
            if id in self._known:
                return
            self._known.add(id)
            self.ids.append(id)
            partition = self.partitions[crc32((key or id).encode()) % len(self.partitions)]
            scores = self.scores.setdefault(partition, [])
            score = streams_pb2.Score(
                id=id,
                key=key,
                label="red",
                confidence=0.75,
                model="wine-tree",
                version=2,
                reason=rules_pb2.REASON_CONSENSUS,
                agreed=["wine-net", "wine-tree"],
                plan_revision=7,
                tries=1,
                partition=partition,
                position=f"{FIRST_MS + len(scores)}-0",
            )
            score.appended_at.FromJsonString("2025-11-30T10:00:00.25Z")
            score.waited.FromMilliseconds(2)
            score.elapsed.FromMicroseconds(4500)
            scores.append(score)

    # -- out -----------------------------------------------------------------------------------------

    def ReadScores(
        self, request: streams_pb2.ReadScoresRequest, context: grpc.ServicerContext
    ) -> Iterator[streams_pb2.ReadScoresResponse]:
        kept = streams_pb2.ReadScoresRequest()
        kept.CopyFrom(request)
        self.reads.append(kept)
        self._check(request.data_type, context)
        left = self.read_breaks.pop(0) if self.read_breaks else -1
        for response in self._responses(request, context):
            if left == 0:
                abort(context, errors.Unavailable("the router is stopping"))
            left -= 1
            self.responses += 1
            yield response

    def _responses(
        self, request: streams_pb2.ReadScoresRequest, context: grpc.ServicerContext
    ) -> Iterator[streams_pb2.ReadScoresResponse]:
        at = {name: self._begin(request, name, context) for name in self.partitions}
        begins = {name: f"{FIRST_MS + next - 1}-0" for name, next in at.items()}
        yield streams_pb2.ReadScoresResponse(positions=begins)
        caught_up = False
        while context.is_active():
            found = False
            for name in self.partitions:
                start = at.setdefault(name, 0)
                if scores := self.scores.get(name, [])[start : start + self.a_response]:
                    found = True
                    at[name] += len(scores)
                    yield streams_pb2.ReadScoresResponse(scores=scores)
            if found:
                continue
            if not request.follow:
                return
            if not caught_up:
                caught_up = True
                yield streams_pb2.ReadScoresResponse()
            threading.Event().wait(0.01)

    def _begin(
        self, request: streams_pb2.ReadScoresRequest, name: str, context: grpc.ServicerContext
    ) -> int:
        """Return the place of the first score that is wanted of a partition."""
        after = request.positions.get(name, getattr(request, "from"))
        if not after:
            return len(self.scores.get(name, []))
        milliseconds = after.partition("-")[0]
        if not milliseconds.isdigit():
            abort(context, errors.InvalidInput(f"{after!r} is no position"))
        return max(int(milliseconds) - FIRST_MS + 1, 0)

    # -- how it is -----------------------------------------------------------------------------------

    def GetStreams(
        self, request: streams_pb2.GetStreamsRequest, context: grpc.ServicerContext
    ) -> streams_pb2.GetStreamsResponse:
        self._check(request.data_type, context)
        attempt = dict(context.invocation_metadata()).get("grpc-previous-rpc-attempts", "0")
        self.looks += attempt == "0"
        if self.looks - 1 in self.looks_that_fail:
            abort(context, errors.Unavailable("the log is out of reach"))
        return streams_pb2.GetStreamsResponse(streams=self.states)

    def ListDeadLetters(
        self, request: streams_pb2.ListDeadLettersRequest, context: grpc.ServicerContext
    ) -> streams_pb2.ListDeadLettersResponse:
        self.pages.append(request)
        found = self._found(request.data_type, request.ids, context, enough=1)
        start = int(request.page_token or 0)
        stop = start + min(request.page_size or 2, 2)  # a page of two
        token = str(stop) if stop < len(found) else ""
        return streams_pb2.ListDeadLettersResponse(
            letters=found[start:stop], next_page_token=token, total=len(self.letters)
        )

    def ReplayDeadLetters(
        self, request: streams_pb2.ReplayDeadLettersRequest, context: grpc.ServicerContext
    ) -> streams_pb2.ReplayDeadLettersResponse:
        found = self._found(request.data_type, request.ids, context)
        for letter in found:
            self.letters.remove(letter)
            self.score(letter.id, letter.key)
        return streams_pb2.ReplayDeadLettersResponse(replayed=len(found))

    def DropDeadLetters(
        self, request: streams_pb2.DropDeadLettersRequest, context: grpc.ServicerContext
    ) -> streams_pb2.DropDeadLettersResponse:
        found = self._found(request.data_type, request.ids, context)
        for letter in found:
            self.letters.remove(letter)
        return streams_pb2.DropDeadLettersResponse(dropped=len(found))

    def _found(
        self,
        data_type: str,
        ids: Iterable[str],
        context: grpc.ServicerContext,
        enough: int | None = None,
    ) -> list[streams_pb2.DeadLetter]:
        """Return letters; `enough`: as long as so many of those that are wanted are there."""
        self._check(data_type, context)
        wanted = list(ids)
        missing = [id for id in wanted if id not in {letter.id for letter in self.letters}]
        if missing and len(wanted) - len(missing) < (enough or len(wanted)):
            abort(
                context, errors.NotFound(f"no dead letter of {data_type} has the id {missing[0]!r}")
            )
        return [letter for letter in self.letters if not wanted or letter.id in wanted]

    def _check(self, data_type: str, context: grpc.ServicerContext) -> None:
        if data_type != "wine":
            abort(context, errors.NotFound.among("data type", data_type, ["wine"]))


def letters() -> list[streams_pb2.DeadLetter]:
    """One of each kind: fields, a batch of one, and an entry that makes no sense."""
    plain = streams_pb2.DeadLetter(id="a", key="k", cause="DEATH_CAUSE_INVALID", tries=1)
    plain.message = "wine-tree@1: feature 'alcohol' is 'much', which is no number"
    plain.plain.fields.update(alcohol="much", colour="red")
    batch = streams_pb2.DeadLetter(id="b", cause="DEATH_CAUSE_TRIES", tries=5, partition="3")
    batch.message = "tried 5 times; its hosts died"
    block = batch.batch.blocks.add(names=["alcohol"])
    block.float64 = b"\0\0\0\0\0\0\xf8\x3f"
    batch.batch.rows = 1
    entry = streams_pb2.DeadLetter(id="1764500000000-0", cause="DEATH_CAUSE_INVALID", tries=1)
    entry.message = "the batch is none"
    entry.entry.fields.extend([b"batch", b"\xff\x00x"])
    found = [plain, batch, entry]
    for number, letter in enumerate(found):
        letter.at.FromJsonString(f"2025-11-30T10:00:0{number}Z")
        letter.appended_at.FromJsonString("2025-11-30T09:59:59Z")
        letter.position = f"{FIRST_MS + number}-0"
    return found
