"""hedgerow's own ScoringService."""

from __future__ import annotations

from bench.measured import Tally
from bench.payload import requests
from bench.protocols.protocol import Protocol
from hedgerow.v1.scoring_pb2 import ScoreResponse

SCORE = "/hedgerow.v1.ScoringService/Score"


def _count(tally: Tally, begun: float, ended: float, response: ScoreResponse) -> None:
    tally.add(begun, ended, response.decision)


def _labels(response: ScoreResponse) -> list[str]:
    labels = response.decision.labels
    return [labels.classes[index] for index in labels.indexes]


PROTOCOL = Protocol(SCORE, requests, ScoreResponse.FromString, _count, _labels)
