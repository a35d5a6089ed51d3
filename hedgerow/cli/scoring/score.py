"""`hedgerow score`: score the records of a file or of a pipe."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Router
from hedgerow.cli.scoring.opening import opened

if TYPE_CHECKING:
    from hedgerow.cli.scoring.notes import Notes
    from hedgerow.cli.scoring.reading import RecordReader
    from hedgerow.cli.scoring.scoring import Scoring
    from hedgerow.cli.scoring.writing import Writer


class Format(StrEnum):
    """How answers are written."""

    CSV = "csv"
    JSONL = "jsonl"


def score(
    data_type: Annotated[str, typer.Argument(help="'wine', say.", show_default=False)],
    file: Annotated[
        str, typer.Argument(help="CSV or JSON lines; - for stdin.", show_default=False)
    ],
    explain: Annotated[bool, typer.Option("--explain", help="Add what each model said.")] = False,
    deadline: Annotated[str, typer.Option(help="In place of the plan's: 50ms, say.")] = "",
    policy: Annotated[
        str | None, typer.Option(help="In place of the plan's: YAML, or @ and a file of it.")
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(help="In place of the plan's: YAML, or @ and a file of it.")
    ] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="Of the answers; by default, the input's.")
    ] = None,
    keep: Annotated[
        str, typer.Option(help="Columns a,b that are no features: copied to the answers, not sent.")
    ] = "",
    key: Annotated[
        str, typer.Option(help="Column with the records' keys, for `join: keyed`; no feature.")
    ] = "",
    batch_size: Annotated[int, typer.Option(min=1, help="Records a batch, at the most.")] = 256,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Score records, and write an answer a record, in their order."""
    from hedgerow.cli.scoring.notes import Notes
    from hedgerow.cli.scoring.reading import RecordReader
    from hedgerow.cli.scoring.scoring import Overrides, Scoring
    from hedgerow.client.aio import AsyncClient
    from hedgerow.durations import parse_duration
    from hedgerow.plans.plan import policy_from_yaml, strategy_from_yaml

    overrides = Overrides(
        deadline=parse_duration(deadline) if deadline else None,
        policy=policy_from_yaml(_yaml(policy)) if policy is not None else None,
        strategy=strategy_from_yaml(_yaml(strategy)) if strategy is not None else None,
    )
    kept = options.split(keep)

    def writer(is_json: bool) -> Writer:
        wanted = Format.JSONL if as_json else form
        return _writer(wanted or (Format.JSONL if is_json else Format.CSV), kept, explain)

    async def run(stream: BinaryIO) -> None:
        async with AsyncClient(router) as client:
            scoring = Scoring(client, data_type, overrides, explain)
            notes = Notes(data_type)
            await _copy(scoring, RecordReader(stream, batch_size, kept, key), writer, notes)
            for line in notes.lines():
                print(line, file=sys.stderr)

    with opened(file) as stream:
        asyncio.run(run(stream))


async def _copy(
    scoring: Scoring, reader: RecordReader, make_writer: Callable[[bool], Writer], notes: Notes
) -> None:
    """Write the answers of all records that the reader gives."""
    from hedgerow.cli.output import progress_of_records
    from hedgerow.cli.scoring.reading import no_records

    write: Writer | None = None
    # Where a person sees it and it does not mix with the answers.
    with progress_of_records(shown=not sys.stdout.isatty(), stays=True) as count:
        async for batch, answers in scoring.run(reader):
            write = write or make_writer(reader.is_json)
            write(batch.kept, answers)
            sys.stdout.flush()
            count(len(answers))
            notes.add(answers)
    if write is None:
        raise no_records()


def _writer(form: Format, keep: list[str], explain: bool) -> Writer:
    from hedgerow.cli.scoring.writing import CsvWriter, JsonWriter

    if form is Format.CSV:
        return CsvWriter(sys.stdout, keep, explain)
    return JsonWriter(sys.stdout, explain)


def _yaml(said: str) -> str:
    """Return YAML that was given as it is, or by the name of a file."""
    if not said.startswith("@"):
        return said
    with opened(said[1:]) as stream:
        return stream.read().decode("utf-8", "replace")
