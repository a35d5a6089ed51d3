"""A name server of one name, whose addresses a test may change, as those of a headless Service do."""

from __future__ import annotations

import asyncio
import struct
from types import TracebackType
from typing import Any, Self

_A = 1
_ANSWER_OF_ONE_WHO_KNOWS = 0x8580
_POINTER_TO_THE_NAME = 0xC00C
_HEADER_BYTES = 12


class NameServer(asyncio.DatagramProtocol):
    """Answers whatever name is asked for; A records only, which do not live on in caches."""

    def __init__(self, *hosts: str) -> None:
        self.hosts = list(hosts)
        self.asked = 0
        self._transport: Any = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._transport.close()

    def target(self, port: int) -> str:
        """Return the target of a client that asks here, and finds services on this port of all hosts."""
        _, own = self._transport.get_extra_info("sockname")
        return f"dns://127.0.0.1:{own}/hedgerow-router.test:{port}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        number = data[:2]
        end = data.index(b"\0", _HEADER_BYTES) + 1
        question = data[_HEADER_BYTES : end + 4]
        (kind,) = struct.unpack("!H", data[end : end + 2])
        hosts = self.hosts if kind == _A else []
        self.asked += kind == _A
        counts = struct.pack("!HHHHH", _ANSWER_OF_ONE_WHO_KNOWS, 1, len(hosts), 0, 0)
        self._transport.sendto(number + counts + question + b"".join(map(_record, hosts)), addr)


def _record(host: str) -> bytes:
    address = bytes(int(part) for part in host.split("."))
    return struct.pack("!HHHIH", _POINTER_TO_THE_NAME, _A, 1, 0, len(address)) + address
