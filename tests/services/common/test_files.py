"""Files that appear whole or not at all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.common.files import write_whole


async def test_a_file_appears_with_its_last_piece_and_not_at_all_without_it(tmp_path: Path) -> None:
    target, more = tmp_path / "model", asyncio.Event()

    async def pieces(fails: bool) -> AsyncIterator[bytes]:
        yield b"first "
        assert not target.exists()
        assert [name[:7] for name in os.listdir(tmp_path)] == [".model-"]
        await more.wait()
        if fails:
            raise OSError("away")
        yield b"last"

    more.set()
    with pytest.raises(OSError, match="away"):
        await write_whole(target, pieces(fails=True))
    assert os.listdir(tmp_path) == []
    more.clear()
    given_up = asyncio.create_task(write_whole(target, pieces(fails=False)))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    assert os.listdir(tmp_path) == []
    more.set()
    await write_whole(target, pieces(fails=False))
    assert target.read_bytes() == b"first last"
