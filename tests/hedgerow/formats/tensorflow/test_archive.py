"""Archives of SavedModels that somebody pushed, the wicked ones among them."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hedgerow.errors import InvalidModel
from hedgerow.formats.tensorflow.archive import FREE_BYTES, read_graph, unpack
from tests.hedgerow.formats.samples import write_tar, write_zip

GRAPH = b"a graph"
FILES = {"saved_model.pb": GRAPH, "variables/variables.index": b"index"}
IN_FOLDER = {f"export/{name}": data for name, data in FILES.items()}

Write = Callable[[Path, dict[str, bytes]], Path]
WRITERS: dict[str, Write] = {
    "zip": write_zip,
    "tar": write_tar,
    "tar.gz": lambda path, files: write_tar(path, files, "w:gz"),
}


@pytest.fixture(params=WRITERS)
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    return lambda files: WRITERS[request.param](tmp_path / "archive", files)


@pytest.mark.parametrize("files", [FILES, IN_FOLDER], ids=["at the top", "in a folder"])
def test_a_saved_model_is_found_and_unpacked(
    write: Callable[[dict[str, bytes]], Path], files: dict[str, bytes], tmp_path: Path
) -> None:
    archive = write(files)
    target = tmp_path / "target"
    target.mkdir()

    directory = unpack(archive, target)

    assert read_graph(archive) == GRAPH
    found = {
        file.relative_to(directory).as_posix(): file.read_bytes()
        for file in directory.rglob("*")
        if file.is_file()
    }
    assert found == FILES


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "no saved_model.pb"),
        ({"variables/variables.index": b""}, "no saved_model.pb"),
        ({"a/b/saved_model.pb": GRAPH}, "no saved_model.pb at the top or in one folder"),
        ({"a/saved_model.pb": GRAPH, "b/saved_model.pb": GRAPH}, "several SavedModels"),
        (FILES | {"../evil": b""}, "'../evil', which leads out"),
        (FILES | {"/etc/evil": b""}, "'/etc/evil', which leads out"),
        (FILES | {"a/../../evil": b""}, "leads out"),
        (FILES | {"a\\evil": b""}, "leads out"),
        (FILES | {"./saved_model.pb": b""}, "'saved_model.pb' twice"),
    ],
)
def test_an_archive_of_anything_else_is_refused(
    write: Callable[[dict[str, bytes]], Path],
    files: dict[str, bytes],
    reason: str,
    tmp_path: Path,
) -> None:
    archive = write(files)

    with pytest.raises(InvalidModel, match=reason):
        read_graph(archive)
    with pytest.raises(InvalidModel, match=reason):
        unpack(archive, tmp_path / "target")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("data", [b"", b"text", b"\x1f\x8bnot gzip", b"PK\x03\x04", GRAPH * 1000])
def test_what_is_no_archive_is_refused(data: bytes, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(data)

    with pytest.raises(InvalidModel, match=r"not a zip or tar archive|truncated or damaged"):
        read_graph(archive)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_truncated_archive_is_refused(
    write: Callable[[dict[str, bytes]], Path], part: float
) -> None:
    archive = write({"data": bytes(range(256)) * 200, **FILES})
    data = archive.read_bytes().rstrip(b"\0")
    archive.write_bytes(data[: int(len(data) * part)])

    with pytest.raises(InvalidModel, match=r"truncated or damaged|no saved_model.pb"):
        read_graph(archive)


def stored_zip(path: Path) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
    return path.read_bytes()


def test_a_damaged_file_is_noticed_though_it_is_not_needed(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(stored_zip(archive).replace(b"index", b"xndex"))

    with pytest.raises(InvalidModel, match="truncated or damaged"):
        read_graph(archive)


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    data = bytearray(stored_zip(archive))
    data[6] |= 1  # the flags of the first local header, and of the first central one
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)

    with pytest.raises(InvalidModel, match="encrypted"):
        read_graph(archive)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_link_or_device_in_a_tar_file_is_refused(kind: bytes, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "archive", "w") as archive:
        info = tarfile.TarInfo("saved_model.pb")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)

    with pytest.raises(InvalidModel, match="link or a device"):
        read_graph(tmp_path / "archive")


def test_a_link_in_a_zip_file_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "archive", "w") as archive:
        info = zipfile.ZipInfo("saved_model.pb")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")

    with pytest.raises(InvalidModel, match="link or a device"):
        read_graph(tmp_path / "archive")


def test_an_archive_of_too_many_files_is_refused(
    write: Callable[[dict[str, bytes]], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.formats.tensorflow.archive.MAX_FILES", 3)

    with pytest.raises(InvalidModel, match="more than 3 files"):
        read_graph(write(FILES | {"a": b"", "b": b""}))


@pytest.mark.parametrize("writer", ["zip", "tar.gz"])
def test_an_archive_that_unpacks_to_a_hundred_times_its_size_is_refused(
    writer: str, tmp_path: Path
) -> None:
    bomb = bytes(FREE_BYTES + 1)
    archive = WRITERS[writer](tmp_path / "archive", FILES | {"bomb": bomb})

    with pytest.raises(InvalidModel, match="looks like a bomb"):
        read_graph(archive)


def test_an_archive_that_unpacks_to_more_than_the_limit_is_refused(
    write: Callable[[dict[str, bytes]], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.formats.tensorflow.archive.MAX_BYTES", 1000)

    with pytest.raises(InvalidModel, match="unpacks to more than"):
        read_graph(write(FILES | {"a": bytes(1001)}))


def test_a_bomb_in_a_header_of_a_tar_file_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "archive", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("saved_model.pb")
        info.pax_headers = {"comment": "x" * (FREE_BYTES + 1)}
        archive.addfile(info, io.BytesIO())

    with pytest.raises(InvalidModel, match="looks like a bomb"):
        read_graph(tmp_path / "archive")
