"""Reads the records that a model is to be verified by: CSV or JSON lines, as `score` takes them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hedgerow.cli.scoring.reading import RecordReader
from hedgerow.errors import InvalidInput, InvalidRecord
from hedgerow.formats.expectations import EXPECTED, verification_of
from hedgerow.formats.verification_checks import MOST_RECORDS

if TYPE_CHECKING:
    from hedgerow.v1.models_pb2 import Verification
    from hedgerow.v1.rules_pb2 import Tolerance


def read_verification(
    file: Path, data_type: str, tolerance: Tolerance | None = None
) -> Verification:
    """Return the records of a file and what is expected of them.

    A column `expected` has the answers, empty where there is to be none, and `expected_confidence`, if
    there is one, the probabilities of labels. Raises InvalidInput, naming the file.
    """
    try:
        return verification_of(data_type, asyncio.run(_records(file)), tolerance)
    except OSError as error:
        reason = error.strerror or error
        raise InvalidInput(f"cannot read {file}: {reason}; give a file of records") from error
    except InvalidRecord as error:
        raise InvalidInput(f"{file}: {error}") from error


async def _records(file: Path) -> list[dict[str, Any]]:
    """Return the records, the answer of each among them as it stands in the file."""
    records: list[dict[str, Any]] = []
    with file.open("rb") as stream:
        async for batch in RecordReader(stream, MOST_RECORDS, [EXPECTED]).batches():
            records += [
                {**record, **kept} for record, kept in zip(batch.records, batch.kept, strict=True)
            ]
            if len(records) > MOST_RECORDS:
                raise InvalidRecord(
                    f"there are more than {MOST_RECORDS} records to verify the model by; give fewer"
                )
    return records
