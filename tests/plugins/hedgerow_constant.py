"""The format `constant`: a model that answers what its definition says, or misbehaves as it says.

It is a package of its own, found by its entry point, as anybody's format would be. A definition is JSON
(what comes after a NUL is not read):

    value               the answer: text for a label, a number for a regression
    answer_feature      instead of `value`: the answer is this feature's value, a regression
    add                 to that value, so that an answer tells who gave it; 0 by default
    confidence          of the answer; none by default
    confidence_feature  instead of `confidence`: this feature's value
    features            names, all of them numbers
    classes             of a label; `value` alone by default
    load_seconds        loading takes this long
    fail_load           loading fails with this text
    mebibytes           of memory that it takes while it loads, and keeps

    most_rows           a batch of more fails, also one that warms the model up

    after               what follows holds from this call of `score` on; 1, the first, by default
    delay_seconds       every call blocks for this long, as one into native code would
    slow_every          one call in so many blocks for `slow_seconds` more; none by default
    slow_seconds        see `slow_every`
    fail                every call fails with this text
    hang                every call blocks for ever
    crash               every call kills the process
    crash_at            a feature and a number or several, {"a": [13, 14]}: a call with such a record
                        kills the process
    slow_at             likewise: a call with such a record blocks for `slow_seconds`
    crash_once_file     a call kills the process if it can remove this file
    hang_once_file      a call blocks for ever if it can remove this file
    bloat_once_file     a call takes a gigabyte of memory, and keeps it, if it can remove this file

Asked to explain itself, it tells its answer, and the process in which it is.

Batches that warm a model up are answered at once, unless they have too many rows, and are not counted.
"""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from hedgerow.data.predictions import Labels, Predictions, Values
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidModel
from hedgerow.formats import Model, ModelFactory
from hedgerow.formats.warmup import DATA_TYPE as WARM_UP
from hedgerow.v1.models_pb2 import Feature, ModelDescriptor, Signature

_KINDS: dict[str, type | tuple[type, ...]] = {
    "value": (str, int, float),
    "answer_feature": str,
    "add": (int, float),
    "confidence": (int, float),
    "confidence_feature": str,
    "features": list,
    "classes": list,
    "load_seconds": (int, float),
    "fail_load": str,
    "mebibytes": int,
    "most_rows": int,
    "after": int,
    "delay_seconds": (int, float),
    "slow_every": int,
    "slow_seconds": (int, float),
    "fail": str,
    "hang": bool,
    "crash": bool,
    "crash_at": dict,
    "slow_at": dict,
    "crash_once_file": str,
    "hang_once_file": str,
    "bloat_once_file": str,
}


class ConstantFactory(ModelFactory):
    """Definitions in JSON."""

    model_type = "constant"
    suffixes = (".constant.json",)

    def inspect(self, descriptor: ModelDescriptor, definition: Path) -> Signature:
        said = _read(definition)
        signature = Signature(
            features=[Feature(name=name, type=Feature.TYPE_DOUBLE) for name in said["features"]]
        )
        if isinstance(said.get("value"), str):
            signature.prediction_type = Signature.PREDICTION_TYPE_CLASSIFICATION
            signature.classes.extend(said["classes"])
        else:
            signature.prediction_type = Signature.PREDICTION_TYPE_REGRESSION
        return signature

    def create(self, descriptor: ModelDescriptor, definition: Path) -> Model:
        said = _read(definition)
        time.sleep(said.get("load_seconds", 0.0))
        if "fail_load" in said:
            raise InvalidModel(said["fail_load"])
        return ConstantModel(descriptor, definition, said)


class ConstantModel(Model):
    """Answers, or does not."""

    model_type = "constant"
    warm_up_seconds = 0.01

    def __init__(self, descriptor: ModelDescriptor, definition: Path, said: dict[str, Any]) -> None:
        super().__init__(descriptor, definition)
        self._said = said
        self._calls = 0
        self._memory = b"x" * (said.get("mebibytes", 0) * 2**20)

    def score(self, batch: Batch, *, explain: bool = False) -> Predictions:
        if batch.data_type != WARM_UP:
            self._calls += 1
            if self._calls >= self._said.get("after", 1):
                self._misbehave(batch)
        if batch.rows > self._said.get("most_rows", batch.rows):
            raise RuntimeError(f"{batch.rows} rows are too many")
        values = self._answers(batch)
        confidences = self._confidences(batch)
        process = np.full(batch.rows, float(os.getpid()))
        outputs = {"answer": values, "process": process} if explain else {}
        return Predictions(values, confidences, (), outputs)

    def _misbehave(self, batch: Batch) -> None:
        said = self._said
        if _has(batch, said.get("slow_at", {})):
            time.sleep(said["slow_seconds"])
        if _has(batch, said.get("crash_at", {})):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(said.get("delay_seconds", 0.0))
        if said.get("slow_every") and self._calls % said["slow_every"] == 0:
            time.sleep(said.get("slow_seconds", 0.0))
        if _remove(said.get("bloat_once_file")):
            self._bloat()
        if said.get("hang") or _remove(said.get("hang_once_file")):
            _hang()
        if said.get("crash") or _remove(said.get("crash_once_file")):
            os.kill(os.getpid(), signal.SIGKILL)
        if "fail" in said:
            raise RuntimeError(said["fail"])

    def _bloat(self) -> None:
        """Take more and more memory, for a second, and hold on to it."""
        kept = [self._memory]
        for _ in range(1024):
            kept.append(b"x" * 2**20)
            time.sleep(0.001)
        self._memory = b"".join(kept)

    def _confidences(self, batch: Batch) -> NDArray[np.float64] | None:
        if "confidence_feature" in self._said:
            return _column(batch, self._said["confidence_feature"])
        confidence = self._said.get("confidence")
        return None if confidence is None else np.full(batch.rows, float(confidence))

    def _answers(self, batch: Batch) -> Values:
        if "answer_feature" in self._said:
            return _column(batch, self._said["answer_feature"]) + float(self._said.get("add", 0.0))
        value = self._said["value"]
        if isinstance(value, str):
            classes = tuple(self.signature.classes)
            return Labels(classes, np.full(batch.rows, classes.index(value), dtype=np.uint32))
        return np.full(batch.rows, float(value))


def _column(batch: Batch, feature: str) -> NDArray[np.float64]:
    return batch.numbers([feature])[:, 0].copy()


def _has(batch: Batch, record: dict[str, float | list[float]]) -> bool:
    """Tell whether a batch has a record with such a number."""
    return any(bool(np.isin(_column(batch, name), said).any()) for name, said in record.items())


def _read(definition: Path) -> dict[str, Any]:
    try:
        said = json.loads(_json_of(definition))
    except ValueError as exc:
        raise InvalidModel(f"not JSON: {exc}") from exc
    if not isinstance(said, dict):
        raise InvalidModel("the definition must be a JSON object")
    for key, value in said.items():
        if key not in _KINDS:
            raise InvalidModel(f"unknown key {key!r}; there are: {', '.join(_KINDS)}")
        if not isinstance(value, _KINDS[key]) or (isinstance(value, bool) != (_KINDS[key] is bool)):
            raise InvalidModel(f"{key!r} has a value of the wrong type: {value!r}")
    return _complete(said)


def _json_of(definition: Path) -> bytes:
    """Return what comes before a NUL; what comes after it makes a definition large, and is not read."""
    with definition.open("rb") as file:
        beginning = file.read(64 * 1024)
        found, end, _ = beginning.partition(b"\0")
        return found if end else beginning + file.read()


def _complete(said: dict[str, Any]) -> dict[str, Any]:
    features = said.setdefault("features", [])
    if ("value" in said) == ("answer_feature" in said):
        raise InvalidModel("give either 'value' or 'answer_feature'")
    if "add" in said and "answer_feature" not in said:
        raise InvalidModel("'add' goes with 'answer_feature'")
    if "confidence" in said and "confidence_feature" in said:
        raise InvalidModel("give either 'confidence' or 'confidence_feature'")
    for key in ("answer_feature", "confidence_feature"):
        if key in said and said[key] not in features:
            raise InvalidModel(f"{said[key]!r} is not one of the features")
    value = said.get("value")
    if isinstance(value, str):
        if value not in said.setdefault("classes", [value]):
            raise InvalidModel(f"value {value!r} is not one of the classes")
    elif "classes" in said:
        raise InvalidModel("a number has no classes; give the value as text")
    if not all(isinstance(name, str) for name in [*features, *said.get("classes", [])]):
        raise InvalidModel("features and classes are lists of text")
    return said


def _remove(file: str | None) -> bool:
    if file is None:
        return False
    try:
        os.remove(file)
    except FileNotFoundError:
        return False
    return True


def _hang() -> NoReturn:
    while True:
        time.sleep(3600)
