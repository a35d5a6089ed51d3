"""Routers that come and go behind a name, as behind a headless Service: clients find them by themselves."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from hedgerow import AsyncClient
from hedgerow.data.records import Record
from hedgerow.local.ports import Ports
from services.common.log import Log
from tests.end_to_end.router_names import RouterNames
from tests.end_to_end.routers import routers
from tests.support import wait_until

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8 without being told"
)

_OLD_SOON = {"max_connection_age": "500ms", "max_connection_age_grace": "5s"}
_HOSTS = ("127.0.0.2", "127.0.0.3", "127.0.0.4")


async def test_a_client_finds_a_router_that_joins_and_leaves_one_that_goes(
    log: Log, log_url: str
) -> None:
    port = Ports.free().router
    async with routers(log, log_url) as mesh, RouterNames(*_HOSTS[:2]) as names:
        first, second = [
            await mesh.router(host=host, port=port, **_OLD_SOON) for host in _HOSTS[:2]
        ]
        async with AsyncClient(names.target(port)) as client:

            async def ask() -> None:
                assert (await client.score("wine", {"ash": 7.0})).value == "7"

            async def all_asked() -> bool:
                await ask()
                return bool(first.asked and second.asked)

            await wait_until(all_asked, "both are asked")
            third = await mesh.router(host=_HOSTS[2], port=port, **_OLD_SOON)
            names.hosts = list(_HOSTS)

            async def third_asked() -> bool:
                await ask()
                return third.asked > 0

            await wait_until(third_asked, "the one that joined is asked")
            names.hosts = list(_HOSTS[1:])
            await first.terminate()
            before = first.asked
            for _ in range(20):
                await ask()
            assert first.asked == before


async def test_a_long_stream_reaches_a_router_that_joins(log: Log, log_url: str) -> None:
    port = Ports.free().router
    async with routers(log, log_url) as mesh, RouterNames(_HOSTS[0]) as names:
        settings = {**_OLD_SOON, "max_connection_age_grace": "1s"}
        first = await mesh.router(host=_HOSTS[0], port=port, **settings)
        second = await mesh.router(host=_HOSTS[1], port=port, **settings)

        async def records() -> AsyncIterator[Record]:
            number = 0
            while not second.asked:
                yield {"ash": float(number)}
                number += 1
                if first.asked > 10:
                    names.hosts = list(_HOSTS[:2])

        # Well below the 30 s after which gRPC by itself would look the name up again.
        async with AsyncClient(names.target(port)) as client, asyncio.timeout(15):
            answers = [scored async for scored in client.score_stream("wine", records())]
        assert [scored.answers[0].value for scored in answers] == [
            str(number) for number in range(len(answers))
        ]
