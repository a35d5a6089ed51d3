"""The command: for how long, which seed, how much load."""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import signal
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from soak.report import LEGEND, markdown, sheets, verdict
from soak.soaking import Options, Seen, soak

_LINES = 40


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a soak; 0 if nothing was wrong, lost or left over, and the mesh always became whole again."""
    options = _parse(arguments)
    print(f"seed {options.seed}: the same again with `--seed {options.seed}`", flush=True)
    told = Options(
        seconds=options.seconds,
        seed=options.seed,
        rate=options.rate,
        records=options.records,
        warm_up=options.warm_up,
        with_wine=not options.light,
        logs=options.logs,
    )
    try:
        seen = asyncio.run(_soak(told))
    except asyncio.CancelledError:
        print("ended at once; nothing can be said")
        return 1
    _show(seen)
    if options.report:
        options.report.write_text("\n".join(markdown(seen)) + "\n", encoding="utf-8")
    code = _judge(seen)
    if options.logs:
        print(f"the logs of the services are in {options.logs}")
    return code


async def _soak(options: Options) -> Seen:
    """Soak. At the first Ctrl-C or SIGTERM it ends after the step it is at, at the second one at once."""
    told_to_end = asyncio.Event()
    task = asyncio.ensure_future(soak(options, _say, told_to_end))

    def tell() -> None:
        if told_to_end.is_set():
            task.cancel()
        else:
            _say("told to end: what was seen until now comes soon; once more ends it at once")
            told_to_end.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, tell)
    return await task


def _say(line: str) -> None:
    print(line, flush=True)


def _show(seen: Seen) -> None:
    console = Console(highlight=False)
    faults, streams, parts = (sheet.to_table() for sheet in sheets(seen))
    legend = " ".join(LEGEND).replace("*", "")
    console.print("", faults, "", legend, "", streams, "", parts, sep="\n")


def _judge(seen: Seen) -> int:
    traffic = seen.traffic
    print(
        f"\n{seen.seconds:.0f} s, {len(seen.struck)} faults, {len(traffic.calls):,} calls,"
        f" {traffic.records:,} answers checked, {len(traffic.wrong)} wrong,"
        f" {sum(stream.sent for stream in seen.streams):,} records through streams"
    )
    problems = verdict(seen)
    for line in problems[:_LINES]:
        print(f"  {line}")
    if len(problems) > _LINES:
        print(f"  and {len(problems) - _LINES} more lines")
    print("NOT WELL" if problems else "well: nothing wrong, nothing lost, nothing left over")
    return int(bool(problems))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument(
        "--seconds",
        type=float,
        default=600.0,
        help="of faults, the last one is gone through to its end",
    )
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10_000), help="of the schedule; any without"
    )
    parser.add_argument("--rate", type=float, default=60.0, help="calls a second (%(default)s)")
    parser.add_argument(
        "--records", type=float, default=170.0, help="of streams a second (%(default)s)"
    )
    parser.add_argument(
        "--warm-up", type=float, default=15.0, help="seconds of load before it (%(default)s)"
    )
    parser.add_argument("--light", action="store_true", help="without PMML and TensorFlow models")
    parser.add_argument(
        "--logs", type=Path, metavar="FOLDER", help="keep the logs of the services there"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the tables there, too")
    options = parser.parse_args(arguments)
    for name in ("seconds", "rate", "records", "warm_up"):
        if not 0 < getattr(options, name) < math.inf:
            parser.error(f"--{name.replace('_', '-')} must be more than 0, and not infinite")
    for file in (options.report, options.logs):
        if file is not None and not file.absolute().parent.is_dir():
            parser.error(f"there is no folder {file.parent} for {file.name}; make it first")
    return options
