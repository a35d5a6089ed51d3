"""The file in which a service keeps what it knows."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hedgerow.backups import pieces
from hedgerow.v1.backup_pb2 import BackupHead, BackupMembers, BackupPiece
from services.common.catalog import Catalog
from services.common.disk import StateFile
from services.common.disk import state_file as module
from tests.services.common.events import applied, pushed

_AT = datetime(2026, 11, 30, tzinfo=UTC)


def known() -> list[BackupPiece]:
    """Two versions, a plan, and two executors."""
    catalog = Catalog()
    for number in (1, 2):
        catalog.apply("wine", pushed("tree", number), f"{number}-0")
    catalog.apply("wine", applied(1, "tree"), "3-0")
    told = [pieces.of_data_type("wine", part) for part in catalog.parts("wine", 1)]
    members = BackupMembers(service="executor", addresses=["a:1", "b:2"])
    return [pieces.head("mesh", _AT), *told, BackupPiece(members=members)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "router-127.0.0.1_8400.state"


@pytest.fixture
def file(path: Path) -> StateFile:
    file = StateFile.of(path.parent, "router", "127.0.0.1:8400")
    assert file is not None
    return file


def test_what_was_written_is_read(file: StateFile, path: Path) -> None:
    assert file.read() is None
    file.write(known())
    kept = file.read()
    assert kept is not None
    assert kept.mesh == "mesh"
    assert [version.model.version for version in kept.catalog.versions("wine")] == [1, 2]
    assert kept.catalog.plan("wine").revision == 1
    assert kept.catalog.last_id("wine") == "3-0"
    assert kept.members == {"executor": {"a:1", "b:2"}}
    assert path.stat().st_mode & 0o077 == 0
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_service_with_another_address_each_time_has_none(tmp_path: Path) -> None:
    assert StateFile.of(tmp_path, "router", "") is None


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_half_of_a_file_is_ignored(file: StateFile, path: Path, part: float) -> None:
    file.write(known())
    written = path.read_bytes()
    path.write_bytes(written[: int(len(written) * part)])
    assert file.read() is None
    file.write(known())
    assert file.read() is not None


def test_a_bit_that_fell_over_anywhere_is_noticed(file: StateFile, path: Path) -> None:
    file.write(known())
    written = path.read_bytes()
    for place in range(len(written)):
        path.write_bytes(written[:place] + bytes([written[place] ^ 4]) + written[place + 1 :])
        assert file.read() is None, place


def test_another_format_is_ignored(file: StateFile) -> None:
    head = BackupPiece(head=BackupHead(format=2, mesh="mesh"))
    file.write([head, *known()[1:]])
    assert file.read() is None


def test_what_cannot_be_written_leaves_what_was_there(
    file: StateFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write(known())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        file.write(known()[:1])
    kept = file.read()
    assert kept is not None
    assert kept.catalog.data_types == ["wine"]
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_folder_of_somebody_else_is_not_trusted(
    file: StateFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write(known())
    monkeypatch.setattr(os, "getuid", lambda: os.stat("/").st_uid + 1)
    monkeypatch.setattr(module, "_TRUSTED", ())
    assert file.read() is None
    with pytest.raises(PermissionError, match="another user"):
        file.write(known())


def test_what_was_set_aside_is_not_read(file: StateFile, path: Path) -> None:
    file.write(known())
    assert file.set_aside().read_bytes()
    assert file.read() is None
    assert not path.exists()


def test_files_of_services_that_never_come_back_do_not_pile_up(tmp_path: Path) -> None:
    for port in range(40):
        path = tmp_path / f"router-127.0.0.1_{port}.state"
        StateFile(path).write(known()[:1])
        os.utime(path, (port, port))
    StateFile(path).write(known())
    names = {path.name for path in tmp_path.iterdir()}
    assert len(names) == 32
    assert "router-127.0.0.1_39.state" in names


def test_ten_thousand_versions_are_no_burden(file: StateFile, path: Path) -> None:
    catalog = Catalog()
    for number in range(1, 10_001):
        event = pushed("tree", number)
        catalog.apply("wine", event, f"{number}-0")
    parts = catalog.parts("wine", 50)
    longest = 0.0
    told = [pieces.head("mesh", _AT)]
    while True:
        began = time.thread_time()
        part = next(parts, None)
        longest = max(longest, time.thread_time() - began)
        if part is None:
            break
        told.append(pieces.of_data_type("wine", part))
    assert longest < 0.05  # of the event loop; 0.004 on a machine that is quiet
    file.write(told)
    assert path.stat().st_size < 3_000_000
    began = time.thread_time()
    kept = file.read()
    assert time.thread_time() - began < 4
    assert kept is not None
    assert kept.catalog.highest("wine", "tree") == 10_000
