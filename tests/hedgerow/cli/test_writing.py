"""What `--explain` says of models that did not answer."""

from __future__ import annotations

import csv
import io
import json

from hedgerow.cli.scoring.writing import CsvWriter, JsonWriter
from hedgerow.data.answers import Answers
from hedgerow.v1 import scoring_pb2 as pb
from tests.hedgerow.fakes.answers import decision


def cascade() -> Answers:
    """Three records: the second model was asked for the first of them alone, the third for none."""
    said = decision(3, explain=True)
    first, second, third = said.models
    first.records, second.records = 3, 1
    first.predictions.absent.append(1)
    second.predictions.absent.extend([1, 2])
    third.state, third.failure = pb.MODEL_STATE_NOT_STARTED, "not needed"
    said.models.add(name="wine-graph", state=pb.MODEL_STATE_NO_HOST, failure="no host serves it")
    return Answers(said)


def test_csv_says_in_words_who_was_not_asked_and_why() -> None:
    stream = io.StringIO()
    CsvWriter(stream, [], explain=True)([{}] * 3, cascade())
    said = [row["said"].split("; ") for row in csv.DictReader(io.StringIO(stream.getvalue()))]
    rest = ["wine-boosting@3: not started (not needed)", "wine-graph: no host"]
    assert said == [
        ["wine-net@1: red (0.75)", "wine-tree@2: red (0.75)", *rest],
        ["wine-net@1: no answer", "wine-tree@2: not asked", *rest],
        ["wine-net@1: red (0.75)", "wine-tree@2: not asked", *rest],
    ]


def test_json_says_how_many_records_a_model_answered_and_why_it_was_not_started() -> None:
    stream = io.StringIO()
    JsonWriter(stream, explain=True)([{}] * 3, cascade())
    models = json.loads(stream.getvalue().splitlines()[1])["models"]
    assert [model["records"] for model in models] == [3, 1, 0, 0]
    assert (models[1]["state"], models[1]["value"]) == ("answered", None)
    assert (models[2]["state"], models[2]["failure"]) == ("not_started", "not needed")
