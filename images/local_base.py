"""A base where no registry of images is reached: Debian's smallest system and its Python, by debootstrap.

It is like the official images of Python that the Dockerfile is written for: there is a `python` on the
PATH, and neither documentation nor byte code. It is for builds that have nothing else, not for production.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from images.engines import Engine, Problem

SUITES = ("bookworm", "trixie")
"""Of Python 3.11 and of Python 3.13."""
PACKAGES = ("ca-certificates", "python3", "python3-venv")

# Nothing that runs reads these: what apt can fetch again, what people read, and byte code, which
# images write themselves.
_CLEAN = (
    "var/cache/apt/*",
    "var/lib/apt/lists/*",
    "var/log/*.log",
    "usr/share/doc/*",
    "usr/share/info/*",
    "usr/share/locale/*",
    "usr/share/man/*",
    "usr/lib/python3*/**/__pycache__",
    "usr/share/python3/**/__pycache__",
)

_DOCKERFILE = """\
FROM scratch
ADD root.tar /
CMD ["python"]
"""


def make_base(engine: Engine, name: str, suite: str, mirror: str | None) -> None:
    """Make an image of that name of one of the suites. Raises Problem if it cannot be made.

    debootstrap needs root, and takes the packages from Debian's own mirror unless another is named.
    """
    if shutil.which("debootstrap") is None:
        raise Problem("this needs debootstrap; install it: apt-get install debootstrap")
    with tempfile.TemporaryDirectory(prefix="hedgerow-base-") as scratch:
        root, context = Path(scratch) / "root", Path(scratch) / "context"
        context.mkdir()
        _bootstrap(root, suite, mirror)
        _clean(root)
        (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
        archive = ["tar", "--create", "--numeric-owner", "--file", str(context / "root.tar")]
        subprocess.run([*archive, "--directory", str(root), "."], check=True)
        (context / "Dockerfile").write_text(_DOCKERFILE)
        engine.build(context, ["--tag", name])


def _bootstrap(root: Path, suite: str, mirror: str | None) -> None:
    command = [
        "debootstrap",
        "--variant=minbase",
        f"--include={','.join(PACKAGES)}",
        suite,
        str(root),
    ]
    if subprocess.run([*command, *([mirror] if mirror else [])]).returncode != 0:
        raise Problem(
            "debootstrap failed and says above why; it needs root and a mirror of Debian's"
        )


def _clean(root: Path) -> None:
    for pattern in _CLEAN:
        for path in list(root.glob(pattern)):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
