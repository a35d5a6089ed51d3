"""Files of web servers. Redirects are followed by hand, each looked at before anybody goes there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from hedgerow.errors import HedgerowError, InvalidModel, LimitExceeded, NotFound, Unavailable
from hedgerow.locations.location import Location, parse_redirect
from hedgerow.locations.stores import Inaccessible, told

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

_READ_BYTES = 256 * 1024
_MOST_REDIRECTS = 5
_CONNECT_SECONDS = 10.0
_REDIRECTS = (301, 302, 303, 307, 308)
_OK = 200
_GONE = (404, 410)
_FORBIDDEN = (401, 403, 407)

CheckRedirect = Callable[[Location, Location], None]
"""Raises InvalidModel if what was asked for must not lead there."""


async def read(location: Location, limit: int, check: CheckRedirect) -> AsyncGenerator[bytes, None]:
    """Yield the bytes that a web server answers with. Raises a HedgerowError of `Locations.read`."""
    with told(location):
        async with _session() as session, _answer(session, location, check) as response:
            if (response.content_length or 0) > limit:
                raise LimitExceeded(
                    f"there are more bytes at {location} than the {limit} that are allowed"
                )
            async for piece in response.content.iter_chunked(_READ_BYTES):
                yield piece


def _session() -> ClientSession:
    """Proxies and passwords are those of the environment and of ~/.netrc; bytes come as they are."""
    from aiohttp import ClientSession, ClientTimeout, DummyCookieJar

    return ClientSession(
        trust_env=True,
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        headers={"Accept-Encoding": "identity", "User-Agent": "hedgerow"},
        timeout=ClientTimeout(total=None, connect=_CONNECT_SECONDS),
    )


@asynccontextmanager
async def _answer(
    session: ClientSession, location: Location, check: CheckRedirect
) -> AsyncIterator[ClientResponse]:
    """Give the answer that is no redirect, and well."""
    from yarl import URL

    now = location
    for _ in range(_MOST_REDIRECTS + 1):
        async with session.get(URL(now.url, encoded=True), allow_redirects=False) as response:
            if response.status not in _REDIRECTS:
                if (error := _refusal(response.status, location)) is not None:
                    raise error
                yield response
                return
            now = _next(location, now, response.headers.get("Location", ""))
            check(location, now)
    raise Inaccessible(
        f"{location} leads on and on, more than {_MOST_REDIRECTS} times; mend the server"
    )


def _next(location: Location, now: Location, said: str) -> Location:
    if not said:
        raise Unavailable(f"{location} leads on, and does not say where to; mend the server")
    try:
        return parse_redirect(urljoin(now.url, said))
    except InvalidModel as error:
        raise InvalidModel(f"{location} leads to an address that is refused: {error}") from None


def _refusal(status: int, location: Location) -> HedgerowError | None:
    if status in _GONE:
        return NotFound(f"there is no file at {location} (status {status}); mend the location")
    if status in _FORBIDDEN:
        return Inaccessible(
            f"no permission for {location} (status {status}); ~/.netrc may have one"
        )
    if status != _OK:
        return Unavailable(f"{location} cannot be had now (status {status}); try again later")
    return None
