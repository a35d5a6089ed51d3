"""The registry and its log: restarts, outages, several registries."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import time
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from redis import Redis

from hedgerow.local.valkey import Valkey
from hedgerow.v1.registry_pb2 import ApplyPlanRequest
from services.common.log import Log
from services.common.log.keys import SINGLE
from services.common.service import Lifecycle
from services.common.telemetry import Tracing
from services.registry.server import Registry
from services.registry.settings import RegistrySettings
from tests.services.registry.harness import Client, described, plan_of, registry
from tests.support import wait_until

LARGE = os.urandom(1 << 20) * 3


async def test_a_registry_that_is_started_again_has_everything(settings: RegistrySettings) -> None:
    async with registry(settings) as client:
        await client.push(described("tree"), b"1")
        await client.push(described("tree"), LARGE)
        await client.push(described("knn", data_type="iris"))
        applied = await client.apply(plan_of("tree"))
        listed = await client.list()
    async with registry(settings) as client:
        assert await client.list() == listed
        assert await client.plan() == applied
        assert (await client.pull("tree", 1))[1] == b"1"
        assert (await client.pull("tree", 2))[1] == LARGE
        assert not (await client.push(described("tree"), LARGE)).created
        assert (await client.push(described("tree"), b"3")).model.version == 3
        assert (await client.apply(plan_of("tree@3"))).revision == 2


async def test_registries_see_what_the_others_write(settings: RegistrySettings) -> None:
    async with registry(settings) as one, registry(settings) as other:
        await one.push(described("tree"), LARGE)
        await wait_for(other, "wine/tree@1", within=1)
        assert (await other.pull("tree"))[1] == LARGE
        assert not (await other.push(described("tree"), LARGE)).created
        await other.push(described("knn", data_type="iris"))
        await wait_for(one, "iris/knn@1", within=1)
        applied = await one.apply(plan_of("tree"))

        async def in_force() -> bool:
            return await other.plan() == applied

        await wait_until(in_force, "the other has the plan", timeout=1)


async def test_registries_never_allot_one_version_twice(settings: RegistrySettings) -> None:
    async with registry(settings) as one, registry(settings) as other:
        pushes = await asyncio.gather(
            *(
                client.push(described(), b"%d" % (number // 2))  # each definition to both
                for number, client in enumerate([one, other] * 8)
            )
        )
        assert sorted({push.model.version for push in pushes}) == list(range(1, 9))
        assert sum(push.created for push in pushes) == 8
        await wait_for(one, "wine/tree@8")
        await wait_for(other, "wine/tree@8")
        assert await one.list() == await other.list()


async def test_of_two_plans_that_expect_one_revision_one_is_applied(
    settings: RegistrySettings,
) -> None:
    async with registry(settings) as one, registry(settings) as other:
        await one.push(described(), b"1")
        await wait_for(other, "wine/tree@1")
        for revision in range(8):
            requests = [
                ApplyPlanRequest(plan=plan_of("tree@1"), expected_revision=revision)
                for _ in range(2)
            ]
            requests[0].plan.keep_warm = revision % 2
            requests[1].plan.keep_warm = 2 + revision % 2
            results = await asyncio.gather(
                *(c.stub.ApplyPlan(r) for c, r in zip((one, other), requests, strict=True)),
                return_exceptions=True,
            )
            lost = [result for result in results if isinstance(result, grpc.aio.AioRpcError)]
            assert [error.code() for error in lost] == [grpc.StatusCode.ABORTED]


async def test_aliases_that_move_at_two_registries_at_once_move_one_after_the_other(
    settings: RegistrySettings,
) -> None:
    async with registry(settings) as one, registry(settings) as other:
        for number in range(8):
            await one.push(described(), b"%d" % number)
        await wait_for(other, "wine/tree@8")
        await asyncio.gather(
            *(client.alias(f"tree@{number + 1}") for number, client in enumerate([one, other] * 4))
        )
        before = {(await one.go_back("tree")).version for _ in range(7)}
        assert len(before) == 7
        await wait_for(other, "wine/tree@8")


async def test_a_registry_holds_a_lease_as_long_as_it_runs(settings: RegistrySettings) -> None:
    log = Log(settings.log_url)

    async def members() -> list[str]:
        return await log.members.list("registry")

    async with registry(settings.model_copy(update={"advertise": "registry:8401"})):

        async def listed() -> bool:
            return await members() == ["registry:8401"]

        await wait_until(listed, "its address is listed")
    assert await members() == []
    await log.close()


async def test_a_registry_waits_for_its_log(tmp_path: Path) -> None:
    async with Valkey(tmp_path) as server:
        settings = RegistrySettings(port=0, log_url=server.url, spool_dir=tmp_path)
        async with registry(settings) as client:
            await client.push(described())

    async def use() -> list[str]:
        async with registry(settings) as client:
            return await client.list()

    using = asyncio.create_task(use())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await asyncio.shield(using)
    async with Valkey(tmp_path, server.port):
        assert await using == ["wine/tree@1"]


async def test_a_registry_can_be_stopped_while_it_waits_for_its_log(tmp_path: Path) -> None:
    async with Valkey() as server:
        nowhere = server.url
    settings = RegistrySettings(port=0, log_url=nowhere, spool_dir=tmp_path)
    lifecycle = Lifecycle(Registry(settings, Tracing("registry")), settings)
    running = asyncio.create_task(lifecycle.run())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await asyncio.shield(running)
    lifecycle.stop()
    async with asyncio.timeout(5):
        assert await running == 0


async def test_while_the_log_is_down_reads_go_on_and_writes_are_refused(tmp_path: Path) -> None:
    async with Valkey(tmp_path / "data") as server:
        settings = settings_of(server, tmp_path)
        async with registry(settings) as client:
            await client.push(described("tree"), b"1")
            applied = await client.apply(plan_of("tree"))
            await server.stop()
            await unavailable(client.push(described("tree"), b"2"))
            await unavailable(client.apply(plan_of("tree@1")))
            await unavailable(client.pull("tree"))
            assert await client.list() == ["wine/tree@1"]
            assert await client.plan() == applied
            async with Valkey(tmp_path / "data", server.port):
                assert (await client.push(described("tree"), b"2")).model.version == 2
                assert (await client.pull("tree", 1))[1] == b"1"
    assert not any(settings.spool_dir.iterdir())


async def test_while_the_log_hangs_reads_go_on_and_writes_are_refused(tmp_path: Path) -> None:
    async with Valkey() as server, registry(settings_of(server, tmp_path)) as client:
        await client.push(described("tree"), b"1")
        os.kill(server.pid or 0, signal.SIGSTOP)
        try:
            await asyncio.gather(
                unavailable(client.push(described("tree"), LARGE)),
                unavailable(client.apply(plan_of("tree"))),
            )
            assert await client.list() == ["wine/tree@1"]
        finally:
            os.kill(server.pid or 0, signal.SIGCONT)
        assert (await client.push(described("tree"), b"2")).model.version == 2


async def test_in_an_emptied_log_numbers_go_on_and_what_is_pushed_again_is_what_it_was(
    tmp_path: Path,
) -> None:
    async with Valkey() as server, registry(settings_of(server, tmp_path)) as client:
        for data in (b"1", b"2"):
            await client.push(described("tree"), data)
        await client.alias("tree@2", "best")
        applied = await client.apply(plan_of("tree@1"))
        with Redis.from_url(server.url) as redis:
            redis.flushall()
        await unavailable(client.push(described("tree"), b"3"))

        async def noticed() -> bool:
            return "the log has lost models (wine/tree)" in (await client.query()).log_problem

        await wait_until(noticed, "the registry has read the log again")
        assert await client.list() == ["wine/tree@1", "wine/tree@2"]
        new = await client.push(described("tree"), b"3")
        assert (new.model.version, new.created) == (3, True)
        again = [await client.push(described("tree"), data) for data in (b"1", b"2")]
        assert [push.model.version for push in again] == [1, 2]
        assert (await client.apply(plan_of("tree@1"))).revision == applied.revision + 1
        assert "lost plans or aliases (tree@best of wine)" in (await client.query()).log_problem
        await client.alias("tree@2", "best")
        assert (await client.query()).log_problem == ""
        assert (await client.get("tree")).version == 3
        assert (await client.pull("tree", 2))[1] == b"2"


async def test_a_new_name_waits_until_those_who_remember_it_have_had_their_say(
    settings: RegistrySettings,
) -> None:
    patient = settings.model_copy(update={"empty_log_patience": timedelta(seconds=1)})
    began = time.monotonic()
    async with registry(patient) as client:
        await client.push(described("tree"))
        assert time.monotonic() - began >= 1
        began = time.monotonic()
        await client.push(described("tree"), b"2")
        await client.push(described("net"))
        assert time.monotonic() - began < 1


async def test_a_full_log_takes_neither_pushes_nor_plans_and_nothing_is_left_of_them(
    tmp_path: Path,
) -> None:
    async with Valkey() as server, registry(settings_of(server, tmp_path)) as client:
        await client.push(described("tree"))
        with Redis.from_url(server.url) as redis:
            redis.config_set("maxmemory", "1")
            for call in (client.push(described("net"), LARGE), client.apply(plan_of("tree"))):
                with pytest.raises(
                    grpc.aio.AioRpcError, match="the log is full: Redis has"
                ) as refusal:
                    await call
                assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
            assert [key for key in redis.keys("hedgerow:blob:*") if redis.ttl(key) == -1] == [
                SINGLE.blob(hashlib.sha256(b"x").hexdigest(), 0).encode()
            ]
            redis.config_set("maxmemory", "0")
        assert await client.list() == ["wine/tree@1"]
        assert (await client.plan()).revision == 0
        await client.push(described("net"), LARGE)
        assert (await client.apply(plan_of("tree"))).revision == 1


@pytest.mark.parametrize("damage", ["gone", "changed"])
async def test_damaged_bytes_are_never_handed_out_as_whole(
    client: Client, log_url: str, damage: str
) -> None:
    model, _ = await client.push(described(), LARGE)
    with Redis.from_url(log_url) as redis:
        key = SINGLE.blob(model.sha256, 1)
        redis.delete(key) if damage == "gone" else redis.set(key, b"x")
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await client.pull("tree")
    assert refusal.value.code() is grpc.StatusCode.DATA_LOSS
    # What the message says helps: they are pushed again, and are whole, and stay.
    pushed = await client.push(described(), LARGE)
    assert (pushed.created, pushed.model) == (False, model)
    assert (await client.pull("tree"))[1] == LARGE
    with Redis.from_url(log_url) as redis:
        assert redis.ttl(key) == -1


async def wait_for(client: Client, model: str, within: float = 10) -> None:
    async def listed() -> bool:
        return model in await client.list()

    await wait_until(listed, f"{model} is listed")


async def unavailable(call: Awaitable[object]) -> None:
    begin = time.monotonic()
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await call
    assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
    assert time.monotonic() - begin < 2


def settings_of(server: Valkey, folder: Path) -> RegistrySettings:
    spool = folder / "spool"
    spool.mkdir()
    return RegistrySettings(
        port=0, log_url=server.url, spool_dir=spool, empty_log_patience=timedelta(0)
    )
