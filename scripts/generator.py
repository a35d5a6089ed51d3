"""The generator of the stubs, in an environment of its own.

Stubs refuse to be imported by a protobuf older than what generated them. So they are generated for the
oldest that `pyproject.toml` claims, which is not what the project is developed with. The generator is
installed from `constraints-protos.txt`, once, and anew when that changes.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "constraints-protos.txt"


class Generator:
    """protoc with the plugins for Python, as pinned."""

    def __init__(self, folder: Path = ROOT / ".venv-protos") -> None:
        self._folder = folder
        self._bin = folder / "bin"
        self._installed = folder / "installed.txt"

    def run(self, arguments: list[str], cwd: Path) -> bool:
        """Run protoc, and tell whether it succeeded."""
        self._install()
        # Named by its path, so that no other one on the PATH is taken.
        plugin = f"--plugin=protoc-gen-mypy_grpc={self._bin / 'protoc-gen-mypy_grpc'}"
        command: list[str | Path] = [
            self._bin / "python",
            "-m",
            "grpc_tools.protoc",
            plugin,
            *arguments,
        ]
        return subprocess.run(command, cwd=cwd).returncode == 0

    def _install(self) -> None:
        """Install what is pinned, unless it is there."""
        if self._installed.exists() and self._installed.read_text() == PINS.read_text():
            return
        shutil.rmtree(self._folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", self._folder], check=True)
        pip: list[str | Path] = [
            self._bin / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, "--require-hashes", "--requirement", PINS], check=True)
        shutil.copyfile(PINS, self._installed)
