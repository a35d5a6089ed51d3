"""What both TensorFlow formats ask of a signature.

A tensor has no names: a network takes one matrix of numbers, [records, features], and gives one number a
record or one a class. Which feature and which class is which, only who pushes it can say.
"""

from collections.abc import Iterable, Sequence

from hedgerow.errors import InvalidModel
from hedgerow.v1.models_pb2 import Feature, Signature

_NUMERIC = (
    Feature.TYPE_UNSPECIFIED,
    Feature.TYPE_DOUBLE,
    Feature.TYPE_INTEGER,
    Feature.TYPE_BOOLEAN,
)
_BINARY = 2


def complete(said: Signature) -> Signature:
    """Return what the descriptor says, with the prediction type and the feature types filled in.

    Raises InvalidModel if features are missing or are text, or prediction type and classes contradict.
    """
    if not said.features:
        raise InvalidModel(
            "a tensor has no feature names; say which features it takes, in order: --features a,b,c"
        )
    _check_unique("feature", [feature.name for feature in said.features])
    _check_unique("class", said.classes)
    found = Signature(
        prediction_type=_prediction_type(said),
        classes=said.classes,
        input=said.input,
        output=said.output,
    )
    found.features.extend(_feature(feature) for feature in said.features)
    return found


def stacked(signature: Signature) -> list[Feature]:
    """Return the features that go into the tensor, in order."""
    return [feature for feature in signature.features if not feature.unused]


def _prediction_type(said: Signature) -> Signature.PredictionType:
    if said.prediction_type == Signature.PREDICTION_TYPE_REGRESSION and said.classes:
        raise InvalidModel(
            "a regression has no classes; leave out the prediction type or the classes"
        )
    if said.prediction_type == Signature.PREDICTION_TYPE_CLASSIFICATION and not said.classes:
        raise InvalidModel("say which classes the scores are of, in order: --classes a,b,c")
    return (
        Signature.PREDICTION_TYPE_CLASSIFICATION
        if said.classes
        else Signature.PREDICTION_TYPE_REGRESSION
    )


def _feature(said: Feature) -> Feature:
    if said.type not in _NUMERIC:
        raise InvalidModel(f"feature {said.name!r} is text; a tensor of numbers cannot take it")
    found = Feature()
    found.CopyFrom(said)
    found.type = said.type or Feature.TYPE_DOUBLE
    return found


def _check_unique(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidModel(f"{what} {name!r} is named twice; name each once")
        seen.add(name)


# -- shapes, as lists of sizes with None where one is not known; None if nothing is ----------------

Shape = Sequence[int | None] | None


def check_input(name: str, shape: Shape, signature: Signature) -> None:
    """Raise InvalidModel if the tensor does not take [records, features]."""
    if shape is None:
        return
    if len(shape) != 2:
        raise InvalidModel(
            f"input {name!r} has {len(shape)} dimensions; a model takes two, [records, features]"
        )
    _check_records("input", name, shape)
    given = len(stacked(signature))
    if shape[1] not in (None, given):
        raise InvalidModel(
            f"input {name!r} takes {shape[1]} features and {given} are named; name them all, in order"
        )


def check_output(name: str, shape: Shape, signature: Signature) -> None:
    """Raise InvalidModel if the tensor does not give a score a record, or one a class."""
    if shape is None:
        return
    if len(shape) not in (1, 2):
        raise InvalidModel(
            f"output {name!r} has {len(shape)} dimensions; scores have one or two,"
            " [records] or [records, classes]"
        )
    _check_records("output", name, shape)
    check_width(name, shape[1] if len(shape) == 2 else 1, signature)


def check_width(name: str, width: int | None, signature: Signature) -> None:
    """Raise InvalidModel if so many scores a record do not fit the classes."""
    classes = len(signature.classes)
    if width in (None, classes or 1) or (width == 1 and classes == _BINARY):
        return
    if not classes:
        raise InvalidModel(
            f"output {name!r} gives {width} numbers a record; name what they are of with --classes,"
            " or another output with --output"
        )
    raise InvalidModel(
        f"output {name!r} gives {width} scores a record and {classes} classes are named; name as many"
    )


def _check_records(what: str, name: str, shape: Sequence[int | None]) -> None:
    if shape[0] is not None:
        raise InvalidModel(
            f"{what} {name!r} is made for {shape[0]} records at a time; export it for any number of"
            " them (None as the first size)"
        )
