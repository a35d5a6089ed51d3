"""Streams of records, by the client and the command line, through a mesh of processes."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest

from hedgerow.client.record_streams import Outgoing
from hedgerow.data.dead_letters import DeadLetter, DeathCause
from hedgerow.plans.rules.reasons import Reason
from tests.end_to_end.conftest import Mesh
from tests.support import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")


def _records(start: int, stop: int) -> list[dict[str, Any]]:
    return [{"a": float(number), "b": 1.0} for number in range(start, stop)]


async def test_what_is_sent_is_scored_once_and_read_from_anywhere(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "tree", value=2.0)
    client = mesh.client
    ids = [f"r-{number}" for number in range(1000)]
    async with aclosing(client.scores(data_type)) as scores:
        ahead = asyncio.create_task(anext(scores))
        assert (
            await client.send(data_type, _records(0, 700), ids=ids[:700], keys=range(700))
            == ids[:700]
        )
        batches = [Outgoing(_records(i, i + 100), ids[i : i + 100]) for i in range(500, 1000, 100)]
        assert [len(one.ids) async for one in client.send_stream(data_type, batches)] == [100] * 5
        found = [await ahead, *[await anext(scores) for _ in range(399)]]
        kept = json.dumps(scores.positions)
    first = found[0]
    assert (first.value, first.answered_by, first.reason) == (2.0, "tree@1", Reason.PREFERRED)
    assert first.tries == 1
    assert abs(datetime.now(UTC) - first.appended_at).total_seconds() < 60
    async with aclosing(client.scores(data_type, positions=json.loads(kept))) as later:
        found += [await anext(later) for _ in range(600)]
    assert sorted(score.id for score in found) == sorted(ids)
    assert {score.id: score.key for score in found}["r-7"] == "7"

    async def read_from(start: str | datetime) -> list[str]:
        return [score.id async for score in client.scores(data_type, start, follow=False)]

    assert sorted(await read_from("0")) == sorted(ids)
    assert await read_from(found[-1].position) == []
    assert await read_from(datetime(2020, 1, 1, tzinfo=UTC)) == await read_from("0")

    async def all_settled() -> bool:
        (state,) = await client.streams(data_type)
        return (state.waiting, state.in_flight, state.scores) == (0, 0, 1000)

    await wait_until(all_settled, "nothing waits")


async def test_records_that_cannot_be_scored_are_dead_letters_until_dropped(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "tree", value=2.0)
    client = mesh.client
    good, bad, worse = await client.send(
        data_type, [{"a": 1.0, "b": "1"}, {"a": 1.0, "b": "much"}, {"a": 1.0, "b": "more"}]
    )

    async def letters() -> dict[str, DeadLetter]:
        return {letter.id: letter async for letter in client.dead_letters(data_type)}

    async def dead() -> bool:
        return len(await letters()) >= 2

    await wait_until(dead, "the records are dead letters")
    found = await letters()
    assert {bad, worse} <= found.keys()
    assert found[bad].cause is DeathCause.INVALID
    assert found[bad].fields == {"a": 1.0, "b": "much"}
    assert "'b'" in found[bad].message
    assert (await client.dead_letter(data_type, worse)).fields == {"a": 1.0, "b": "more"}
    assert await client.replay_dead_letters(data_type, bad) == 1
    await wait_until(dead, "it is as bad as it was")
    assert await client.drop_dead_letters(data_type, everything=True) == len(found)
    assert await letters() == {}
    assert good not in found or found[good].cause is DeathCause.INVALID


async def test_the_command_line_sends_reads_and_shows(mesh: Mesh, data_type: str) -> None:
    await mesh.serve(data_type, "tree", value=2.0)
    router = mesh.local.ports.address("router")

    async def run(*arguments: str, typed: str = "") -> str:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hedgerow.cli", *arguments, "--router", router),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate(typed.encode())
        assert process.returncode == 0
        return out.decode()

    rows = "id,customer,a,b\n" + "".join(f"r-{i},c-{i % 3},{i},1\n" for i in range(500))
    sent = await run(
        "stream", "send", data_type, "-", "--id", "id", "--key", "customer", typed=rows
    )
    assert sent.startswith("500 records are in the stream, in ")
    follow = ("--follow", "--from", "start", "--limit", "500")
    out = await run("stream", "scores", data_type, *follow, "--json")
    scores = [json.loads(line) for line in out.splitlines()]
    assert sorted(score["id"] for score in scores) == sorted(f"r-{i}" for i in range(500))
    assert {score["key"] for score in scores} == {"c-0", "c-1", "c-2"}
    lag = json.loads(await run("stream", "lag", data_type, "--json"))
    assert (lag[0]["waiting"], lag[0]["scores"], lag[0]["dead_letters"]) == (0, 500, 0)
    assert "STREAM OF" in await run("state", data_type)
    assert await run("dead", "list", data_type) == f"there are no dead letters of {data_type}\n"
