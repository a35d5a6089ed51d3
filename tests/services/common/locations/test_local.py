"""Bytes of files of this machine, and of no others than those in the folders that are allowed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hedgerow.errors import InvalidModel, NotFound
from hedgerow.locations.location import parse_folders
from services.common.locations import Locations
from tests.services.common.locations.test_objects import sha256_of

DATA = b"a model"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that is allowed, with a model; beside it a secret."""
    (tmp_path / "secret").write_bytes(DATA)
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "a model.pmml").write_bytes(DATA)
    return folder


async def read(folder: Path, location: str) -> bytes:
    locations = Locations(parse_folders(folder.as_uri()), "HEDGEROW_EXECUTOR_LOCATIONS")
    return b"".join([piece async for piece in locations.read(location, sha256_of(DATA), 100)])


async def test_a_file_is_read_by_the_address_that_programs_write_for_it(folder: Path) -> None:
    assert await read(folder, (folder / "a model.pmml").as_uri()) == DATA


async def test_a_link_within_the_folder_is_followed_and_one_out_of_it_is_refused(
    folder: Path,
) -> None:
    (folder / "within").symlink_to("a model.pmml")
    (folder / "out").symlink_to(folder.parent / "secret")
    (folder / "up").symlink_to("..")
    assert await read(folder, f"{folder.as_uri()}/within") == DATA
    for escape in ("out", "up/secret"):
        with pytest.raises(InvalidModel, match=f"{escape} is a link that leads out of file://"):
            await read(folder, f"{folder.as_uri()}/{escape}")


async def test_a_folder_that_is_itself_a_link_is_where_it_leads(folder: Path) -> None:
    link = folder.parent / "current"
    link.symlink_to(folder)
    assert await read(link, f"{link.as_uri()}/a%20model.pmml") == DATA


async def test_what_is_no_file_is_told_and_never_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    (folder / "folder").mkdir()
    for name in ("missing", "pipe", "folder", "a%20model.pmml/x"):
        with pytest.raises(NotFound, match="no file at file:///"):
            await read(folder, f"{folder.as_uri()}/{name}")
