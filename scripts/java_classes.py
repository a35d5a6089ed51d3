"""Compile the Java classes of the PMML engine, beside their sources: `--check` only compares.

Who runs a mesh has no compiler, so the classes are committed. They are those of javac 17, to the byte; Java
of any later version runs them.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pypmml

SOURCES = (
    Path(__file__).resolve().parent.parent / "hedgerow" / "formats" / "pmml" / "java" / "hedgerow"
)
VERSION = "17"


def has_compiler() -> bool:
    """Whether there is a javac of the version whose classes are committed."""
    if shutil.which("javac") is None:
        return False
    said = subprocess.run(["javac", "-version"], check=True, capture_output=True, text=True)
    return re.match(rf"javac {VERSION}\b", said.stdout) is not None


def compile_into(folder: Path) -> None:
    """Compile the sources into `folder`."""
    jars = Path(pypmml.__file__).parent / "jars" / "*"
    options = ["--release", VERSION, "-g:none", "-proc:none", "-Werror", "-cp", str(jars)]
    sources = sorted(map(str, SOURCES.glob("*.java")))
    subprocess.run(["javac", *options, "-d", str(folder), *sources], check=True)


def classes(folder: Path) -> dict[str, bytes]:
    """Return the classes in a folder by the names of their files."""
    return {file.name: file.read_bytes() for file in folder.glob("*.class")}


def main() -> None:
    if not has_compiler():
        sys.exit(f"javac {VERSION} is not on the path; install a JDK {VERSION}")
    with tempfile.TemporaryDirectory() as folder:
        compile_into(Path(folder))
        made = classes(Path(folder) / SOURCES.name)
    if "--check" in sys.argv:
        if made != classes(SOURCES):
            sys.exit("the classes are not those of their sources; run `make classes`")
        return
    for name in classes(SOURCES):
        (SOURCES / name).unlink()
    for name, content in made.items():
        (SOURCES / name).write_bytes(content)


if __name__ == "__main__":
    main()
