"""The command: which parts to measure. Each is kept as soon as it is measured."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Sequence

from bench.machine import describe
from bench.others import Others
from bench.report import number
from bench.sizes import book
from bench.sizes.parts import PARTS


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure parts and keep them."""
    parser = argparse.ArgumentParser(prog="python -m bench.sizes", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"all without; {', '.join(PARTS)}")
    chosen = parser.parse_args(arguments).parts
    if unknown := set(chosen) - PARTS.keys():
        parser.error(f"no part {', '.join(sorted(unknown))}; there are: {', '.join(PARTS)}")
    for name in chosen or PARTS:
        others = Others()
        sizes = asyncio.run(PARTS[name]())
        for size in sizes:
            print(f"{size.what:78} {number(size.value):>10} {size.unit}", flush=True)
        book.keep(name, sizes, describe(), others.share())
    print(f"kept in {os.path.relpath(book.FILE)}")
    return 0
