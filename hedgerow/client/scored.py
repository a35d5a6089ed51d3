"""What is said in ScoreStream calls: requests with a number, and answers under it in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from hedgerow.client.statuses import error_from_stream
from hedgerow.client.streaming import Talk
from hedgerow.data.answers import Answers
from hedgerow.errors import HedgerowError
from hedgerow.v1.scoring_pb2 import ScoreRequest, ScoreStreamRequest, ScoreStreamResponse

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Scored(Generic[Item]):
    """What was asked, and its answers or the reason why there are none."""

    records: Item
    outcome: Answers | HedgerowError

    @property
    def answers(self) -> Answers:
        """The answers. Raises the reason why there are none."""
        if isinstance(self.outcome, HedgerowError):
            raise self.outcome
        return self.outcome


class ScoreStreamTalk(Talk[Item, Answers]):
    """Asks the service at `target` for the scores of items, each by its `request`."""

    def __init__(self, request: Callable[[Item], ScoreRequest], target: str) -> None:
        self._request = request
        self._target = target

    def message(self, number: str, item: Item) -> ScoreStreamRequest:
        """Return what asks for an item."""
        return ScoreStreamRequest(id=number, request=self._request(item))

    def number(self, response: ScoreStreamResponse, waiting: Iterable[str]) -> str:
        """Return the number of what is answered: the response has it."""
        return response.id

    def outcome(self, response: ScoreStreamResponse) -> Answers | HedgerowError:
        """Return the answers, or why there are none."""
        if response.HasField("error"):
            return error_from_stream(response.error, self._target)
        return Answers(response.response.decision)
