"""Where PyTriton keeps Triton, and whether it runs: `python -m bench.peers.servers.triton_home`.

Its wheel brings the server, the Python backend, and all libraries but one: the process of a Python model is
linked against libpython, which a Python may be built without, and which Debian has as a package of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
_HOME = Path(sysconfig.get_path("purelib"), "pytriton", "tritonserver")

SERVER = _HOME / "bin" / "tritonserver"
BACKEND = _HOME / "backends" / "python"
STUB = _HOME / "python_backend_stubs" / _VERSION / "triton_python_backend_stub"
"""The process of a Python model; the wheel has one for each version of Python."""


def environment() -> dict[str, str]:
    """Return what Triton is to be started with.

    The process of a model takes its packages from the Python that is first in PATH, whatever PYTHONPATH is.
    """
    return os.environ | {
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
        "LD_LIBRARY_PATH": str(sysconfig.get_config_var("LIBDIR")),
    }


def lacking(linked: str) -> list[str]:
    """Return the libraries that are not there, by what `ldd` says of a program."""
    return re.findall(r"^\s*(\S+) => not found", linked, re.MULTILINE)


def main() -> None:
    """Exit with what is lacking, if there is something."""
    linked = subprocess.run(
        ["ldd", STUB], env=environment(), capture_output=True, text=True, check=True
    )
    if missing := lacking(linked.stdout):
        sys.exit(
            f"Triton needs {', '.join(missing)}, and this Python has none; on Debian and Ubuntu:"
            f" apt-get install libpython{_VERSION}"
        )


if __name__ == "__main__":
    main()
