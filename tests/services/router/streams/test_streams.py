"""Streams of records: each record has one score or one dead letter, whatever happens."""

from __future__ import annotations

import asyncio

import pytest

from hedgerow.data.records import Batch
from hedgerow.errors import InvalidRecord
from hedgerow.v1 import records_pb2
from hedgerow.v1.events_pb2 import ModelEvent, ModelPushed
from hedgerow.v1.models_pb2 import Feature, ModelDescriptor, ModelVersion, VersionName
from hedgerow.v1.rules_pb2 import REASON_PREFERRED
from hedgerow.v1.streams_pb2 import DeathCause
from services.common.log import Log
from services.common.log.streams import Partition, Sending, Sent
from services.router.streams import attendant, record_streams
from services.router.streams.flow import handling
from services.router.streams.record_streams import RecordStreams
from services.router.streams.serving.sender import Sender
from services.router.streams.sharing import readers
from services.router.streams.stopping import Stopping
from tests.cluster import on_both
from tests.services.router.streams.stream_rig import RECORDS, StreamRig, streaming
from tests.support import wait_until

PLAN = "models: [{name: net}]\npolicy: {deadline: 10s, timeout: {}}"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is tried again soon."""
    monkeypatch.setattr(handling, "_FIRST_WAIT", 0.01)


async def one_host(rig: StreamRig) -> None:
    """One model, that knows records by their ash."""
    await rig.rig.host("net", lambda ash: (f"label {ash:g}", 0.5))
    rig.plan(PLAN)


@on_both
async def test_records_of_any_redis_client_are_scored_and_told_in_two_ways(
    log_url: str, log: Log
) -> None:
    async with streaming(log_url, log) as rig:
        (early,) = await rig.send(1)
        await one_host(rig)
        await rig.router()
        await rig.scores(1)  # or they may come in another order
        await rig.send(2, id="mine", key="c-4", colour="red")
        await rig.send("", colour="blue")
        first, second = await rig.scores(2)
        assert (first.id, first.label, first.model, first.version) == (
            early.decode(),
            "label 1",
            "net",
            1,
        )
        assert (second.id, second.key, second.label) == ("mine", "c-4", "label 2")
        assert (first.confidence, first.reason, first.tries) == (0.5, REASON_PREFERRED, 1)
        assert list(first.agreed) == ["net"]
        assert 0 <= first.waited.ToMilliseconds() <= first.elapsed.ToMilliseconds() < 20_000
        (_, fields), *_ = await rig.redis.xrange("hedgerow:{wine}:scores")
        told = {name: value for name, value in fields.items() if name != b"score"}
        assert told.pop(b"waited_ms").isdigit()
        assert float(told.pop(b"elapsed_ms")) > 0
        assert told == {
            b"id": early,
            b"value": b"label 1",
            b"confidence": b"0.5",
            b"model": b"net",
            b"version": b"1",
            b"reason": b"preferred",
        }
        (letter,) = await rig.letters(1)
        assert "feature 'ash'" in letter.message
        assert await rig.pending() == 0


async def test_a_batch_has_a_score_for_each_of_its_records(log_url: str, log: Log) -> None:
    async with streaming(log_url, log) as rig:
        await one_host(rig)
        await rig.router()
        batch = Batch.from_records("wine", [{"ash": n, "colour": "red"} for n in (1.0, 2.0, 3.0)])
        message = batch.to_proto()
        one = await rig.redis.xadd(RECORDS, {"batch": message.SerializeToString()})
        two = await rig.redis.xadd(RECORDS, {"batch": message.SerializeToString(), "id": "b"})
        message.ids.extend(["x", "y", "z"])
        message.keys.extend(["k", "", "l"])
        await rig.redis.xadd(RECORDS, {"batch": message.SerializeToString()})
        scores = await rig.scores(9)
        assert [score.label for score in scores] == ["label 1", "label 2", "label 3"] * 3
        assert [score.id for score in scores[:3]] == [f"{one.decode()}/{n}" for n in range(3)]
        assert [score.id for score in scores[3:]] == ["b/0", "b/1", "b/2", "x", "y", "z"]
        assert [score.key for score in scores[5:]] == ["", "k", "", "l"]
        assert two > one


async def test_what_makes_no_sense_is_a_dead_letter_and_no_hindrance_for_what_does(
    log_url: str, log: Log
) -> None:
    async with streaming(log_url, log) as rig:
        await rig.send(1, "many")
        other = Batch.from_records("beer", [{"ash": 1.0}]).to_proto()
        await rig.redis.xadd(RECORDS, {"batch": b"\xff\xff"})
        await rig.redis.xadd(RECORDS, {"batch": other.SerializeToString()})
        await rig.redis.xadd(RECORDS, {"ash": "1", "id": "x" * 257})
        await rig.redis.xadd(RECORDS, {"colour": "red"})
        await rig.send(2, "inf", 3)
        await one_host(rig)
        await rig.router()
        assert [score.label for score in await rig.scores(3)] == ["label 1", "label 2", "label 3"]
        letters = await rig.letters(6)
        assert {letter.cause for letter in letters} == {DeathCause.DEATH_CAUSE_INVALID}
        said = " | ".join(sorted(letter.message for letter in letters))
        for word in (
            "'many'",
            "hedgerow.v1.Batch",
            "'beer'",
            "257 bytes",
            "is missing",
            "infinite",
        ):
            assert word in said
        (plain,) = [letter for letter in letters if "many" in letter.message]
        assert dict(plain.plain.fields) == {"ash": "many"}


async def test_records_wait_for_a_model_that_loads_and_die_if_there_is_none_to_hope_for(
    log_url: str, log: Log
) -> None:
    async with streaming(log_url, log) as rig:
        rig.rig.know("net", Feature(name="ash"))
        rig.plan(PLAN)
        router = await rig.router()
        await rig.send(1)
        await wait_until(lambda: "NO_HOST" in hindrance(router), "it says what it waits for")
        host = await rig.rig.host("net", "x")
        await rig.scores(1)
        assert not hindrance(router)
        await rig.rig.die(host)
        retired = ModelEvent(retired=VersionName(name="net", version=1))
        rig.rig._catalog.apply("wine", retired)
        rig.rig._changed()
        await rig.send(2)
        (letter,) = await rig.letters(1)
        assert letter.cause == DeathCause.DEATH_CAUSE_NO_MODEL


def hindrance(router: RecordStreams) -> str:
    return " ".join(state.paused for state in router.states())


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("tries", [2, 3, 5])
async def test_a_record_that_no_model_can_score_dies_after_its_tries_and_no_other_with_it(
    log_url: str, log: Log, tries: int
) -> None:
    asked: list[float] = []

    def says(ash: float) -> tuple[str, float]:
        asked.append(ash)
        if ash == 13:
            raise RuntimeError("thirteen")
        return "x", 1.0

    async with streaming(log_url, log) as rig:
        await rig.rig.host("net", says)
        rig.plan(f"{PLAN}\nstream: {{tries: {tries}}}")
        await rig.send(*range(40))
        await rig.router()
        assert len(await rig.scores(39)) == 39
        (letter,) = await rig.letters(1)
        assert (letter.cause, letter.tries) == (DeathCause.DEATH_CAUSE_TRIES, tries)
        assert f"tried {tries} times" in letter.message
        assert "thirteen" in letter.message
        assert asked.count(13) == tries
        assert await rig.pending() == 0


async def test_what_a_router_left_behind_is_taken_over_and_scored_once(
    log_url: str, log: Log
) -> None:
    async with streaming(log_url, log) as rig:
        await one_host(rig)
        await rig.send(*range(10))
        gone = log.streams.reader(Partition("wine"), "gone")
        assert len((await gone.read(10)).entries) == 10
        await rig.router()
        scores = await rig.scores(10)
        assert {score.tries for score in scores} == {2}


async def test_a_router_that_stops_finishes_what_it_has(log_url: str, log: Log) -> None:
    async with streaming(log_url, log) as rig:
        await one_host(rig)
        router = await rig.router(rows=4)
        sending = asyncio.create_task(rig.send(*range(50)))
        await wait_until(lambda: router.states()[0].scored, "it scores")
        await rig.leave(router)
        await sending
        assert await rig.pending() == 0
        assert not await rig.redis.xinfo_consumers(RECORDS, "router")
        done = await rig.redis.xlen("hedgerow:{wine}:scores")
        await rig.router()
        assert done <= 50
        await rig.scores(50)


async def test_one_id_is_scored_once_within_the_window(log_url: str, log: Log) -> None:
    async with streaming(log_url, log) as rig:
        await one_host(rig)
        await rig.router()
        await rig.send(1, 1, id="a")
        await rig.send(2, id="b")
        await rig.send(3)
        scores = await rig.scores(3)
        assert [score.label for score in scores] == ["label 1", "label 2", "label 3"]


async def test_records_that_waited_too_long_are_marked_and_scored(log_url: str, log: Log) -> None:
    async with streaming(log_url, log) as rig:
        await rig.send(1)
        await rig.rig.host("net", "x")
        rig.plan(f"{PLAN}\nstream: {{max_age: 1ms}}")
        await rig.router()
        (late,) = await rig.scores(1)
        assert late.overdue
        assert late.label == "x"


@on_both
async def test_several_routers_share_a_stream_and_score_each_record_once(
    log_url: str, log: Log
) -> None:
    async with streaming(log_url, log) as rig:
        await one_host(rig)
        one, two = await rig.router(rows=8), await rig.router(rows=8)
        await rig.send(*range(300))
        scores = await rig.scores(300)
        assert sorted(score.label for score in scores) == sorted(f"label {n}" for n in range(300))
        by = [sum(state.scored for state in router.states()) for router in (one, two)]
        assert min(by) > 0
        assert sum(by) == 300
        (state,) = await one.look("wine")
        assert (state.waiting, state.in_flight) == (0, 0)
        assert list(state.readers) == ["router-0", "router-1"]
        consumers = [found["name"] for found in await rig.redis.xinfo_consumers(RECORDS, "router")]
        assert sorted(consumers) == [b"router-0/consumer-0", b"router-1/consumer-1"]


@on_both
async def test_keyed_records_are_settled_in_their_order_by_one_router_at_a_time(
    log_url: str, log: Log
) -> None:
    async with streaming(log_url, log) as rig:
        await rig.rig.host("net", lambda ash: (f"{ash:g}", 1.0))
        rig.plan(f"{PLAN}\njoin: keyed")
        one, two = await rig.router(rows=4), await rig.router(rows=4)
        home = readers("wine", 1, ["router-0", "router-1"], is_alone=True)

        async def only_one_reads() -> bool:
            (state,) = await one.look("wine")
            return list(state.readers) == home and len(one.states() + two.states()) == 1

        await wait_until(only_one_reads, "the one that it belongs to reads it")
        await rig.send(*range(100), key="k")
        await rig.scores(100)
        by = [sum(state.scored for state in router.states()) for router in (one, two)]
        assert sorted(by) == [0, 100]
        first, second = (one, two) if by[0] else (two, one)
        sending = asyncio.create_task(rig.send(*range(100, 400), key="k"))
        await rig.leave(first)
        await sending
        scores = await rig.scores(400)
        assert [score.label for score in scores] == [str(n) for n in range(400)]
        assert sum(state.scored for state in second.states()) > 0


async def test_keyed_records_are_scored_in_their_order_in_however_many_pieces(
    log_url: str, log: Log
) -> None:
    async with streaming(log_url, log) as rig:
        rig.rig.know("net", Feature(name="ash"), Feature(name="hue"))
        host = await rig.rig.host("net", lambda ash: (f"{ash:g}", 1.0))
        rig.plan(f"{PLAN}\njoin: keyed")
        for number in range(300):
            if number % 3:
                await rig.send(number, key="k", hue="1")
            else:  # another layout ends a piece
                batch = Batch.from_records("wine", [{"hue": 1.0, "ash": number}])
                data = batch.to_proto().SerializeToString()
                await rig.redis.xadd(RECORDS, {"batch": data, "key": "k"})
        await rig.router()
        await rig.scores(300)
        assert host.model.asked == list(range(300))


@on_both
async def test_partitions_are_added_while_records_flow_and_keep_the_order_of_each_key(
    log_url: str, log: Log
) -> None:
    async with streaming(log_url, log) as rig:
        await rig.rig.host("net", lambda ash: (f"{ash:g}", 1.0))
        rig.plan(f"{PLAN}\njoin: keyed")
        sending = log.streams.sending("wine", 10**6)

        async def send(first: int, last: int) -> None:
            for number in range(first, last):
                await sending.partitions()
                key = f"k{number % 7}"
                await until_sent(sending, key, ("ash", str(number), "key", key))

        await send(0, 50)
        await rig.router(rows=4)
        rig.plan(f"{PLAN}\njoin: keyed\nstream: {{partitions: 2}}")
        await send(50, 100)
        await until_there_are(rig, b"2")
        await send(100, 150)
        rig.plan(f"{PLAN}\njoin: keyed\nstream: {{partitions: 8}}")
        await send(150, 200)
        await until_there_are(rig, b"8")
        await send(200, 300)

        async def all_scored() -> bool:
            return len(await everything(rig)) == 300

        await wait_until(all_scored, "all are scored", 30)
        by_key: dict[str, list[tuple[bytes, int]]] = {}
        for entry_id, key, number in await everything(rig):
            by_key.setdefault(key, []).append((entry_id, number))
        for numbers in by_key.values():
            assert [number for _, number in sorted(numbers, key=by_time)] == sorted(
                number for _, number in numbers
            )
        assert await rig.redis.xlen("hedgerow:{wine/7}:scores") > 0


async def until_there_are(rig: StreamRig, partitions: bytes) -> None:
    async def told() -> bool:
        found: bytes | None = await rig.redis.hget("hedgerow:{wine}:stream", "partitions")
        return found == partitions

    await wait_until(told, "there are more partitions")


async def test_a_log_that_was_emptied_hears_again_how_many_partitions_there_are(
    log_url: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_streams, "_LOOK_SECONDS", 0.1)
    async with streaming(log_url, log) as rig:
        await one_host(rig)
        rig.plan(f"{PLAN}\njoin: keyed\nstream: {{partitions: 2}}")
        await rig.router()
        await rig.send(1, stream="hedgerow:{wine/1}:records")
        await rig.scores(1, stream="hedgerow:{wine/1}:scores")
        await rig.redis.flushall()

        async def is_told() -> bool:
            return bool(await rig.redis.hget("hedgerow:{wine}:stream", "partitions") == b"2")

        await wait_until(is_told, "producers can look it up")
        await rig.send(2, stream="hedgerow:{wine/1}:records")
        (score,) = await rig.scores(1, stream="hedgerow:{wine/1}:scores")
        assert score.label == "label 2"


def by_time(item: tuple[bytes, int]) -> tuple[int, ...]:
    return tuple(int(part) for part in item[0].split(b"-"))


async def until_sent(sending: Sending, key: str, fields: tuple[str, ...]) -> None:
    while True:
        await sending.partitions()
        sent, _ = await sending.append(sending.choose(key), fields)
        if sent is Sent.DONE:
            return


async def everything(rig: StreamRig) -> list[tuple[bytes, str, int]]:
    found = []
    for tag in ("wine", *(f"wine/{n}" for n in range(8))):
        for entry_id, fields in await rig.redis.xrange(f"hedgerow:{{{tag}}}:scores"):
            found.append((entry_id, fields[b"key"].decode(), int(fields[b"value"])))
    return found


async def test_a_group_that_keeps_more_scores_than_the_plan_says_is_told_of(
    log_url: str, log: Log
) -> None:
    async with streaming(log_url, log) as rig:
        await rig.rig.host("net", "x")
        rig.plan(f"{PLAN}\nstream: {{scores: {{length: 3}}}}")
        await rig.redis.xgroup_create("hedgerow:{wine}:scores", "billing", "0", mkstream=True)
        router = await rig.router()
        await rig.send(*range(10))
        await wait_until(lambda: "7 more scores" in remark(router), "it is told")
        assert not hindrance(router)
        found = await rig.redis.xreadgroup("billing", "me", {"hedgerow:{wine}:scores": ">"})
        await rig.redis.xack("hedgerow:{wine}:scores", "billing", *(e for e, _ in found[0][1]))
        await rig.send(1)
        await wait_until(lambda: not remark(router), "it is over")


def remark(router: RecordStreams) -> str:
    return " ".join(state.remark for state in router.states())


async def test_what_comes_after_a_quiet_time_is_seen_although_nothing_can_score_it(
    log_url: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendant, "_SHORTEST", 0.05)
    async with streaming(log_url, log) as rig:
        await rig.rig.host("net", "x", held=True)
        rig.plan(PLAN)
        router = await rig.router()
        await asyncio.sleep(3.5)  # the next look is nearly three seconds away
        await rig.send(1, 2, 3)

        def are_seen() -> bool:
            return sum(state.waiting + state.in_flight for state in router.states()) == 3

        await wait_until(are_seen, "they are seen", 2)


async def test_no_more_is_read_than_is_on_its_way_however_large_entries_are(
    log_url: str, log: Log
) -> None:
    async with streaming(log_url, log) as rig:
        host = await rig.rig.host("net", "x", held=True)
        rig.plan(PLAN)
        batch = Batch.from_records("wine", [{"ash": 1.0}] * 300).to_proto().SerializeToString()
        for _ in range(20):
            await rig.redis.xadd(RECORDS, {"batch": batch})
        await rig.router()
        await wait_until(lambda: rig.rig.core.in_flight == 2, "two batches are on their way")
        assert await rig.pending() == 2
        host.release()
        await rig.scores(6000)


async def test_no_more_records_wait_to_be_tried_again_than_a_few_batches_however_large_entries_are(
    log_url: str, log: Log
) -> None:
    def says(_: float) -> tuple[str, float]:
        raise RuntimeError("it always fails")

    async with streaming(log_url, log) as rig:
        await rig.rig.host("net", says)
        rig.plan(PLAN)
        batch = Batch.from_records("wine", [{"ash": 1.0}] * 8).to_proto().SerializeToString()
        for _ in range(100):
            await rig.redis.xadd(RECORDS, {"batch": batch})
        router = await rig.router(rows=8)
        await wait_until(
            lambda: "have failed and are tried again" in hindrance(router), "it says so"
        )
        assert await rig.pending() <= 10


async def test_an_entry_that_says_it_has_billions_of_records_dies_and_takes_no_router_along(
    log_url: str, log: Log
) -> None:
    async with streaming(log_url, log) as rig:
        await one_host(rig)
        huge = records_pb2.Batch(rows=2**32 - 1).SerializeToString()
        await rig.redis.xadd(RECORDS, {"batch": huge, "id": "huge", "key": "k"})
        await rig.send(1)
        await rig.router()
        await rig.scores(1)
        (letter,) = await rig.letters(1)
        assert "4294967295 records; send at most 16384" in letter.message
        sender = Sender(log.streams, rig.rig._catalog, 100, Stopping())
        with pytest.raises(InvalidRecord, match="at most 16384"):
            await sender.send(records_pb2.Batch(data_type="wine", rows=2**32 - 1), None)


async def test_of_many_data_types_only_those_that_changed_are_looked_at_again(
    redis_url: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with streaming(redis_url, log) as rig:
        await one_host(rig)
        for data_type in ("ale", "beer", "cider"):
            descriptor = ModelDescriptor(data_type=data_type, name="net")
            pushed = ModelPushed(model=ModelVersion(descriptor=descriptor, version=1))
            rig.rig._catalog.apply(data_type, ModelEvent(pushed=pushed))
        router = await rig.router()
        await wait_until(lambda: len(router.states()) == 4, "all are read")
        looked: list[str] = []
        shares = router._shares

        def look(data_type: str) -> dict[Partition, list[str]]:
            looked.append(data_type)
            return shares(data_type)

        monkeypatch.setattr(router, "_shares", look)
        router.changed(("beer",))
        router.changed(("gone",))
        await wait_until(lambda: looked, "it was looked at")
        assert looked == ["beer"]
        router.changed()
        await wait_until(lambda: len(looked) > 1, "all were looked at")
        assert looked == ["beer", "ale", "beer", "cider", "wine"]
