"""Files that commands write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hedgerow.cli.written import written
from hedgerow.errors import InvalidInput


def test_a_file_has_its_name_once_it_is_whole_and_a_link_leads_to_it(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    target.write_bytes(b"the one of yesterday")
    link.symlink_to(target)
    with pytest.raises(ZeroDivisionError), written(link) as file:
        file.write(b"half" * (1 // 0))
    assert target.read_bytes() == b"the one of yesterday"
    with written(link) as file:
        file.write(b"whole")
        file.flush()
        assert target.read_bytes() == b"the one of yesterday"
    assert target.read_bytes() == b"whole"
    assert link.is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"link", "target"}


def test_a_pipe_or_a_device_is_written_to_and_stays_what_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with written(pipe) as file:
        file.write(b"said")
    assert os.read(reader, 10) == b"said"
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize(("name", "why"), [(".", "Is a directory"), ("no/file", "No such file")])
def test_what_cannot_be_written_is_named(tmp_path: Path, name: str, why: str) -> None:
    target = tmp_path / name
    with pytest.raises(InvalidInput, match=f"^cannot write {target}: {why}"), written(target):
        pass
