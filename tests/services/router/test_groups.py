"""Hosts that run several models of a plan: one frame carries a task to all of them."""

from __future__ import annotations

import asyncio

from tests.services.decisions import labels, reasons, states
from tests.services.router.in_process_host import InProcessHost
from tests.services.router.rig import ALL, Rig, rigged
from tests.support import wait_until

THREE = "models: [{name: a}, {name: b}, {name: c}]\n"


def shares(host: InProcessHost) -> list[tuple[int, list[int]]]:
    """Return for how many tasks at a time a host was asked, and of which models."""
    requests = host.inbox.requests
    return [(share.tasks, list(share.models)) for request in requests for share in request.shares]


async def test_one_frame_and_one_report_bring_what_all_of_them_say(log_url: str) -> None:
    async with rigged(log_url) as rig:
        host = await rig.group(a="x", b="x", c="y")
        rig.plan(THREE + ALL)
        decision = await rig.score(1.0, 2.0)
        assert states(decision) == {"a": "ANSWERED", "b": "ANSWERED", "c": "ANSWERED"}
        assert labels(decision) == ["x", "x"]
        assert shares(host) == [(1, [0, 1, 2])]
        assert [model.asked for model in host.models] == [[1.0, 2.0]] * 3
        await rig.is_empty()
        work = {work.name: work for work in rig.core.work.to_protos()}
        assert work.keys() == {"a", "b", "c"}


async def test_models_go_together_where_they_can(log_url: str) -> None:
    """Of two hosts with all of them each task has one, and no model is asked for twice."""
    async with rigged(log_url) as rig:
        await rig.executor()
        hosts = [await rig.group(a="x", b="x", c="x", at=at) for at in (0, 1)]
        rig.plan(THREE + ALL)
        for _ in range(20):
            await rig.score(1.0)
        asked = [models for host in hosts for _, models in shares(host)]
        assert asked == [[0, 1, 2]] * 20


async def test_a_model_with_a_host_of_its_own_is_asked_there(log_url: str) -> None:
    async with rigged(log_url) as rig:
        group = await rig.group(a="x", b="x")
        alone = await rig.host("c", "x")
        rig.plan(THREE + ALL)
        assert labels(await rig.score(1.0)) == ["x"]
        assert shares(group) == [(1, [0, 1])]
        assert not shares(alone)


async def test_what_starts_later_is_another_frame(log_url: str) -> None:
    async with rigged(log_url) as rig:
        host = await rig.group(a="x", b="y", c="x")
        rig.plan(
            "models: [{name: a}, {name: b}, {name: c, start: on_doubt}]\n"
            "policy: {deadline: 20s, consensus: {quorum: 2}}"
        )
        decision = await rig.score(1.0)
        assert labels(decision) == ["x"]
        assert reasons(decision) == ["CONSENSUS"]
        assert shares(host) == [(1, [0, 1]), (1, [2])]
        await rig.is_empty()


async def test_a_shadow_goes_with_the_others_and_is_not_cancelled_with_them(log_url: str) -> None:
    async with rigged(log_url) as rig:
        host = await rig.group(held=True, a="x", b="x")
        other = await rig.host("c", "x")
        rig.plan(
            "models: [{name: a}, {name: b, shadow: true}, {name: c}]\n"
            "policy: {deadline: 20s, quality: {good_enough: 0}}"
        )
        decision = await rig.score(1.0)
        assert labels(decision) == ["x"]
        assert other.model.asked == [1.0]

        def spared() -> bool:
            waiting = list(host.inbox._waiting)
            return bool(waiting) and [waiting[0].wants(model) for model in (0, 1)] == [False, True]

        await wait_until(spared, "the voter is cancelled, the shadow is not")
        host.release()
        await wait_until(lambda: host.models[1].asked, "the shadow has scored it")
        assert host.models[0].asked == []
        await rig.is_empty()


async def test_all_of_a_task_is_cancelled_in_one_word(log_url: str) -> None:
    async with rigged(log_url) as rig:
        host = await rig.group(held=True, a="x", b="x")
        await rig.host("c", "x")
        rig.plan(THREE + "policy: {deadline: 20s, quality: {good_enough: 0}}")
        await rig.score(1.0)
        await wait_until(
            lambda: any(request.cancelled for request in host.inbox.requests), "it is told"
        )
        assert not any(request.cancelled_models for request in host.inbox.requests)


async def test_what_a_group_had_another_host_scores(log_url: str) -> None:
    async with rigged(log_url) as rig:
        await rig.executor()
        hosts = [await rig.group(held=True, a="x", b="x", c="x", at=at) for at in (0, 1)]
        rig.plan(THREE + ALL)
        task = asyncio.create_task(rig.score(1.0))
        await wait_until(lambda: any(host.servicer.waiting for host in hosts), "one has it")
        dying, other = sorted(hosts, key=lambda host: not host.servicer.waiting)
        await rig.die(dying)
        other.release()
        decision = await task
        assert labels(decision) == ["x"]
        assert set(states(decision).values()) == {"ANSWERED"}
        await rig.is_empty()


async def test_without_another_host_each_model_is_told_to_have_died(log_url: str) -> None:
    async with rigged(log_url) as rig:
        host = await rig.group(held=True, a="x", b="x")
        await rig.host("c", "y")
        rig.plan(THREE + ALL)
        task = asyncio.create_task(rig.score(1.0))
        await wait_until(lambda: host.servicer.waiting, "it has it")
        await rig.die(host)
        decision = await task
        assert states(decision) == {"a": "FAILED", "b": "FAILED", "c": "ANSWERED"}
        assert [model.failure for model in decision.models][:2] == [
            "the host of a@1 died",
            "the host of b@1 died",
        ]
        await rig.is_empty()


async def test_a_version_that_leaves_its_host_is_scored_elsewhere_and_the_others_stay(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        group = await rig.group(a="x", b="x")
        alone = await rig.host("b", "y")
        rig.plan("models: [{name: a}, {name: b}]\n" + ALL)
        await rig.leave(group, "b")
        decision = await rig.score(1.0)
        assert set(states(decision).values()) == {"ANSWERED"}
        assert shares(group) == [(1, [0])]
        assert alone.model.asked == [1.0]
        await back(rig, group)
        assert shares(group) == [(1, [0]), (1, [0, 1])]


async def back(rig: Rig, group: InProcessHost) -> None:
    """Have all versions of a host be announced again, and its own one for the second be gone."""
    group.left.clear()
    (alone,) = [host for host in rig.hosts if host is not group]
    await rig.die(alone)
    await wait_until(lambda: rig.known_in(group) == {"a", "b"}, "the router knows")
    decision = await rig.score(1.0)
    assert set(states(decision).values()) == {"ANSWERED"}


async def test_a_model_that_a_replica_answered_for_is_cancelled_alone(log_url: str) -> None:
    async with rigged(log_url) as rig:
        await rig.executor()
        slow = await rig.group(held=True, a="x", b="x")
        rig.plan("models: [{name: a}, {name: b}]\nreplica_hedge: 2s\n" + ALL)
        task = asyncio.create_task(rig.score(1.0))
        await wait_until(lambda: slow.servicer.waiting, "it has it")
        await rig.host("a", "x", at=1)

        def spared() -> bool:
            waiting = slow.inbox._waiting[0]
            return [waiting.wants(model) for model in (0, 1)] == [False, True]

        await wait_until(spared, "what the replica has answered is not needed any more")
        slow.release()
        decision = await task
        assert set(states(decision).values()) == {"ANSWERED"}
        assert [model.asked for model in slow.models] == [[], [1.0]]
        await rig.is_empty()


async def test_records_of_a_key_go_to_one_executor_for_all_models(log_url: str) -> None:
    async with rigged(log_url) as rig:
        await rig.executor()
        groups = [await rig.group(a="x", b="x", at=at) for at in (0, 1)]
        rig.plan("models: [{name: a}, {name: b}]\njoin: keyed\n" + ALL)
        keys = [f"key-{number}" for number in range(8)]
        for key in keys:
            for _ in range(3):
                await rig.score(float(keys.index(key)), keys=[key])
        asked = [[set(model.asked) for model in group.models] for group in groups]
        assert asked[0][0] == asked[0][1]
        assert asked[1][0] == asked[1][1]
        assert asked[0][0].isdisjoint(asked[1][0])
        assert asked[0][0] | asked[1][0] == {float(number) for number in range(8)}
