"""The commands: build the images, make a base for them, check them."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
from collections.abc import Sequence

from images.building import SERVICE_AT_MOST, build_all, table, version
from images.checking import check
from images.engines import BUILDERS, RUNNERS, Problem, find
from images.local_base import SUITES, make_base


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; what goes wrong is one line that says what to do, and exit code 1."""
    options = _parse(arguments)
    try:
        code: int = options.command(options)
    except Problem as problem:
        print(f"images: {problem}", file=sys.stderr)
        return 1
    return code


def _build(options: argparse.Namespace) -> int:
    built = build_all(find(options.engine, BUILDERS), options.base, options.tag)
    print(f"\n{table(built)}")
    for image in built:
        if image.is_too_large:
            raise Problem(
                f"{image.name} has to be smaller than {SERVICE_AT_MOST / 1e6:.0f} MB; take a smaller base"
            )
    return 0


def _make_base(options: argparse.Namespace) -> int:
    make_base(find(options.engine, BUILDERS), options.name, options.suite, options.mirror)
    print(f"\nmade {options.name}; now: make images BASE={options.name}")
    return 0


def _check(options: argparse.Namespace) -> int:
    engine = find(options.engine, RUNNERS)
    asyncio.run(check(engine, options.tag, shlex.split(options.run), _say))
    print("well: the images do what they should")
    return 0


def _say(line: str) -> None:
    print(f"  {line}", flush=True)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m images", description=__doc__)
    commands = parser.add_subparsers(required=True)

    build = commands.add_parser("build", help="build all targets and tell their sizes")
    build.set_defaults(command=_build)
    build.add_argument("--base", help="by digest, for production; default: the Dockerfile's")
    _add_engine(build, BUILDERS)
    _add_tag(build)

    base = commands.add_parser("base", help="make a base where no registry is reached")
    base.set_defaults(command=_make_base)
    base.add_argument("--name", default="hedgerow-base", help="of the image (%(default)s)")
    base.add_argument("--suite", default=SUITES[0], choices=SUITES, help="of Debian (%(default)s)")
    base.add_argument("--mirror", help="of Debian's packages; default: Debian's own")
    _add_engine(base, BUILDERS)

    checked = commands.add_parser("check", help="start a mesh from the images and score with it")
    checked.set_defaults(command=_check)
    checked.add_argument(
        "--run", default="", metavar="OPTIONS", help="more options for the engine's `run`"
    )
    _add_engine(checked, RUNNERS)
    _add_tag(checked)
    return parser.parse_args(arguments)


def _add_engine(parser: argparse.ArgumentParser, among: Sequence[str]) -> None:
    parser.add_argument("--engine", help=f"{', '.join(among)}; default: the first that works")


def _add_tag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tag", default=version(), help="of the images (%(default)s)")
