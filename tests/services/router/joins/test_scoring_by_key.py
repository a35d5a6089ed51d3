"""The keyed join between real hosts and collectors: a key stays where it is, and answers are in order."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hedgerow.data.answers import Answers
from hedgerow.errors import InvalidRecord, NoAnswer
from tests.services.decisions import labels, states
from tests.services.router.in_process_host import InProcessHost
from tests.services.router.rig import ALL, Rig, rigged
from tests.support import wait_until

KEYS = [f"c-{number}" for number in range(40)]
VALUES = [float(number) for number in range(40)]
"""Record n has key n."""


def echo(value: float) -> tuple[str, float]:
    return f"{value:g}", 1.0


async def on_executors(rig: Rig, count: int, *models: str) -> dict[str, list[InProcessHost]]:
    """Start a host of each model on each of some executors."""
    for _ in range(count - 1):
        await rig.executor()
    return {model: [await rig.host(model, echo, at=at) for at in range(count)] for model in models}


def asked(hosts: list[InProcessHost]) -> list[list[float]]:
    """What each host was asked since this was called last, sorted."""
    found = [sorted(host.model.asked) for host in hosts]
    for host in hosts:
        host.model.asked.clear()
    return found


async def test_a_key_is_scored_on_one_executor_by_all_models_and_answers_are_in_order(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        hosts = await on_executors(rig, 3, "a", "b")
        rig.plan("models: [{name: a}, {name: b}]\njoin: keyed\n" + ALL)
        decision = await rig.score(*VALUES, keys=KEYS)
        assert labels(decision) == [f"{value:g}" for value in VALUES]
        assert states(decision) == {"a": "ANSWERED", "b": "ANSWERED"}
        assert [model.records for model in decision.models] == [40, 40]
        first = asked(hosts["a"])
        assert all(first)
        assert asked(hosts["b"]) == first
        # One by one, in other batches and beside others they go there too.
        await asyncio.gather(*(rig.score(v, keys=[k]) for v, k in zip(VALUES, KEYS, strict=True)))
        assert asked(hosts["a"]) == first
        await rig.score(*VALUES[::-1], keys=KEYS[::-1])
        assert asked(hosts["a"]) == first

        # When a host dies its keys alone move, and come back with the one that replaces it.
        dying = hosts["a"][0]
        await rig.die(dying)
        decision = await rig.score(*VALUES, keys=KEYS)
        assert labels(decision) == [f"{value:g}" for value in VALUES]
        second = asked(hosts["a"][1:])
        assert all(set(now) > set(was) for now, was in zip(second, first[1:], strict=True))
        replacement = await rig.host("a", echo, at=0)
        await rig.score(*VALUES, keys=KEYS)
        assert asked([replacement, *hosts["a"][1:]]) == first
        await rig.is_empty()


async def test_records_without_a_key_go_anywhere_and_keys_mean_nothing_where_hosts_are_balanced(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        hosts = (await on_executors(rig, 2, "a"))["a"]
        for host in hosts:
            await host.hold()
        for plan, keys in (("join: keyed\n", [""] * 40), ("join: balanced\n", KEYS), ("", KEYS)):
            rig.plan("models: [{name: a}]\n" + plan + ALL)
            scoring = asyncio.create_task(rig.score(*VALUES, keys=keys))
            await wait_until(lambda: any(h.servicer.waiting for h in hosts), "a host has it")
            (task,) = rig.core.open_tasks()  # it is not split, and what travels has no keys
            assert (task.rows, list(task.batch.keys)) == (40, [])
            for host in hosts:
                host.release()
            assert len(labels(await scoring)) == 40
            for host in hosts:
                await host.hold()
        await rig.is_empty()


async def test_what_travels_to_hosts_has_no_keys(log_url: str) -> None:
    async with rigged(log_url) as rig:
        hosts = (await on_executors(rig, 2, "a"))["a"]
        for host in hosts:
            await host.hold()
        rig.plan("models: [{name: a}]\njoin: keyed\n" + ALL)
        scoring = asyncio.create_task(rig.score(*VALUES, keys=KEYS))
        await wait_until(lambda: all(h.servicer.waiting for h in hosts), "both have a part")
        assert sum(task.rows for task in rig.core.open_tasks()) == 40
        assert not any(task.batch.keys or b"c-1" in task.encoded for task in rig.core.open_tasks())
        for host in hosts:
            host.release()
        await scoring
        await rig.is_empty()


async def test_a_hedge_goes_to_the_second_host_of_a_key_and_so_does_what_a_host_had_that_dies(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        hosts = (await on_executors(rig, 3, "a"))["a"]
        rig.plan("models: [{name: a}]\njoin: keyed\n" + ALL)
        order: list[InProcessHost] = []
        for _ in range(2):  # the first, then the second of the key
            await rig.score(1.0, keys=["c-17"])
            order += [host for host in hosts if host.model.asked and host not in order]
            if len(order) < 2:
                await rig.die(order[0])
        first = await rig.host("a", echo, at=hosts.index(order[0]))
        second = order[1]
        for host in (first, second):
            await host.hold()
        rig.plan("models: [{name: a}]\njoin: keyed\nreplica_hedge: 10ms\n" + ALL)
        hedged = asyncio.create_task(rig.score(1.0, keys=["c-17"]))
        await wait_until(lambda: second.servicer.waiting == 1, "the second has it too")
        assert first.servicer.waiting == 1
        second.release()
        assert labels(await hedged) == ["1"]
        await second.hold()

        rig.plan("models: [{name: a}]\njoin: keyed\n" + ALL)
        lost = asyncio.create_task(rig.score(2.0, keys=["c-17"]))
        await wait_until(lambda: len(rig.core.open_tasks()) == 1, "it is on its way")
        await wait_until(lambda: first.servicer.waiting >= 1, "the first has it")
        await rig.die(first)
        await wait_until(lambda: second.servicer.waiting == 1, "the second has it")
        second.release()
        assert labels(await lost) == ["2"]
        await rig.is_empty()


async def test_what_a_host_had_that_dies_goes_to_where_each_of_its_keys_belongs_now(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        hosts = (await on_executors(rig, 3, "a"))["a"]
        rig.plan("models: [{name: a}]\njoin: keyed\n" + ALL)
        await rig.score(*VALUES, keys=KEYS)
        before = asked(hosts)
        await hosts[0].hold()
        scoring = asyncio.create_task(rig.score(*VALUES, keys=KEYS))
        await wait_until(lambda: hosts[0].servicer.waiting, "the first has its part")
        await rig.die(hosts[0])
        assert labels(await scoring) == [f"{value:g}" for value in VALUES]
        after = asked(hosts[1:])
        await rig.score(*VALUES, keys=KEYS)
        assert asked(hosts[1:]) == after
        assert all(set(now) > set(was) for now, was in zip(after, before[1:], strict=True))
        await rig.is_empty()


async def test_a_model_that_starts_on_doubt_is_on_the_executor_of_the_key(log_url: str) -> None:
    async with rigged(log_url) as rig:
        await rig.executor()
        a = [await rig.host("a", lambda value: ("x", 0.5), at=at) for at in range(2)]
        b = [await rig.host("b", echo, at=at) for at in range(2)]
        rig.plan(
            "models: [{name: a}, {name: b, start: on_doubt}]\njoin: keyed\n"
            "policy: {deadline: 20s, quality: {by: confidence, good_enough: 0.9}}"
        )
        decision = await rig.score(*VALUES, keys=KEYS)
        assert labels(decision) == [f"{value:g}" for value in VALUES]
        assert asked(b) == (at_a := asked(a))
        assert all(at_a)
        await rig.is_empty()


async def test_parts_are_opened_again_when_their_collector_is_lost(log_url: str) -> None:
    async with rigged(log_url) as rig:
        hosts = (await on_executors(rig, 2, "a"))["a"]
        rig.plan("models: [{name: a}]\njoin: keyed\n" + ALL)
        await rig.score(*VALUES, keys=KEYS)
        before = asked(hosts)
        for host in hosts:
            await host.hold()
        scoring = asyncio.create_task(rig.score(*VALUES, keys=KEYS))
        await wait_until(lambda: all(h.servicer.waiting for h in hosts), "both have a part")
        await rig.collector()
        await rig.lose_collector()
        await wait_until(lambda: all(h.servicer.waiting > 1 for h in hosts), "they have it again")
        for host in hosts:
            host.release()
        assert labels(await scoring) == [f"{value:g}" for value in VALUES]
        assert [sorted(set(values)) for values in asked(hosts)] == before
        await rig.is_empty()


async def test_a_part_without_an_answer_leaves_the_others_theirs(log_url: str) -> None:
    async with rigged(log_url) as rig:
        hosts = (await on_executors(rig, 2, "a"))["a"]
        rig.plan("models: [{name: a}]\njoin: keyed\npolicy: {deadline: 20s, timeout: {}}")
        await rig.score(*VALUES, keys=KEYS)
        away = set(asked(hosts)[0])
        await hosts[0].hold()
        short = timedelta(milliseconds=300)
        answers = Answers(await rig.score(*VALUES, keys=KEYS, deadline=short, explain=True))
        assert answers.values == [None if v in away else f"{v:g}" for v in VALUES]
        (model,) = answers.models
        assert (model.state, model.records) == ("late", 40 - len(away))
        assert [model.said(n)[0] for n in range(40)] == answers.values
        await hosts[1].hold()
        with pytest.raises(NoAnswer, match="no model answered in time: a@1 LATE") as refusal:
            await rig.score(*VALUES, keys=KEYS, deadline=short)
        assert refusal.value.decision is not None
        assert len(refusal.value.decision.reasons) == 40
        for host in hosts:
            host.release()
        await rig.is_empty()


async def test_a_caller_that_leaves_leaves_no_part_behind(log_url: str) -> None:
    async with rigged(log_url) as rig:
        hosts = (await on_executors(rig, 2, "a"))["a"]
        for host in hosts:
            await host.hold()
        rig.plan("models: [{name: a}]\njoin: keyed\n" + ALL)
        scoring = asyncio.create_task(rig.score(*VALUES, keys=KEYS))
        await wait_until(lambda: all(h.servicer.waiting for h in hosts), "both have a part")
        scoring.cancel()
        await asyncio.gather(scoring, return_exceptions=True)
        assert rig.core.in_flight == 0
        await wait_until(lambda: sum(h.cancelled for h in hosts) == 2, "hosts are told")
        for host in hosts:
            host.release()
        await rig.is_empty()


async def test_keys_and_ids_that_cannot_be_are_refused(log_url: str) -> None:
    async with rigged(log_url) as rig:
        await rig.host("a", echo)
        for join in ("keyed", "balanced"):
            rig.plan(f"models: [{{name: a}}]\njoin: {join}\n{ALL}")
            with pytest.raises(InvalidRecord, match="there are 1 keys for 2 records; give one a"):
                await rig.score(1.0, 2.0, keys=["c"])
            with pytest.raises(InvalidRecord, match="record 2 of 2: its key has 1026 bytes; give"):
                await rig.score(1.0, 2.0, keys=["c" * 1024, "\u00e4" * 513])
        assert rig.core.in_flight == 0
