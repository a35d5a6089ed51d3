"""Lines of a file or of a pipe, as soon as they are there.

A pipe that gives a record a second is scored a record a second: what has arrived is passed on, and
waiting for more never holds it back.
"""

from __future__ import annotations

import asyncio
import codecs
import io
import os
from collections.abc import AsyncIterator
from typing import BinaryIO, NamedTuple

from hedgerow.errors import InvalidRecord

_BLOCK_BYTES = 256 * 1024
_LONGEST_CELL_BYTES = 1024 * 1024


class Line(NamedTuple):
    """A line and its number, from 1. A CSV line may span several; it has the number of the first."""

    number: int
    text: str


class LineReader:
    """The lines of a stream. `is_json` holds once the first have come: JSON lines begin with a brace.

    In CSV, a line break between double quotes is part of a line.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.is_json = False

    async def lines(self) -> AsyncIterator[list[Line]]:
        """Yield the lines that have arrived, without those that are empty.

        Raises InvalidRecord where the text is not UTF-8 or a quote is never closed.
        """
        splitter: _Splitter | None = None
        async for block in _blocks(self._stream):
            if splitter is None:
                beginning = block.removeprefix(codecs.BOM_UTF8).lstrip()
                if beginning.startswith(b"["):
                    raise InvalidRecord(
                        "this is a JSON array; write a record a line, as `jq -c '.[]'` does"
                    )
                self.is_json = beginning.startswith(b"{")
                splitter = _Splitter(quoted=not self.is_json)
            if lines := splitter.feed(block):
                yield lines
        if splitter is not None and (lines := splitter.finish()):
            yield lines


class _Splitter:
    """Cuts blocks into lines; keeps what is not yet whole."""

    def __init__(self, *, quoted: bool) -> None:
        self._quoted = quoted
        self._rest = b""
        self._open = b""
        self._first = 0
        self._number = 0

    def feed(self, block: bytes) -> list[Line]:
        """Return the lines that this block completes."""
        *whole, self._rest = (self._rest + block).split(b"\n")
        return [line for raw in whole if (line := self._line(raw))]

    def finish(self) -> list[Line]:
        """Return the last line, if it has no end."""
        line = self._line(self._rest)
        if self._open:
            self._refuse_open_quote()
        return [line] if line else []

    def _line(self, raw: bytes) -> Line | None:
        self._number += 1
        if self._open:
            raw = self._open + b"\n" + raw
        else:
            self._first = self._number
        self._open = b""
        if self._quoted and raw.count(b'"') % 2:
            self._open = raw
            if len(raw) > _LONGEST_CELL_BYTES:
                self._refuse_open_quote()
            return None
        return self._decoded(raw)

    def _decoded(self, raw: bytes) -> Line | None:
        try:
            text = raw.decode("utf-8-sig" if self._first == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InvalidRecord(f"line {self._first} is not UTF-8; convert the file") from error
        return Line(self._first, text.rstrip("\r")) if text.strip() else None

    def _refuse_open_quote(self) -> None:
        raise InvalidRecord(f"line {self._first}: a double quote is opened and never closed")


async def _blocks(stream: BinaryIO) -> AsyncIterator[bytes]:
    """Read what there is, again and again, without holding up the event loop where that can be."""
    try:
        descriptor = stream.fileno()
    except io.UnsupportedOperation:
        descriptor = None
    while block := await _block(stream, descriptor):
        yield block


async def _block(stream: BinaryIO, descriptor: int | None) -> bytes:
    if descriptor is None:
        return stream.read(_BLOCK_BYTES)
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        # The descriptor stays blocking: a terminal's stdin shares that setting with its stdout.
        loop.add_reader(descriptor, ready.set)
    except PermissionError:  # a regular file, which is always ready
        return os.read(descriptor, _BLOCK_BYTES)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, _BLOCK_BYTES)
