"""Bytes of web servers, and where those may send us."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from hedgerow.errors import HedgerowError, InvalidModel, LimitExceeded, NotFound, Unavailable
from hedgerow.locations.location import parse_folders
from hedgerow.locations.stores import Inaccessible
from services.common.locations import Locations
from tests.services.common.locations.test_objects import sha256_of

DATA = b"a model" * 100_000
ZIPPED = gzip.compress(DATA)


class Server:
    """A web server with models, and with what else web servers do."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.url = ""
        self.stuck = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        name = request.path.rpartition("/")[2]
        to = {
            "within": "/models/wine?signed=1",
            "out": "/secrets/wine",
            "away": "http://localhost:1/models/wine",
            "password": "http://user:hunter2@localhost:1/models/wine",
            "up": "/models/%2e%2e/secrets/wine",
            "file": "file:///etc/passwd",
            "round": "/models/round",
        }
        if name in to:
            return web.Response(status=302, headers={"Location": to[name]})
        if name in ("404", "403", "500"):
            return web.Response(status=int(name))
        if name == "zipped":
            return web.Response(body=ZIPPED, headers={"Content-Encoding": "gzip"})
        if name in ("broken", "stuck"):
            return await self._half(request, wait=name == "stuck")
        return web.Response(body=DATA)

    async def _half(self, request: web.Request, wait: bool) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(DATA))})
        await response.prepare(request)
        await response.write(DATA[:1000])
        if wait:
            await self.stuck.wait()
        assert request.transport is not None
        request.transport.close()
        return response


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    found = Server()
    app = web.Application()
    app.router.add_get("/{path:.*}", found.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    found.stuck.set()
    await runner.cleanup()


async def read(
    server: Server, name: str, data: bytes = DATA, limit: int = 10**7, seconds: float = 30
) -> bytes:
    allowed = parse_folders(f"{server.url}/models/")
    locations = Locations(allowed, "HEDGEROW_REGISTRY_LOCATIONS", stall_seconds=seconds)
    pieces = locations.read(f"{server.url}/models/{name}", sha256_of(data), limit)
    return b"".join([piece async for piece in pieces])


async def test_a_file_of_a_web_server_is_read_and_a_redirect_within_is_followed(
    server: Server,
) -> None:
    assert await read(server, "wine") == DATA
    assert await read(server, "within") == DATA
    assert server.asked == ["/models/wine", "/models/within", "/models/wine?signed=1"]


@pytest.mark.parametrize("name", ["out", "away", "up", "file", "password"])
async def test_a_redirect_out_of_what_is_allowed_is_not_followed(server: Server, name: str) -> None:
    with pytest.raises(InvalidModel, match=rf"models/{name} leads to .*") as caught:
        await read(server, name)
    assert "hunter2" not in str(caught.value)
    assert server.asked == [f"/models/{name}"]


async def test_bytes_come_as_they_are_stored(server: Server) -> None:
    assert await read(server, "zipped", ZIPPED) == ZIPPED


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("404", NotFound, "no file at http://.*status 404"),
        ("403", Inaccessible, "no permission for http://.*status 403"),
        ("500", Unavailable, "cannot be had now .status 500.*later"),
        ("round", Inaccessible, "leads on and on, more than 5 times"),
        ("broken", Unavailable, "out of reach now"),
    ],
)
async def test_what_a_web_server_does_not_give_is_named(
    server: Server, name: str, error: type[HedgerowError], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        await read(server, name)
    assert "\n" not in str(caught.value)


async def test_a_server_that_stands_still_is_given_up(server: Server) -> None:
    with pytest.raises(Unavailable, match=r"too slow: less than 1 MiB came in 0\.2 s"):
        await read(server, "stuck", seconds=0.2)


async def test_more_than_is_allowed_is_not_read(server: Server) -> None:
    with pytest.raises(LimitExceeded, match="than the 1000 that are allowed"):
        await read(server, "wine", limit=1000)


async def test_a_server_that_is_not_there_is_told_in_one_line(server: Server) -> None:
    locations = Locations(parse_folders("http://127.0.0.1:1/"), "HEDGEROW_REGISTRY_LOCATIONS")
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1/wine is out of reach now"):
        [piece async for piece in locations.read("http://127.0.0.1:1/wine", "", 10)]
