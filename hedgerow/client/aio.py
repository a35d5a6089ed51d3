"""The asynchronous client: scores records on a mesh.

    async with AsyncClient("localhost:8400") as client:
        answer = await client.score("wine", {"alcohol": 13.2, ...})
        print(answer.value, answer.answered_by, answer.reason)

`hedgerow.client.sync.Client` is the same for code that is not asynchronous.
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import aclosing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from opentelemetry import trace

from hedgerow.client.batches import Records, batch_of, index_of
from hedgerow.client.record_streams.calls import RecordStreamCalls
from hedgerow.client.record_streams.labels import Labels, add_keys
from hedgerow.client.router import Metadata, traceparent
from hedgerow.client.scored import Scored, ScoreStreamTalk
from hedgerow.client.streaming import exchange
from hedgerow.data.answers import Answer, Answers
from hedgerow.data.records import Record
from hedgerow.durations import format_duration
from hedgerow.errors import InvalidInput, InvalidRecord
from hedgerow.plans.checks import MAX_DEADLINE
from hedgerow.plans.plan import policy_from_yaml, strategy_from_yaml
from hedgerow.v1.plans_pb2 import Policy, Strategy
from hedgerow.v1.scoring_pb2 import ScoreRequest

if TYPE_CHECKING:
    import pandas as pd

PolicyLike: TypeAlias = Policy | Mapping[str, Any] | str
StrategyLike: TypeAlias = Strategy | Mapping[str, Any] | str

# The router answers at the deadline; this is for its answer, or its reason for having none, to arrive.
_MARGIN = timedelta(milliseconds=500)


class AsyncClient(RecordStreamCalls):
    """Scores records, and speaks to streams of them. Keeps one channel for any number of calls.

    `target` is the router's host:port, or a name of several routers (`dns:///routers:8400`,
    `ipv4:10.0.0.1:8400,10.0.0.2:8400`), which are asked in turn. What a router did not answer because it
    stops or was lost is sent again to another one.

    Use it in one event loop, and `async with` or `close` it.
    """

    @overload
    async def score(
        self,
        data_type: str,
        records: Record,
        *,
        key: str | int | None = None,
        deadline: timedelta | None = None,
        explain: bool = False,
        policy: PolicyLike | None = None,
        strategy: StrategyLike | None = None,
    ) -> Answer: ...

    @overload
    async def score(
        self,
        data_type: str,
        records: Iterable[Record] | pd.DataFrame,
        *,
        key: str | int | None = None,
        keys: Labels = None,
        deadline: timedelta | None = None,
        explain: bool = False,
        policy: PolicyLike | None = None,
        strategy: StrategyLike | None = None,
    ) -> Answers: ...

    async def score(
        self,
        data_type: str,
        records: Records,
        *,
        key: str | int | None = None,
        keys: Labels = None,
        deadline: timedelta | None = None,
        explain: bool = False,
        policy: PolicyLike | None = None,
        strategy: StrategyLike | None = None,
    ) -> Answer | Answers:
        """Score one record (a mapping), or several (mappings, or a DataFrame) as one batch.

        `key` says what the records belong to, a customer say, or `keys` what each of them does: text or
        whole numbers, None where there is nothing. Where the plan has `join: keyed`, those of one key are
        scored by one executor; where it has not, keys mean nothing. At most 1024 bytes each.

        `deadline`, `policy` and `strategy` stand in place of the plan's for this call. The deadline is
        more than 0 and at most an hour. The others are mappings, as YAML gives them
        (`{"consensus": {"quorum": "all"}}`, `{"starts": {"wine-net": "on_doubt"}}`; `{}` starts
        everything at once), or YAML, or messages. With `explain`, `Answers.models` has what each model
        said; it is there for batches, so put a single record into a list.

        Raises InvalidInput (InvalidRecord, InvalidPlan), NotFound, Overloaded, NoAnswer and Unavailable
        (see hedgerow.errors). Tried again, up to three times within half a second and never beyond the
        deadline, is what finds no router, one that stops, one that reaches no collector, or one with more
        calls than it can even look at; nothing else.
        """
        request = make_request(
            data_type, records, deadline, explain, policy, strategy, key=key, keys=keys
        )
        timeout = _timeout(request)
        with self._span(request) as metadata, self._connection.errors(InvalidRecord):
            response = await self._connection.stub.scoring.Score(
                request, timeout=timeout, metadata=metadata
            )
        answers = Answers(response.decision, index_of(records))
        return answers[0] if isinstance(records, Mapping) else answers

    async def score_stream(
        self,
        data_type: str,
        batches: AsyncIterable[Records],
        *,
        deadline: timedelta | None = None,
        explain: bool = False,
        policy: PolicyLike | None = None,
        strategy: StrategyLike | None = None,
        in_flight: int = 16,
        keys_of: Callable[[Records], Labels] | None = None,
    ) -> AsyncGenerator[Scored[Records], None]:
        """Score records or batches as they come, and yield each with its answers, in their order.

        At most `in_flight` of them wait for an answer at a time; then no more are read from `batches`.
        One that cannot be scored is yielded with its error and ends nothing. `keys_of` gives the keys of
        one of them, as `score` has them. The other arguments are those of `score`.

        The stream outlives its router: when that stops or is lost, what has no answer is sent again to
        another one. Each batch is yielded once all the same, though it may have been scored twice.

        Raises what `batches` raises, InvalidInput if the other arguments make no sense, and Unavailable
        if no router takes the stream: after ten seconds without an answer, or half a second if there was
        none before. What was yielded by then stays good; send the rest later.
        """
        rest = _without_records(deadline, explain, policy, strategy)
        span = self._tracer.start_span("hedgerow.score_stream", kind=trace.SpanKind.CLIENT)

        def request(records: Records) -> ScoreRequest:
            keys = keys_of(records) if keys_of is not None else None
            return _with_records(rest, data_type, records, keys=keys)

        def open_call() -> Any:
            return self._connection.stub.scoring.ScoreStream(metadata=traceparent(span))

        target = self._connection.target
        talk = ScoreStreamTalk(request, target)
        try:
            async with aclosing(exchange(open_call, batches, talk, in_flight, target)) as replies:
                async for reply in replies:
                    yield Scored(*reply)
        finally:
            span.end()

    @contextmanager
    def _span(self, request: ScoreRequest) -> Iterator[Metadata]:
        """Open the client's span; its context travels in the call's metadata if it is recorded."""
        with self._tracer.start_as_current_span(
            "hedgerow.client", kind=trace.SpanKind.CLIENT
        ) as span:
            if span.is_recording():
                span.set_attribute("hedgerow.data_type", request.batch.data_type)
                span.set_attribute("hedgerow.records", request.batch.rows)
            yield traceparent(span)


def make_request(
    data_type: str,
    records: Records,
    deadline: timedelta | None,
    explain: bool,
    policy: PolicyLike | None = None,
    strategy: StrategyLike | None = None,
    *,
    key: str | int | None = None,
    keys: Labels = None,
) -> ScoreRequest:
    """Return the request for a mapping, several mappings or a DataFrame.

    Raises InvalidRecord, InvalidPlan for a policy or strategy that makes no sense, and InvalidInput for a
    deadline that cannot be.
    """
    rest = _without_records(deadline, explain, policy, strategy)
    return _with_records(rest, data_type, records, key, keys)


def _without_records(
    deadline: timedelta | None,
    explain: bool,
    policy: PolicyLike | None,
    strategy: StrategyLike | None,
) -> ScoreRequest:
    request = ScoreRequest(explain=explain)
    if deadline is not None:
        if not timedelta(0) < deadline <= MAX_DEADLINE:
            raise InvalidInput(
                f"a deadline of {format_duration(deadline)} cannot be; give more than 0, at most 1h"
            )
        request.deadline.FromTimedelta(deadline)
    if policy is not None:
        said = policy if isinstance(policy, Policy) else policy_from_yaml(policy)
        request.policy.CopyFrom(said)
    if strategy is not None:
        told = strategy if isinstance(strategy, Strategy) else strategy_from_yaml(strategy)
        request.strategy.CopyFrom(told)
    return request


def _with_records(
    rest: ScoreRequest,
    data_type: str,
    records: Records,
    key: str | int | None = None,
    keys: Labels = None,
) -> ScoreRequest:
    request = ScoreRequest(batch=batch_of(data_type, records).to_proto())
    add_keys(request.batch, key, keys)
    request.MergeFrom(rest)
    return request


def _timeout(request: ScoreRequest) -> float | None:
    """Return the seconds until nobody waits for an answer any more; None where only the plan knows."""
    for told in (request, request.policy):
        if told.HasField("deadline"):
            return (told.deadline.ToTimedelta() + _MARGIN).total_seconds()
    return None
