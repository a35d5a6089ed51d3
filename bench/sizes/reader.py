"""An executor's part of a fetch: a process that reads a definition from the log, checks and writes it."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from bench.workers import Message, serve
from services.common.catalog import Definition
from services.common.log.log import Log


def _answer(question: Message) -> Message:
    return asyncio.run(_read(**question)) if question else {}


async def _read(url: str, sha256: str, size: int, chunks: int) -> Message:
    log, before = Log(url), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        definition = Definition("bench", sha256, size, chunks, entry_id="")
        await log.definitions.fetch(definition, Path(folder) / "definition")
    await log.close()
    return {"cores": time.process_time() - before}


if __name__ == "__main__":
    serve(_answer)
