"""Who calls, as the registry is told; it is remembered with everything that the call changes."""

from __future__ import annotations

import getpass
import os
import socket
from urllib.parse import quote

CALLER = "hedgerow-caller"
"""The metadata that has it. Nobody proves it."""

VARIABLE = "HEDGEROW_CALLER"

_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


def default_caller() -> str:
    """Return the name in HEDGEROW_CALLER, else `user@host`."""
    return os.environ.get(VARIABLE) or f"{_user()}@{_host()}"


def metadata_of(caller: str) -> tuple[tuple[str, str], ...]:
    """Return what goes with each call.

    gRPC carries printable ASCII and nothing else, and refuses the call otherwise: so other characters, and
    `%`, are written as in an URL (`J%C3%BCrgen`).
    """
    written = quote(caller.strip(), safe=_PRINTABLE, errors="replace")
    return ((CALLER, written),) if written else ()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user may have a number and no name
        return f"uid-{os.getuid()}" if hasattr(os, "getuid") else "somebody"


def _host() -> str:
    try:
        return socket.gethostname() or "somewhere"
    except OSError:
        return "somewhere"
