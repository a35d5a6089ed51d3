"""Reads a SavedModel out of an archive that nobody trusts.

A SavedModel is a directory. It is pushed as a zip or tar file of it (plain or gzipped), with
`saved_model.pb` at the top or in one folder. Nothing is read that leads out of the directory, is no plain
file, or grows beyond the limits; bytes are counted as they come, whatever the archive says of them.
"""

import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol, cast

from hedgerow.errors import InvalidModel

GRAPH_FILE = "saved_model.pb"

MAX_FILES = 1000
"""Entries of an archive. A SavedModel has a handful, with assets some dozens."""

MAX_BYTES = 2 * 2**30
"""Of all files, unpacked. A larger model would not fit a host."""

MAX_RATIO = 100
"""Unpacked to packed, beyond `FREE_BYTES`. Weights hardly shrink; a bomb does by a thousand."""

FREE_BYTES = 16 * 2**20
"""What any archive may unpack to."""

_CHUNK = 2**18

_DAMAGED = (
    EOFError,
    OSError,
    NotImplementedError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_graph(archive: Path) -> bytes:
    """Return the content of saved_model.pb, after a look at every entry.

    Raises InvalidModel if the archive is damaged, unsafe or too large, or has no SavedModel in it.
    """
    found: dict[PurePosixPath, bytes] = {}
    names: list[PurePosixPath] = []
    for entry in _entries(archive):
        names.append(entry.name)
        content = entry.chunks()
        if _is_graph(entry.name):
            found[entry.name] = b"".join(content)
        else:
            for _ in content:  # counted, and checked against the archive's checksums
                pass
    return found[_graph_of(names)]


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack into `folder`, which is empty, and return the directory of the SavedModel.

    Raises InvalidModel as `read_graph` does.
    """
    names: list[PurePosixPath] = []
    for entry in _entries(archive):
        names.append(entry.name)
        target = folder / entry.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            for chunk in entry.chunks():
                file.write(chunk)
    return folder / _graph_of(names).parent


def _is_graph(name: PurePosixPath) -> bool:
    return name.name == GRAPH_FILE and len(name.parts) <= 2


def _graph_of(names: list[PurePosixPath]) -> PurePosixPath:
    graphs = [name for name in names if _is_graph(name)]
    if len(graphs) == 1:
        return graphs[0]
    if graphs:
        listed = ", ".join(str(name) for name in sorted(graphs))
        raise InvalidModel(f"the archive has several SavedModels ({listed}); push one")
    raise InvalidModel(
        f"the archive has no {GRAPH_FILE} at the top or in one folder; archive the directory that"
        " tf.saved_model.save wrote"
    )


# -- entries ---------------------------------------------------------------------------------------


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Budget:
    """What an archive may still unpack to."""

    def __init__(self, archive: Path) -> None:
        self._packed = archive.stat().st_size
        self._files = 0
        self._bytes = 0

    def open_file(self) -> None:
        self._files += 1
        if self._files > MAX_FILES:
            raise InvalidModel(f"the archive has more than {MAX_FILES} files; push the model only")

    def spend(self, count: int) -> None:
        self._bytes += count
        if self._bytes > MAX_BYTES:
            raise InvalidModel(f"the archive unpacks to more than {MAX_BYTES // 2**30} GiB")
        if self._bytes > max(FREE_BYTES, self._packed * MAX_RATIO):
            raise InvalidModel(
                f"the archive unpacks to more than {MAX_RATIO} times its size; it looks like a bomb"
            )


class _Counted:
    """A file whose bytes are counted as they are read."""

    def __init__(self, file: _Readable, budget: _Budget) -> None:
        self._file = file
        self._budget = budget

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(size)
        self._budget.spend(len(data))
        return data


@dataclass(frozen=True)
class _Entry:
    """A plain file. Its chunks are to be read before the next entry is asked for."""

    name: PurePosixPath
    content: _Readable

    def chunks(self) -> Iterator[bytes]:
        with _damage_told():
            while chunk := self.content.read(_CHUNK):
                yield chunk


_Files = Iterator[tuple[str, _Readable]]


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except _DAMAGED as exc:
        raise InvalidModel(f"the archive is truncated or damaged ({exc}); push it again") from exc


def _entries(archive: Path) -> Iterator[_Entry]:
    """Yield the plain files; raises InvalidModel at the first entry that is anything else."""
    budget = _Budget(archive)
    seen: set[PurePosixPath] = set()
    with _damage_told():
        for name, content in _files(archive, budget):
            safe = _safe(name)
            if safe in seen:
                raise InvalidModel(f"the archive has {str(safe)!r} twice")
            seen.add(safe)
            yield _Entry(safe, content)


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
        raise InvalidModel(f"the archive has {name!r}, which leads out of the model's directory")
    return path


def _files(archive: Path, budget: _Budget) -> _Files:
    with archive.open("rb") as file:
        magic = file.read(4)
        file.seek(0)
        if magic in (b"PK\x03\x04", b"PK\x05\x06"):
            yield from _files_of_zip(file, budget)
        elif magic.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=file) as unzipped:
                yield from _files_of_tar(_Counted(unzipped, budget), budget)
        elif tarfile.is_tarfile(file):
            file.seek(0)
            yield from _files_of_tar(_Counted(file, budget), budget)
        else:
            raise InvalidModel("not a zip or tar archive; archive the directory of the SavedModel")


def _files_of_zip(file: IO[bytes], budget: _Budget) -> _Files:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            budget.open_file()
            if info.is_dir():
                continue
            kind = stat.S_IFMT(info.external_attr >> 16)
            _check_plain(info.filename, plain=kind in (0, stat.S_IFREG))
            if info.flag_bits & 1:
                raise InvalidModel("the archive is encrypted; push it without a password")
            with archive.open(info) as content:
                yield info.filename, _Counted(content, budget)


def _files_of_tar(file: _Counted, budget: _Budget) -> _Files:
    # As a stream, whose bytes are counted: headers may be bombs as well.
    with tarfile.open(fileobj=cast(IO[bytes], file), mode="r|") as archive:
        for info in archive:
            budget.open_file()
            if info.isdir():
                continue
            _check_plain(info.name, plain=info.isreg())
            content = archive.extractfile(info)
            assert content is not None  # it is a plain file
            yield info.name, content


def _check_plain(name: str, *, plain: bool) -> None:
    if not plain:
        raise InvalidModel(
            f"the archive has {name!r}, which is a link or a device; only files may be"
        )
