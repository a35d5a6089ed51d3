"""A process that reads the log as an executor does, and ends: `python -m bench.starts.mirror <log URL>`.

An executor itself would start a host of each model.
"""

from __future__ import annotations

import asyncio
import sys

from services.common import garbage

garbage.rest()  # as an executor does before it imports anything large

import services.executor.server  # noqa: E402, F401 - what an executor imports is part of its start
from services.common.log import Log, Mirror  # noqa: E402


async def main(url: str) -> None:
    """Read the log."""
    log = Log(url)
    mirror = Mirror(log.models, keep_lost=True)
    reading = asyncio.create_task(mirror.run())
    await mirror.caught_up.wait()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await log.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
