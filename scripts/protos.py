"""Generate the Python stubs from `protos/` into the tree: `python scripts/protos.py [--check]`.

The contract only grows. What it was is kept beside it, compiled (`protos/contract.binpb`). A change that
would break those who speak it is refused here, and nothing else writes the kept one anew.

`--check` writes nothing, and fails if the contract was broken, or stubs or the kept contract are stale.
"""

import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from generator import Generator

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
PACKAGES = ("hedgerow/v1", "hedgerow/formats/v1")
CONTRACT = "contract.binpb"


def generate(into: Path) -> None:
    """Write the stubs of every package below `into`."""
    generator = Generator()
    for package in PACKAGES:
        sources = sorted(
            str(path.relative_to(PROTOS)) for path in (PROTOS / package).glob("*.proto")
        )
        arguments = [
            f"-I{PROTOS}",
            f"--python_out={into}",
            f"--pyi_out={into}",
            f"--grpc_python_out={into}",
            f"--mypy_grpc_out={into}",
            *sources,
        ]
        if not generator.run(arguments, PROTOS):
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


def buf(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run buf on the contract; it must be on the PATH."""
    return subprocess.run(["buf", *arguments], cwd=PROTOS, capture_output=True, text=True)


def refuse_breaking() -> None:
    """Exit if the contract no longer is what it was, and more."""
    compared = buf("breaking", "--against", CONTRACT)
    if compared.returncode != 0:
        sys.exit(
            f"{compared.stdout}{compared.stderr}the contract only grows: let what was there stay as it is,"
            " and add a field, a message or an RPC beside it"
        )


def compiled(into: Path) -> Path:
    """Compile the contract into a folder."""
    path = into / CONTRACT
    built = buf("build", "--exclude-source-info", "--output", str(path))
    if built.returncode != 0:
        sys.exit(f"{built.stdout}{built.stderr}buf cannot compile the contract")
    return path


def main() -> None:
    """Generate, or check."""
    refuse_breaking()
    with tempfile.TemporaryDirectory() as folder:
        fresh = compiled(Path(folder))
        if "--check" not in sys.argv[1:]:
            generate(ROOT)
            shutil.copyfile(fresh, PROTOS / CONTRACT)
            return
        generate(Path(folder))
        stale = differences(Path(folder))
        if fresh.read_bytes() != (PROTOS / CONTRACT).read_bytes():
            stale.append(f"protos/{CONTRACT}")
    if stale:
        sys.exit("these differ from protos/ (run `make protos`): " + ", ".join(stale))


if __name__ == "__main__":
    main()
