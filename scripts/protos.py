"""Generate the Python stubs from `protos/` into the tree: `python scripts/protos.py [--check]`.

`--check` generates into a temporary folder instead and fails if the committed stubs differ.
"""

import filecmp
import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
PACKAGES = ("hedgerow/v1", "hedgerow/formats/v1")


def generate(into: Path) -> None:
    """Write the stubs of every package below `into`."""
    well_known = Path(protoc.__file__).parent / "_proto"
    for package in PACKAGES:
        sources = sorted(
            str(path.relative_to(PROTOS)) for path in (PROTOS / package).glob("*.proto")
        )
        arguments = [
            "protoc",
            f"-I{PROTOS}",
            f"-I{well_known}",
            f"--python_out={into}",
            f"--pyi_out={into}",
            f"--grpc_python_out={into}",
            f"--mypy_grpc_out={into}",
            *sources,
        ]
        if protoc.main(arguments) != 0:
            sys.exit(f"protoc failed on {package}")
        drop_empty_services(into / package)
        (into / package / "__init__.py").write_text(f'"""Generated from protos/{package}."""\n')


def drop_empty_services(folder: Path) -> None:
    """Remove the service stubs of files that define no service."""
    for path in folder.glob("*_pb2_grpc.py"):
        if "class " not in path.read_text():
            path.unlink()
            path.with_suffix(".pyi").unlink(missing_ok=True)


def differences(fresh: Path) -> list[str]:
    """Return the stubs that are missing, left over or different in the tree."""
    found = []
    for package in PACKAGES:
        names = {p.name for p in (fresh / package).iterdir() if p.is_file()}
        names |= {p.name for p in (ROOT / package).iterdir() if p.is_file()}
        _, differ, missing = filecmp.cmpfiles(
            fresh / package, ROOT / package, sorted(names), shallow=False
        )
        found += [f"{package}/{name}" for name in (*differ, *missing)]
    return found


def main() -> None:
    """Generate, or check."""
    if "--check" not in sys.argv[1:]:
        generate(ROOT)
        return
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        stale = differences(Path(folder))
    if stale:
        sys.exit("stubs differ from protos/ (run `make protos`): " + ", ".join(stale))


if __name__ == "__main__":
    main()
