"""What the models of `wine` say of each record, computed in a process of its own without a mesh."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.models import wine_model
from bench.payload import records
from bench.workers import Message, serve, worker
from hedgerow.data.predictions import Labels
from hedgerow.data.records import Batch
from hedgerow.formats.factories import factory_of


async def labels_of(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the label of each record of the example, by the model's name. Raises WorkerFailed."""
    async with worker("soak.labels") as process:
        return await process.ask({"models": list(names)})


def _labels(name: str) -> list[str]:
    known = wine_model(name)
    assert isinstance(known.definition, Path)
    descriptor, factory = known.descriptor(), factory_of(known.model_type)
    descriptor.signature.CopyFrom(factory.inspect(descriptor, known.definition))
    model = factory.create(descriptor, known.definition)
    labels = model.score(Batch.from_records(descriptor.data_type, list(records()))).values
    assert isinstance(labels, Labels)
    return [str(label) for label in labels.to_list()]


def _answer(question: Message) -> Message:
    return {name: _labels(name) for name in question["models"]}


if __name__ == "__main__":
    serve(_answer)
