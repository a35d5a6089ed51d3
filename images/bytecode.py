"""Write the byte code of what an image runs: `python bytecode.py MODULE ...`, while the image is built.

A root that cannot be written keeps no byte code, and official images of Python come without that of the
standard library. Then every start compiles anew what it imports. All of the byte code would be as large
again as the sources, most of which nothing imports; so this imports what a process does, and compiles that
and all of hedgerow. What is imported only later is compiled when it is, as ever.

It goes below `sys.pycache_prefix` (PYTHONPYCACHEPREFIX), so that it is in one place whatever the base has,
and is not checked against its source: layers may change times, and neither changes in a read-only root.
"""

import importlib
import py_compile
import sys
from collections.abc import Iterator
from pathlib import Path

OURS = ("hedgerow", "services")


def sources(modules: list[str]) -> Iterator[Path]:
    """Yield the files that these modules need, and all of ours."""
    for name in modules:
        importlib.import_module(name)
    loaded = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    yield from (Path(file) for file in loaded if file and file.endswith(".py"))
    for name in OURS:
        for folder in importlib.import_module(name).__path__:
            yield from Path(folder).rglob("*.py")


def main() -> None:
    """Compile."""
    if sys.pycache_prefix is None:
        sys.exit("say by PYTHONPYCACHEPREFIX where byte code goes")
    found = set(sources(sys.argv[1:])) - {Path(__file__)}
    for source in sorted(found):
        py_compile.compile(
            str(source),
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    print(f"byte code of {len(found)} files")


if __name__ == "__main__":
    main()
