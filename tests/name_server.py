"""A name server whose answers a test may change, as those of a cluster change with its pods."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence
from typing import Any

_A = 1
_KNOWN, _UNKNOWN = 0x8580, 0x8583
_POINTER_TO_THE_NAME = 0xC00C
_HEADER_BYTES = 12

Lookup = Callable[[str], Sequence[str] | None]
"""Returns the addresses of a name, None for one that does not exist."""


class NameServer(asyncio.DatagramProtocol):
    """Answers over UDP; A records only, which do not live on in caches."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._transport: Any = None

    async def start(self, host: str, port: int = 53) -> int:
        """Listen; return the port, which is a free one for 0."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        bound: int = self._transport.get_extra_info("sockname")[1]
        return bound

    def stop(self) -> None:
        """Answer no more."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        end = data.index(b"\0", _HEADER_BYTES) + 1
        question = data[_HEADER_BYTES : end + 4]
        found = self._lookup(_name(data[_HEADER_BYTES:end]))
        (kind,) = struct.unpack("!H", data[end : end + 2])
        hosts = found or [] if kind == _A else []
        flags = _UNKNOWN if found is None else _KNOWN
        counts = struct.pack("!HHHHH", flags, 1, len(hosts), 0, 0)
        self._transport.sendto(data[:2] + counts + question + b"".join(map(_record, hosts)), addr)


def _name(labels: bytes) -> str:
    parts: list[str] = []
    while labels[0]:
        length = labels[0]
        parts.append(labels[1 : 1 + length].decode().lower())
        labels = labels[1 + length :]
    return ".".join(parts)


def _record(host: str) -> bytes:
    address = bytes(int(part) for part in host.split("."))
    return struct.pack("!HHHIH", _POINTER_TO_THE_NAME, _A, 1, 0, len(address)) + address
