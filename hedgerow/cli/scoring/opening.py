"""Opens the file or the pipe that has records."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_STDIN = "-"


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """Give a file, or stdin by "-", to read from. Raises InvalidInput if it cannot be read."""
    from hedgerow.errors import InvalidInput

    if file == _STDIN:
        yield sys.stdin.buffer
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - closed below; only opening is guarded
    except OSError as error:
        reason = error.strerror or error
        raise InvalidInput(f"cannot read {file}: {reason}; give a file, or - for stdin") from error
    with stream:
        yield stream
