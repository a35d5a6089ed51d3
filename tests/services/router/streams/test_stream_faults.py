"""Streams of records while the log fails, is emptied, or is changed by hand: each record comes out once."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import OutOfMemoryError
from structlog.testing import capture_logs

from hedgerow.data.records import Batch
from hedgerow.local.valkey import Valkey
from hedgerow.v1.models_pb2 import Feature
from hedgerow.v1.streams_pb2 import DeathCause, Score
from services.common.log import Log
from services.common.log.connection import BULK
from services.common.log.streams import Fate, Partition, RecordEntry, reading, settling
from services.router.streams.flow import handling
from services.router.streams.record_streams import RecordStreams
from services.router.streams.records import batches, decoding
from services.router.streams.records.arrivals import Arrival
from services.router.streams.records.scores import Scores
from tests.services.router.streams.slow_way import slow_way
from tests.services.router.streams.stream_rig import RECORDS, SCORES, StreamRig, streaming
from tests.support import wait_until

PLAN = "models: [{name: net}]\npolicy: {deadline: 10s, timeout: {}}"
BOTH = pytest.mark.parametrize("join", ["balanced", "keyed"])


async def echo(rig: StreamRig, join: str = "balanced", more: str = "") -> None:
    """One model, that answers with the record's number."""
    await rig.rig.host("net", lambda ash: (f"{ash:g}", 1.0))
    rig.plan(f"{PLAN}\njoin: {join}\n{more}")


def numbers(scores: Sequence[Score], join: str = "keyed") -> list[int]:
    """The records that came out; in their order where that counts."""
    found = [int(score.label) for score in scores]
    return found if join == "keyed" else sorted(found)


def paused(router: RecordStreams) -> str:
    return " ".join(state.paused for state in router.states())


async def lengthen(rig: StreamRig, first: int, last: int) -> None:
    """Append numbered records one by one, each again until the log has it."""
    for number in range(first, last):
        while True:
            try:
                await rig.send(number, key="k")
            except OutOfMemoryError:
                await asyncio.sleep(0.01)
            else:
                break


@BOTH
async def test_a_log_that_is_full_pauses_reading_and_loses_nothing(
    log_url: str, log: Log, join: str
) -> None:
    async with streaming(log_url, log) as rig:
        await echo(rig, join)
        router = await rig.router(rows=4)
        await lengthen(rig, 0, 50)
        (host,) = rig.rig.hosts
        await host.hold()
        await lengthen(rig, 50, 100)
        await rig.redis.config_set("maxmemory", "1kb")
        sending = asyncio.create_task(lengthen(rig, 100, 200))
        try:
            host.release()
            await wait_until(lambda: "the log is full" in paused(router), "it says so")
        finally:
            await rig.redis.config_set("maxmemory", "0")
        await sending
        assert numbers(await rig.scores(200), join) == list(range(200))
        await wait_until(lambda: not paused(router), "nothing is in the way any more")
        assert await rig.pending() == 0


@BOTH
@pytest.mark.parametrize("end", ["stopped", "killed"])
async def test_a_log_that_was_away_gives_each_record_once(
    tmp_path: Path, join: str, end: str
) -> None:
    server = Valkey(tmp_path)
    async with server:
        log = Log(server.url)
        async with streaming(server.url, log) as rig:
            await echo(rig, join)
            router = await rig.router(rows=4)
            await rig.send(*range(300), key="k")
            await rig.redis.execute_command("WAITAOF", 1, 0, 5000)
            await wait_until(lambda: sum(s.scored for s in router.states()), "it scores")
            if end == "killed":
                await server.stop(0)
            else:
                await server.stop()
            await wait_until(lambda: "out of reach" in paused(router), "it says so")
            port = server.port
            again = Valkey(tmp_path, port)
            async with again:
                await rig.send(*range(300, 320), key="k")
                assert numbers(await rig.scores(320), join) == list(range(320))
                await wait_until(lambda: not paused(router), "it goes on")
        await log.close()


@BOTH
async def test_a_stream_that_is_deleted_or_a_log_that_is_emptied_is_gone_and_what_comes_is_scored(
    log_url: str, log: Log, join: str
) -> None:
    async with streaming(log_url, log) as rig:
        await echo(rig, join)
        await rig.router(rows=4)
        await rig.send(*range(100), key="k")
        await rig.redis.delete(RECORDS)
        await rig.send(1000, key="k")
        await until_scored(rig, 1000)
        await rig.send(*range(100, 200), key="k")
        await rig.redis.flushall()
        await rig.send(*range(2000, 2100), key="k")
        await until_scored(rig, 2099)
        scores = numbers(await rig.scores(await rig.redis.xlen(SCORES)))
        late = [number for number in scores if number >= 2000]
        assert (late if join == "keyed" else sorted(late)) == list(range(2000, 2100))
        assert len(set(scores)) == len(scores)


async def until_scored(rig: StreamRig, number: int) -> None:
    async def is_scored() -> bool:
        found = await rig.redis.xrange(SCORES)
        return any(fields[b"value"] == str(number).encode() for _, fields in found)

    await wait_until(is_scored, f"{number} is scored", 20)


@BOTH
async def test_who_destroys_the_group_has_all_records_that_are_kept_scored_again_and_misses_none(
    log_url: str, log: Log, join: str
) -> None:
    async with streaming(log_url, log) as rig:
        await echo(rig, join)
        await rig.router(rows=4)
        await rig.send(*range(100), key="k")
        await rig.redis.xgroup_destroy(RECORDS, "router")
        before = await rig.redis.xlen(SCORES)
        await rig.send(100, key="k")
        scores = numbers(await rig.scores(before + 101))
        again = scores[before:]
        assert (again if join == "keyed" else sorted(again)) == list(range(101))


async def test_a_pending_entry_that_is_removed_by_hand_stops_nobody(log_url: str, log: Log) -> None:
    async with streaming(log_url, log) as rig:
        ids = await rig.send(*range(600), key="k")
        gone = log.streams.reader(Partition("wine"), "gone")
        await gone.read(500)
        # More than one look at what is pending sees.
        await rig.redis.xdel(RECORDS, *ids[:450])
        await echo(rig, "keyed")
        await rig.router(rows=4)
        assert numbers(await rig.scores(150)) == list(range(450, 600))
        assert await rig.pending() == 0


async def test_a_batch_of_which_some_were_scored_is_taken_over_as_a_whole(
    log_url: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handling, "_FIRST_WAIT", 0.1)
    async with streaming(log_url, log) as rig:
        seen: list[float] = []

        def says(ash: float) -> tuple[str, float]:
            seen.append(ash)
            if ash == 7 and seen.count(7) < 3:
                raise RuntimeError("not yet")
            return f"{ash:g}", 1.0

        await rig.rig.host("net", says)
        rig.plan(f"{PLAN}\nstream: {{tries: 9}}")
        first = await rig.router(rows=4)
        batch = Batch.from_records("wine", [{"ash": float(n)} for n in range(20)]).to_proto()
        await rig.redis.xadd(RECORDS, {"batch": batch.SerializeToString()})
        await wait_until(lambda: 19.0 in seen, "the others were scored")
        assert not await rig.redis.xlen(SCORES)
        await rig.leave(first)
        await rig.router(rows=4)
        scores = await rig.scores(20)
        assert numbers(scores) == list(range(20))
        assert len({score.id for score in scores}) == 20


async def test_scores_that_a_group_has_not_read_pause_reading_until_they_are_acknowledged(
    log_url: str, log: Log
) -> None:
    async with streaming(log_url, log) as rig:
        await echo(rig, "keyed", "stream: {unread: pause, scores: {length: 40}}")
        await rig.redis.xgroup_create(SCORES, "billing", "0", mkstream=True)
        router = await rig.router(rows=4)
        await rig.send(*range(200), key="k")
        await wait_until(lambda: "has not acknowledged" in paused(router), "it waits for billing")
        billed: list[int] = []
        while len(billed) < 200:
            found = await rig.redis.xreadgroup(
                "billing", "me", {SCORES: ">"}, count=7, block=10_000
            )
            assert found
            entries = found[0][1]
            billed += [int(fields[b"value"]) for _, fields in entries]
            await rig.redis.xack(SCORES, "billing", *[entry_id for entry_id, _ in entries])
            (group,) = await rig.redis.xinfo_groups(SCORES)
            assert group["lag"] < 100
        assert billed == list(range(200))


async def test_the_join_changes_while_records_flow(log_url: str, log: Log) -> None:
    async with streaming(log_url, log) as rig:
        await echo(rig)
        for _ in range(2):
            await rig.router(rows=4)
        sent = 0
        for join in ("keyed", "balanced", "keyed"):
            await rig.send(*range(sent, sent + 100), key="k")
            rig.plan(f"{PLAN}\njoin: {join}")
            sent += 100
        await wait_until(
            lambda: sum(len(router.states()) for router in rig._routers) == 1, "one reads"
        )
        await rig.send(*range(300, 400), key="k")
        found = numbers(await rig.scores(400))
        assert sorted(found) == list(range(400))
        assert [number for number in found if number >= 300] == list(range(300, 400))
        assert await rig.pending() == 0


async def test_a_router_that_has_lost_its_lease_begins_anew_and_says_no_more_than_that(
    log_url: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handling, "_FIRST_WAIT", 5.0)
    seen: list[float] = []

    def says(ash: float) -> tuple[str, float]:
        seen.append(ash)
        if seen == [0]:
            raise RuntimeError("not yet")
        return f"{ash:g}", 1.0

    with capture_logs() as logs:
        async with streaming(log_url, log) as rig:
            await rig.rig.host("net", says)
            rig.plan(f"{PLAN}\njoin: keyed")
            await rig.send(*range(20), key="k")
            router = await rig.router(rows=4)
            await wait_until(lambda: 8 in seen, "others wait for the first")
            await rig.redis.set("hedgerow:{wine}:reader", "another's", px=500)
            await wait_until(lambda: "another router reads" in told(logs), "it hears of that")
            assert numbers(await rig.scores(20)) == list(range(20))
            assert not paused(router)
    assert not [line for line in logs if line["log_level"] == "error"]


def told(logs: Sequence[MutableMapping[str, Any]]) -> str:
    return " ".join(line["event"] for line in logs)


@BOTH
async def test_a_version_changes_while_records_flow(log_url: str, log: Log, join: str) -> None:
    async with streaming(log_url, log) as rig:
        await echo(rig, join)
        (old,) = rig.rig.hosts
        await rig.router(rows=4)
        sending = asyncio.create_task(rig.send(*range(400), key="k"))
        await wait_until(lambda: old.model.asked, "the first version scores")
        rig.rig.know("net", Feature(name="ash"), number=2)
        await rig.rig.host("net", lambda ash: (f"{ash:g}", 1.0))
        await rig.rig.die(old)
        await sending
        await rig.send(400, key="k")
        scores = await rig.scores(401)
        assert numbers(scores, join) == list(range(401))
        assert {score.version for score in scores} == {1, 2}


@BOTH
async def test_answers_of_the_log_that_come_too_late_lose_nothing_and_count_as_no_try(
    log_url: str, redis_url: str, join: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (reading, settling):
        monkeypatch.setattr(module, "BULK", BULK / 50)
    port = int(redis_url.partition("//")[2].partition("/")[0].rpartition(":")[2])
    async with slow_way(port) as way:
        log = Log(f"redis://127.0.0.1:{way.port}/0")
        async with streaming(log_url, log) as rig:
            await echo(rig, join, "stream: {tries: 2}")
            router = await rig.router(rows=4)
            await rig.send(*range(100), key="k")
            way.seconds = 0.3
            await rig.send(*range(100, 200), key="k")
            for _ in range(3):
                await until_told_anew(router)
            way.seconds = 0.0
            scores = await rig.scores(200)
            assert numbers(scores, join) == list(range(200))
            await wait_until(lambda: not paused(router), "it goes on")
        await log.close()


async def until_told_anew(router: RecordStreams) -> None:
    """Wait until a reading fails, or goes on failing."""
    await wait_until(lambda: "no answer within" in paused(router), "it says so")
    await asyncio.sleep(0.3)  # what is tested is that this goes on


@BOTH
async def test_a_clock_that_was_set_back_stops_nobody(log_url: str, log: Log, join: str) -> None:
    async with streaming(log_url, log) as rig:
        await echo(rig, join)
        await rig.router(rows=4)
        now, _ = await rig.redis.time()
        future = (now + 3600) * 1000
        await rig.redis.xadd(RECORDS, {"ash": "0", "key": "k"}, id=f"{future}-0")
        await rig.send(*range(1, 50), key="k")
        scores = await rig.scores(50)
        assert numbers(scores, join) == list(range(50))
        assert all(score.waited.ToMilliseconds() == 0 for score in scores)


@BOTH
@pytest.mark.parametrize(
    ("owner", "name"),
    [(decoding, "_decode"), (batches, "_of_plain"), (batches.RecordBatch, "to_proto")],
)
async def test_a_fault_of_ours_before_a_record_is_scored_costs_no_other_one(
    log_url: str, log: Log, join: str, owner: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handling, "_FIRST_WAIT", 0.01)
    sound = getattr(owner, name)

    def faulty(first: Any, *rest: Any) -> Any:
        found = [first] if isinstance(first, RecordEntry) else getattr(first, "arrivals", first)
        entries = [one if isinstance(one, RecordEntry) else one.entry for one in found]
        if any(b"13" in entry.fields for entry in entries):
            raise ValueError("thirteen")
        return sound(first, *rest)

    monkeypatch.setattr(owner, name, faulty)
    async with streaming(log_url, log) as rig:
        await echo(rig, join)
        await rig.send(*range(50), key="k")
        router = await rig.router()
        scores = await rig.scores(49)
        (letter,) = await rig.letters(1)
        assert await rig.pending() == 0
        assert not paused(router)
    assert numbers(scores, join) == [number for number in range(50) if number != 13]
    assert "hedgerow failed" in letter.message
    assert "thirteen" in letter.message


@BOTH
async def test_a_number_without_end_where_whole_ones_are_wanted_costs_no_other_record(
    log_url: str, log: Log, join: str
) -> None:
    async with streaming(log_url, log) as rig:
        rig.rig.know("net", Feature(name="ash", type=Feature.TYPE_INTEGER))
        await echo(rig, join)
        await rig.send("inf", "-1e400", 1, key="k")
        await rig.router()
        letters = await rig.letters(2)
        (score,) = await rig.scores(1)
    assert score.label == "1"
    assert [letter.cause for letter in letters] == [DeathCause.DEATH_CAUSE_INVALID] * 2, letters
    assert all("'ash'" in letter.message for letter in letters), letters


@BOTH
async def test_a_fault_of_ours_costs_no_record_but_the_one_it_is_about(
    log_url: str, log: Log, join: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handling, "_FIRST_WAIT", 0.01)
    fate = Scores.fate

    def faulty(scores: Scores, row: int, arrival: Arrival, place: int) -> Fate:
        if b"13" in arrival.entry.fields:
            raise ValueError("thirteen")
        return fate(scores, row, arrival, place)

    monkeypatch.setattr(Scores, "fate", faulty)
    with capture_logs() as logs:
        async with streaming(log_url, log) as rig:
            await echo(rig, join)
            await rig.send(*range(50), key="k")
            await rig.router()
            scores = await rig.scores(49)
            (letter,) = await rig.letters(1)
    assert numbers(scores, join) == [number for number in range(50) if number != 13]
    assert "thirteen" in letter.message
    assert any("could not be scored" in line["event"] for line in logs)
