"""Files that appear whole or not at all."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path


async def write_whole(target: Path, pieces: AsyncIterator[bytes]) -> None:
    """Write bytes to a file, which appears when the last piece is there; if they fail it does not.

    Until then there is a file whose name begins with a dot and the target's. Raises OSError.
    """
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            async for piece in pieces:
                await asyncio.to_thread(file.write, piece)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
