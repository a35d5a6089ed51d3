"""Bytes of Google Cloud Storage, of which no server runs here: a stand-in speaks the two calls we need."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from hedgerow.errors import HedgerowError, NotFound
from hedgerow.locations.location import parse_folders
from hedgerow.locations.stores import Inaccessible
from services.common.locations import Locations
from tests.services.common.locations.test_objects import sha256_of

DATA = os.urandom(5 * 2**20 + 7)


async def answer(request: web.Request) -> web.Response:
    """By https://cloud.google.com/storage/docs/json_api/v1/objects."""
    path = request.raw_path.partition("?")[0]
    for name, status in (("denied", 403), ("anonymous", 401)):
        if name in request.raw_path:
            error = {"code": status, "message": "no access", "errors": []}
            return web.json_response({"error": error}, status=status)
    if not path.endswith("/o/wine%2Ftree"):
        found = "/o/" not in path
        said: object = {"items": []} if found else {"error": {"code": 404, "message": "none"}}
        return web.json_response(said, status=200 if found else 404)
    if request.query.get("alt") == "media":
        wanted = request.http_range
        return web.Response(status=206, body=DATA[wanted])
    about = {"kind": "storage#object", "name": "wine/tree", "bucket": "models", "size": len(DATA)}
    return web.json_response({**about, "updated": "2026-01-01T00:00:00Z", "contentType": "x"})


@pytest.fixture
async def locations(
    monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]
) -> AsyncIterator[Locations]:
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{runner.addresses[0][1]}")
    monkeypatch.setenv("HOME", str(tmp_path))
    yield Locations(parse_folders("gs://models/"), "HEDGEROW_EXECUTOR_LOCATIONS")
    await runner.cleanup()


async def test_an_object_comes_back(locations: Locations) -> None:
    pieces = locations.read("gs://models/wine/tree", sha256_of(DATA), len(DATA))
    assert b"".join([piece async for piece in pieces]) == DATA


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("missing", NotFound, "no file at gs://models/missing"),
        ("denied", Inaccessible, "no permission for gs://models/denied"),
        ("anonymous", Inaccessible, "no credentials for gs://models/anonymous"),
    ],
)
async def test_what_is_not_given_is_named(
    locations: Locations, name: str, error: type[HedgerowError], said: str
) -> None:
    with pytest.raises(error, match=said):
        [piece async for piece in locations.read(f"gs://models/{name}", "", 10)]
