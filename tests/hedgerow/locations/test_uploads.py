"""Files that are put to where models are fetched from."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from hedgerow.errors import InvalidInput, InvalidModel, NotFound
from hedgerow.locations.stores import Inaccessible
from hedgerow.locations.uploads import upload
from tests.object_store import ObjectStore


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of more than two parts."""
    path = tmp_path / "tree.pmml"
    path.write_bytes(os.urandom(20 * 2**20))
    return path


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_goes_up_in_parts_with_progress_and_is_named_by_its_bytes(
    s3: ObjectStore, file: Path
) -> None:
    told: list[tuple[int, int]] = []
    uploaded = upload(file, f"s3://{s3.bucket}/wine/", lambda done, size: told.append((done, size)))
    sha256 = sha256_of(file)
    assert uploaded == (f"s3://{s3.bucket}/wine/{sha256}.pmml", sha256)
    assert s3.get(f"wine/{sha256}.pmml") == file.read_bytes()
    size = file.stat().st_size
    assert told[-1] == (size, size)
    assert any(0 < done < size for done, _ in told)
    assert upload(file, f"s3://{s3.bucket}/wine/") == uploaded  # and again, for nothing


def test_what_a_version_may_have_is_never_overwritten(s3: ObjectStore, file: Path) -> None:
    location = s3.put("wine/tree.pmml", b"of a version")
    with pytest.raises(InvalidInput, match=r"something at s3://.*already.*named by their sha256"):
        upload(file, location)
    assert s3.get("wine/tree.pmml") == b"of a version"


def test_a_file_goes_to_a_folder_of_this_machine_too(tmp_path: Path, file: Path) -> None:
    to = tmp_path / "shared" / "models"
    uploaded = upload(file, f"{to.as_uri()}/")
    target = to / f"{uploaded.sha256}.pmml"
    assert uploaded.location == target.as_uri()
    assert sha256_of(target) == uploaded.sha256
    assert [path.name for path in to.iterdir()] == [target.name]
    with pytest.raises(InvalidInput, match="already"):
        upload(file, target.as_uri())


@pytest.mark.parametrize(
    ("to", "error", "said"),
    [
        ("https://models.example.org/", InvalidModel, "nothing can be put to https"),
        ("wine/", InvalidModel, "begins with none of"),
        ("s3://no-such-bucket/wine/", NotFound, "no bucket 'no-such-bucket' .*; make it"),
    ],
)
def test_where_nothing_can_be_put_is_told(
    s3: ObjectStore, file: Path, to: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        upload(file, to)


def test_an_empty_file_is_refused_before_anything_is_put_anywhere(tmp_path: Path) -> None:
    file, to = tmp_path / "tree.pmml", tmp_path / "shared"
    file.touch()
    with pytest.raises(InvalidModel, match=r"tree.pmml is empty and was not put anywhere"):
        upload(file, f"{to.as_uri()}/")
    assert not to.exists()


def test_credentials_that_may_not_write_are_told_so(s3: ObjectStore, file: Path) -> None:
    s3.ask_for_rights(True)
    try:
        with pytest.raises(Inaccessible, match=f"no permission for s3://{s3.bucket}"):
            upload(file, f"s3://{s3.bucket}/wine/")
    finally:
        s3.ask_for_rights(False)
