"""What is right: the vote of the same models in one plain process, record by record, as by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle, islice

from bench.models import load_wine_model
from bench.payload import DATA_TYPE, records
from bench.peers.server import Server
from bench.workers import Message, serve, worker
from hedgerow.data.predictions import Labels
from hedgerow.data.records import Batch

_SIZES = (1, 256)
"""Records a request, in the requests that answers are compared of."""

Answer = tuple[str, float]
"""A label and its confidence."""


async def right_answers(models: Sequence[str]) -> list[str]:
    """Return the vote on each of the records."""
    async with worker("bench.peers.answers") as process:
        found: list[str] = (await process.ask({"models": list(models)}))["labels"]
        return found


async def wrong_answers(server: Server, right: Sequence[str]) -> tuple[int, int]:
    """Return how many answers of a server are wrong, and of how many."""
    wrong = asked = 0
    for rows in _SIZES:
        for start, labels in enumerate(await server.labels(rows)):
            expected = list(islice(cycle(right), start, start + rows))
            asked += rows
            wrong += sum(a != b for a, b in zip(labels, expected, strict=True))
    return wrong, asked


def vote(answers: Sequence[Answer]) -> str:
    """Return what most say of a record; of equally many, what they are surer of."""
    votes = Counter(label for label, _ in answers)
    most = max(votes.values())
    tied = [answer for answer in answers if votes[answer[0]] == most]
    return max(tied, key=lambda answer: answer[1])[0]


def _answers(name: str) -> Iterator[Answer]:
    """Yield what a model says of each record, one by one."""
    model = load_wine_model(name)
    for record in records():
        said = model.score(Batch.from_records(DATA_TYPE, [record]))
        assert isinstance(said.values, Labels)
        assert said.confidences is not None
        yield said.values.to_list()[0], float(said.confidences[0])


def _answer(question: Message) -> Message:
    each = [list(_answers(name)) for name in question["models"]]
    return {"labels": [vote(answers) for answers in zip(*each, strict=True)]}


if __name__ == "__main__":
    serve(_answer)
