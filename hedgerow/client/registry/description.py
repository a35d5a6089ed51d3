"""What is said of a model when it is pushed, as the wire has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Required, TypedDict

from hedgerow.v1 import registry_pb2 as pb
from hedgerow.v1.models_pb2 import Feature, Metric, ModelDescriptor, Signature, Verification


class Description(TypedDict, total=False):
    """What is said of a model when it is pushed.

    PMML tells its signature itself. A SavedModel needs `features` (in the order in which they are
    stacked) and `classes` (in the order of the scores); a frozen graph also the tensors `input` and
    `output`. `metrics` are what was measured beforehand: by name, all better when higher, or messages,
    which also tell data sets and errors. `parent` is the version it was made from ("wine-forest@3").
    `location` is where the bytes are, if they are not pushed (`s3://models/wine-forest.pmml`), and needs
    `sha256`, their hash in lower-case hex; with bytes `sha256` is the hash that they must have.
    `verification` has records whose answers it must reproduce before it serves.
    """

    data_type: Required[str]
    name: Required[str]
    model_type: Required[str]
    description: str
    metrics: Mapping[str, float] | Sequence[Metric]
    parent: str
    tags: Mapping[str, str]
    features: Sequence[str]
    classes: Sequence[str]
    input: str
    output: str
    location: str
    sha256: str
    verification: Verification | None


def pieces_of(description: Description) -> list[pb.PushModelRequest]:
    """Return the pieces of a push that come before its definition."""
    pieces = [pb.PushModelRequest(descriptor=_descriptor(description))]
    if (verification := description.get("verification")) is not None:
        pieces.append(pb.PushModelRequest(verification=verification))
    if tags := description.get("tags"):
        pieces.append(pb.PushModelRequest(tags=pb.Tags(tags=tags)))
    return pieces


def _descriptor(description: Description) -> ModelDescriptor:
    return ModelDescriptor(
        data_type=description["data_type"],
        name=description["name"],
        model_type=description["model_type"],
        description=description.get("description", ""),
        metrics=_metrics(description.get("metrics", ())),
        parent=description.get("parent", ""),
        location=description.get("location") or "",
        sha256=description.get("sha256", ""),
        signature=Signature(
            features=[Feature(name=name) for name in description.get("features", ())],
            classes=description.get("classes", ()),
            input=description.get("input", ""),
            output=description.get("output", ""),
        ),
    )


def _metrics(said: Mapping[str, float] | Sequence[Metric]) -> Sequence[Metric]:
    if isinstance(said, Mapping):
        return [Metric(name=name, value=value) for name, value in said.items()]
    return said
