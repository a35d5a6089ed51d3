"""The load generator against the echo, both in processes of their own."""

import asyncio

from bench.floors.echo import echo
from bench.load import Load, run_load
from bench.measured import Tally
from hedgerow.v1.rules_pb2 import REASON_CONSENSUS
from hedgerow.v1.scoring_pb2 import Decision, ModelReport


async def test_every_answer_is_counted_once_with_who_gave_it_and_why() -> None:
    async with echo() as address:
        seen = await run_load(Load(address, clients=4, seconds=0.2, rows=3, warm_up=0.1))
    assert seen.requests > 0
    assert seen.rows == 3 * seen.requests
    assert seen.answers == {"wine-tree@1": seen.rows}
    assert seen.reasons == {"CONSENSUS": seen.rows}
    assert seen.failures == {}
    assert 0 < seen.p50 <= seen.p99 <= seen.longest


async def test_failures_are_counted_by_code_and_are_not_answers() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        seen = await run_load(Load(f"127.0.0.1:{port}", clients=1, seconds=0.1, warm_up=0))
    assert seen.requests == 0
    assert set(seen.failures) == {"UNAVAILABLE"}


def test_late_answers_and_the_longest_gap_are_seen() -> None:
    decision = Decision(answered_by=[0], reasons=[REASON_CONSENSUS], models=[ModelReport(name="m")])
    tally = Tally(late_after=0.05)
    for begun, ended in [(0.0, 0.01), (0.0, 0.03), (0.03, 0.1)]:
        tally.add(begun, ended, decision)
    seen = tally.measured(seconds=1.0)
    assert (seen.requests, seen.late, round(seen.longest_gap)) == (3, 1, 70)
    assert seen.answers == {"m@0": 3}
