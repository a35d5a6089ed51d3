"""Warming a model up."""

from __future__ import annotations

from pathlib import Path

from hedgerow.data.predictions import Predictions
from hedgerow.data.records import Batch, Kind
from hedgerow.formats import Model
from hedgerow.formats.warmup import DATA_TYPE, warm_up
from hedgerow.v1.models_pb2 import Feature, ModelDescriptor, Signature


class Remembering(Model):
    """Remembers what it was asked to score, and may fail on it."""

    model_type = "remembering"

    def __init__(self, *features: Feature, fails: bool = False) -> None:
        super().__init__(ModelDescriptor(signature=Signature(features=features)), Path("none"))
        self.batches: list[Batch] = []
        self.fails = fails

    def score(self, batch: Batch, *, explain: bool = False) -> Predictions:
        self.batches.append(batch)
        if self.fails:
            raise RuntimeError("no such records, please")
        return Predictions(batch.numbers([])[:, :0])


def test_batches_of_several_sizes_are_scored() -> None:
    model = Remembering(Feature(name="a"))

    warm_up(model)

    assert [batch.rows for batch in model.batches] == [1, 1, 8, 64, 256]
    assert {batch.data_type for batch in model.batches} == {DATA_TYPE}


def test_made_up_records_have_every_feature_in_its_type() -> None:
    model = Remembering(
        Feature(name="number"),
        Feature(name="whole", type=Feature.TYPE_INTEGER),
        Feature(name="text", type=Feature.TYPE_STRING),
        Feature(name="flag", type=Feature.TYPE_BOOLEAN),
        Feature(name="spare", type=Feature.TYPE_DOUBLE, unused=True),
    )

    warm_up(model)

    kinds = {name: block.kind for block in model.batches[-1].blocks for name in block.names}
    assert kinds["text"] is Kind.TEXT
    assert kinds["flag"] is Kind.BOOLEAN
    assert {kinds[name] for name in ("number", "whole", "spare")} == {Kind.FLOAT}


def test_a_model_that_gets_faster_is_used_for_as_long_as_it_says() -> None:
    model = Remembering(Feature(name="a"))
    model.warm_up_seconds = 0.05

    warm_up(model)

    assert len(model.batches) > 5


def test_a_model_that_fails_on_made_up_records_is_left_alone() -> None:
    model = Remembering(Feature(name="a"), fails=True)

    warm_up(model)

    assert len(model.batches) == 1
