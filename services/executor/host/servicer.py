"""The endpoint of a host: frames in, credit out, and the loop that scores what waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence

import grpc

from hedgerow.errors import Unavailable
from hedgerow.v1.execution_pb2 import ExecuteRequest, ExecuteResponse, ModelRows
from hedgerow.v1.execution_pb2_grpc import ExecutionServiceServicer
from services.common.clock import PeerClock
from services.common.outbox import Outbox
from services.common.seconds import duration_of, seconds_of
from services.executor.host.host_spans import HostSpans
from services.executor.host.inbox import Inbox
from services.executor.host.reporter import Reporter
from services.executor.host.scoring import Part, Scorer
from services.executor.work_done import WorkDone

_CREDIT = 4
"""Frames a router may have here at once: one being scored, one that waits so that scoring never does, and
as many whose credit has not been given back yet."""
_GIVEN_BACK_TOGETHER = 2
"""Frames whose credit goes back in one message: a message a frame would be a third of a host's work."""
_GIVEN_BACK_WITHIN = 0.005
"""Seconds after which credit goes back, however little."""

_WORTH_LISTENING = 0.001
"""Seconds of scoring after which it is looked whether anything of it was cancelled meanwhile."""
_LISTENING_TURNS = 8
"""Turns of the loop in which messages that arrived during a call are read; each takes two or three."""
_LISTENING_SHARE = 0.05
"""Share of a long call's time for which it is listened as long as messages come, for each of them makes its
way through another thread: a router may have written several frames before it wrote what it cancels."""
_SILENCE_SHARE, _LEAST_SILENCE = 0.01, 0.001
"""How long no message comes until it is believed that none is on its way: a share of the call's time, for
on a busy machine that other thread may itself have to wait; and seconds at least."""


class Credit:
    """The credit of one router: how many more frames it may write."""

    def __init__(
        self, outbox: Outbox[ExecuteResponse, ExecuteResponse], works: Sequence[WorkDone]
    ) -> None:
        self._outbox = outbox
        self._works = works
        self._told = {model: _scored(work) for model, work in enumerate(works)}
        self._scored: set[int] = set()
        """Models that have scored something since it was told last."""
        self._done: list[int] = []
        self._timer: asyncio.TimerHandle | None = None
        outbox.put(ExecuteResponse(credit=_CREDIT))

    def give_back(self, frame: int) -> None:
        """Give back the credit of a frame that is settled, soon."""
        self._done.append(frame)
        if len(self._done) >= _GIVEN_BACK_TOGETHER:
            self._send()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_GIVEN_BACK_WITHIN, self._send)

    def scored(self, models: Iterable[int]) -> None:
        """Note that models have scored something, for whomever; it is told with the next credit."""
        self._scored.update(models)

    def tell(self, collector: str, reachable: bool) -> None:
        """Say that a collector is lost, or back."""
        if reachable:
            self._outbox.put(ExecuteResponse(reachable=[collector]))
        else:
            self._outbox.put(ExecuteResponse(unreachable=[collector]))

    async def close(self) -> None:
        """The router has ended its stream."""
        if self._timer is not None:
            self._timer.cancel()
        await self._outbox.close()

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        done, self._done = self._done, []
        models, self._scored = self._scored, set()
        scored = [self._since_told(model) for model in sorted(models)]
        response = ExecuteResponse(
            credit=len(done), done=done, rows=sum([rows for _, rows, _ in scored])
        )
        if scored:
            response.scoring.CopyFrom(duration_of(sum([seconds for *_, seconds in scored])))
        if len(self._works) > 1:
            response.scored.extend(
                ModelRows(model=model, rows=rows, scoring=duration_of(seconds))
                for model, rows, seconds in scored
            )
        self._outbox.put(response)

    def _since_told(self, model: int) -> tuple[int, int, float]:
        rows, seconds = _scored(self._works[model])
        told_rows, told_seconds = self._told[model]
        self._told[model] = rows, seconds
        return model, rows - told_rows, seconds - told_seconds


def _scored(work: WorkDone) -> tuple[int, float]:
    return work.rows_scored, work.scoring_seconds


class HostServicer(ExecutionServiceServicer):
    """Takes frames from routers and scores them on the models of this host."""

    def __init__(self, inbox: Inbox, scorer: Scorer, reporter: Reporter, spans: HostSpans) -> None:
        self._inbox = inbox
        self._scorer = scorer
        self._reporter = reporter
        self._spans = spans
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._routers: set[Credit] = set()
        self._unreachable: set[str] = set()
        self._draining = False
        self._messages_read = 0
        """How many messages of routers have been read."""

    @property
    def waiting(self) -> int:
        """Tasks that wait to be scored."""
        return len(self._inbox)

    def tell(self, collector: str, reachable: bool) -> None:
        """Tell all routers that a collector is lost, or back; and those that come, while it is lost."""
        if reachable:
            self._unreachable.discard(collector)
        else:
            self._unreachable.add(collector)
        for router in self._routers:
            router.tell(collector, reachable)

    # Writes by itself instead of yielding: credit is given while frames are read.
    async def Execute(  # type: ignore[override]  # noqa: N802 - gRPC's name
        self,
        request_iterator: AsyncIterator[ExecuteRequest],
        context: grpc.aio.ServicerContext[ExecuteRequest, ExecuteResponse],
    ) -> None:
        """Read a router's frames until it ends the stream."""
        if self._draining:
            raise Unavailable("the host drains")
        credit = Credit(Outbox(context.write, _joined), self._inbox.works)
        self._routers.add(credit)
        for collector in self._unreachable:
            credit.tell(collector, False)
        self._idle.clear()
        clock = PeerClock()
        try:
            async for request in request_iterator:
                self._messages_read += 1
                arrival = clock.arrival(request.sent_ns, time.monotonic())
                self._inbox.add(request, credit.give_back, arrival)
                self._filled.set()
        finally:
            self._routers.discard(credit)
            self._look_idle()
            await credit.close()

    async def run(self) -> None:
        """Score what waits, for as long as the host lives."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while len(self._inbox):
                await self._score_waiting()
                # One turn of the loop, so that frames which came meanwhile join the next batch.
                await asyncio.sleep(0)
            self._look_idle()

    async def _score_waiting(self) -> None:
        for part in self._scorer.score(self._inbox.take(time.monotonic())):
            seconds = sum([scored.seconds for scored in part.scored])
            if seconds > _WORTH_LISTENING:
                await self._listen(seconds)
            self._settle(part)
            if not part.settled:
                # The rest of its models come next: what is there is to leave before.
                await self._listen(0)

    async def _listen(self, seconds: float) -> None:
        """Read what routers wrote during a call, before anything is made of its results."""
        for _ in range(_LISTENING_TURNS):
            await asyncio.sleep(0)
        end = time.monotonic() + seconds * _LISTENING_SHARE
        silence = max(seconds * _SILENCE_SHARE, _LEAST_SILENCE)
        read = -1
        while read < self._messages_read and time.monotonic() + silence < end:
            read = self._messages_read
            await asyncio.sleep(silence)

    def _settle(self, part: Part) -> None:
        models = {scored.model for scored in part.scored}
        for router in self._routers:
            router.scored(models)
        works = self._inbox.works
        wanted = [scored.wanted(works[scored.model]) for scored in part.scored]
        if found := [scored for scored in wanted if scored is not None]:
            self._reporter.send(found)
        for scored in part.scored:
            self._spans.record(scored)
        self._inbox.settle(part.settled)

    async def drain(self) -> None:
        """Take no more routers; return once none is connected and nothing waits or is to be reported."""
        self._draining = True
        await self._idle.wait()

    def _look_idle(self) -> None:
        if not self._routers and not self._inbox.unsettled:
            self._idle.set()


def _joined(responses: list[ExecuteResponse]) -> ExecuteResponse:
    """Join what is to be said to a router into one message."""
    if len(responses) == 1:
        return responses[0]
    scoring = sum([seconds_of(response.scoring) for response in responses])
    joined = ExecuteResponse(scoring=duration_of(scoring))
    for response in responses:
        joined.credit += response.credit
        joined.rows += response.rows
        joined.scored.extend(response.scored)
        joined.done.extend(response.done)
        joined.unreachable.extend(response.unreachable)
        # A collector that was back and is lost again is lost.
        back = {*joined.reachable, *response.reachable} - set(response.unreachable)
        joined.ClearField("reachable")
        joined.reachable.extend(sorted(back))
    return joined
