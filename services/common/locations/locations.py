"""Reads the bytes of models from where they are, if that is inside the folders that are allowed.

The sha256 is known beforehand, always: who may write to such a place can take a model away, and not
replace it by another one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

from hedgerow.errors import Corrupt, InvalidModel, LimitExceeded, NotFound, Unavailable
from hedgerow.locations.location import WEB, Location, listed, parse_location
from hedgerow.locations.stores import Inaccessible
from services.common.files import write_whole
from services.common.locations import local, objects, web

PIECE_BYTES = 1024**2
STALL_SECONDS = 30.0
"""The longest that one piece may take: what is slower holds up others, and is as good as away."""


class Locations:
    """Of one service, by its own setting: the registry's and the executor's may differ."""

    def __init__(
        self, allowed: Sequence[Location], setting: str, stall_seconds: float = STALL_SECONDS
    ) -> None:
        """`setting` is the variable that `allowed` comes from, told to those who are refused."""
        self._allowed = tuple(allowed)
        self._setting = setting
        self._stall = stall_seconds

    def check(self, location: str) -> Location:
        """Return a location taken apart. Raises InvalidModel if it is malformed or not allowed.

        That a file is not a link to elsewhere is seen when it is read.
        """
        found = parse_location(location)
        self._check_allowed(found, f"location {found}")
        return found

    async def take(self, location: str, sha256: str, limit: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a model that is being pushed, in pieces of at most 1 MiB.

        Raises what `read` raises, but InvalidModel where they do not have the sha256 that was said.
        """
        try:
            async with aclosing(self.read(location, sha256, limit)) as pieces:
                async for piece in pieces:
                    yield piece
        except _OtherBytes as error:
            raise InvalidModel(
                f"the bytes at {error.location} have sha256 {error.found}, and not {sha256!r} as was said"
            ) from None

    async def read(self, location: str, sha256: str, limit: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes in pieces of at most 1 MiB.

        Raises InvalidModel if the location, where a link or a web server leads to included, is not
        allowed; NotFound if nothing is there; Inaccessible if a package, credentials or permission are
        missing; Unavailable if it is out of reach or too slow now; LimitExceeded if there are more than
        `limit` bytes; and Corrupt, after the last piece, if they do not have this sha256: use nothing
        before the end.
        """
        found, size, digest = self.check(location), 0, hashlib.sha256()
        async with aclosing(self._source(found, limit)) as source:
            async for piece in _in_time(_even(source), found, self._stall):
                size += len(piece)
                if size > limit:
                    raise LimitExceeded(
                        f"there are more bytes at {found} than the {limit} that are allowed"
                    )
                await asyncio.to_thread(digest.update, piece)
                yield piece
        if digest.hexdigest() != sha256.lower():
            raise _OtherBytes(found, digest.hexdigest())

    async def fetch(self, location: str, sha256: str, size: int, target: Path) -> None:
        """Write the bytes to a file, which appears whole and verified or not at all.

        Raises Inaccessible where trying again is of no use until somebody has changed something (these are
        other bytes, nothing is there, it is not allowed), Unavailable where it may be, and OSError if the
        file cannot be written.
        """
        try:
            async with aclosing(self.read(location, sha256, size)) as pieces:
                await write_whole(target, pieces)
        except LimitExceeded:
            raise Inaccessible(
                f"{self.check(location)} {_OTHER} (more than {size}); {_MEND}"
            ) from None
        except (Corrupt, InvalidModel, NotFound) as error:
            raise Inaccessible(str(error)) from None

    def _source(self, found: Location, limit: int) -> AsyncGenerator[bytes, None]:
        if found.scheme == "file":
            return local.read(found, self._allowed)
        if found.scheme in WEB:
            return web.read(found, limit, self._check_redirect)
        return objects.read(found, limit)

    def _check_redirect(self, asked: Location, to: Location) -> None:
        self._check_allowed(to, f"{asked} leads to {to}, which")

    def _check_allowed(self, found: Location, subject: str) -> None:
        if any(found.is_within(folder) for folder in self._allowed):
            return
        if not self._allowed:
            raise InvalidModel(
                f"{subject} is refused: no locations are allowed here; push the bytes, or have "
                f"{self._setting} name the folders that are, as s3://models/"
            )
        raise InvalidModel(
            f"{subject} is not in a folder that {self._setting} allows: {listed(self._allowed)}"
        )


_OTHER = "has other bytes than when it was pushed"
_MEND = "put those back, or push the model again as a new version"


class _OtherBytes(Corrupt):
    def __init__(self, location: Location, found: str) -> None:
        super().__init__(f"{location} {_OTHER} (their sha256 is {found}); {_MEND}")
        self.location = location
        self.found = found


async def _even(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield the same bytes in pieces of 1 MiB, the last one shorter."""
    waiting = bytearray()
    async for piece in pieces:
        waiting += piece
        while len(waiting) >= PIECE_BYTES:
            yield bytes(waiting[:PIECE_BYTES])
            del waiting[:PIECE_BYTES]
    if waiting:
        yield bytes(waiting)


async def _in_time(
    pieces: AsyncIterator[bytes], location: Location, seconds: float
) -> AsyncGenerator[bytes, None]:
    """Yield the same pieces. Raises Unavailable if one takes longer than so many seconds."""
    while True:
        try:
            async with asyncio.timeout(seconds):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Unavailable(
                f"{location} is too slow: less than 1 MiB came in {seconds:g} s; try again later"
            ) from None
        yield piece
