"""What the models of `wine` say of each record, computed in a process of its own without a mesh."""

from __future__ import annotations

from collections.abc import Sequence

from bench.models import load_wine_model
from bench.payload import DATA_TYPE, records
from bench.workers import Message, serve, worker
from hedgerow.data.predictions import Labels
from hedgerow.data.records import Batch


async def labels_of(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the label of each record of the example, by the model's name. Raises WorkerFailed."""
    async with worker("soak.labels") as process:
        return await process.ask({"models": list(names)})


def _labels(name: str) -> list[str]:
    model = load_wine_model(name)
    labels = model.score(Batch.from_records(DATA_TYPE, list(records()))).values
    assert isinstance(labels, Labels)
    return [str(label) for label in labels.to_list()]


def _answer(question: Message) -> Message:
    return {name: _labels(name) for name in question["models"]}


if __name__ == "__main__":
    serve(_answer)
