"""`hedgerow demo`: five scenes on a real mesh. Each says what it shows, shows it, and checks it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

_ENDED_BY_SIGNAL = 143


async def run(folder: Path | None) -> int:
    """Play all scenes; return the exit code. Raises HedgerowError if the mesh cannot be had."""
    from hedgerow.local.environment import check_installed

    check_installed()  # before anything is imported that needs it
    from hedgerow.demo.play import play

    playing = asyncio.create_task(play(folder), name="play the demo")
    for number in (signal.SIGTERM, signal.SIGHUP):  # nothing is left behind then either
        asyncio.get_running_loop().add_signal_handler(number, playing.cancel)
    try:
        await asyncio.wait({playing})
    except asyncio.CancelledError:  # Ctrl-C
        playing.cancel()
        await asyncio.wait({playing})
        raise
    return _ENDED_BY_SIGNAL if playing.cancelled() else playing.result()
