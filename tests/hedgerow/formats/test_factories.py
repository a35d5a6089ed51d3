"""How formats are found, a third party's among them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hedgerow.data.predictions import Labels
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidModel
from hedgerow.formats import Model
from hedgerow.formats import factories as module
from hedgerow.formats.factories import factories, factory_of, type_of_file
from hedgerow.formats.warmup import warm_up
from hedgerow.v1.models_pb2 import Signature
from tests.hedgerow.formats.conftest import load_model
from tests.hedgerow.formats.samples import descriptor, inspect


def test_formats_are_found_by_their_entry_points() -> None:
    assert {"pmml", "saved_model", "tensorflow_graph", "constant"} <= set(factories())


@pytest.mark.parametrize(
    ("file", "model_type"),
    [
        ("m.pmml", "pmml"),
        ("M.PMML", "pmml"),
        ("net.zip", "saved_model"),
        ("net.tar.gz", "saved_model"),
        ("graph.pb", "tensorflow_graph"),
        ("m.constant.json", "constant"),
        ("m.json", None),
        ("pmml", None),
    ],
)
def test_a_file_suggests_its_format_by_its_name(file: str, model_type: str | None) -> None:
    assert type_of_file(Path(file)) == model_type


def test_a_format_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(InvalidModel, match=r"no format 'onnx' is installed; there are: .*pmml"):
        factory_of("onnx")


@pytest.fixture
def broken_format(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    there = list(entry_points(group=module.GROUP))
    broken = EntryPoint("broken", "hedgerow_no_such_module:Factory", module.GROUP)
    monkeypatch.setattr(module, "entry_points", lambda group: [broken, *there])
    module._load.cache_clear()
    yield
    module._load.cache_clear()


@pytest.mark.usefixtures("broken_format")
def test_a_format_that_does_not_import_leaves_the_others_alone() -> None:
    assert factory_of("pmml").model_type == "pmml"
    with pytest.raises(InvalidModel, match="'broken' is installed but broken: ModuleNotFoundError"):
        factory_of("broken")


@pytest.mark.parametrize("engine", ["tensorflow", "jpype", "defusedxml", "pypmml"])
def test_finding_formats_imports_no_engine(engine: str) -> None:
    code = (
        "import json, sys; from hedgerow.formats.factories import factories;"
        " print(json.dumps([sorted(factories()), sorted(sys.modules)]))"
    )

    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

    formats, imported = json.loads(found.stdout)
    assert {"pmml", "saved_model", "tensorflow_graph"} <= set(formats)
    assert engine not in imported


# -- the constant model, which other tests are made of ---------------------------------------------


def write(tmp_path: Path, **said: Any) -> Path:
    file = tmp_path / "m.constant.json"
    file.write_text(json.dumps(said))
    return file


def load(tmp_path: Path, **said: Any) -> Model:
    return load_model(write(tmp_path, **said), descriptor("constant"))


BATCH = Batch.from_records("test", [{"a": 1.0}, {"a": 2.0}])


def test_a_constant_label_is_given_to_every_row(tmp_path: Path) -> None:
    model = load(tmp_path, value="1", classes=["0", "1"], confidence=0.9)

    predictions = model.score(BATCH, explain=True)

    assert isinstance(predictions.values, Labels)
    assert predictions.values.to_list() == ["1", "1"]
    assert predictions.confidences == pytest.approx([0.9, 0.9])
    assert list(predictions.outputs) == ["answer", "process"]


def test_a_constant_number_is_a_regression(tmp_path: Path) -> None:
    model = load(tmp_path, value=3.5)

    assert model.signature.prediction_type == Signature.PREDICTION_TYPE_REGRESSION
    assert model.score(BATCH).values.tolist() == [3.5, 3.5]  # type: ignore[union-attr]


def test_a_feature_can_be_the_answer(tmp_path: Path) -> None:
    values = load(tmp_path, features=["a"], answer_feature="a").score(BATCH).values

    assert isinstance(values, np.ndarray)
    assert values.tolist() == [1, 2]


def test_it_misbehaves_from_the_call_it_is_told(tmp_path: Path) -> None:
    model = load(tmp_path, value="1", fail="as told", after=2)
    warm_up(model)

    model.score(BATCH)

    for _ in range(2):
        with pytest.raises(RuntimeError, match="as told"):
            model.score(BATCH)


def test_it_can_fail_to_load(tmp_path: Path) -> None:
    with pytest.raises(InvalidModel, match="as told"):
        load(tmp_path, value="1", fail_load="as told")


@pytest.mark.parametrize("said", [{"crash": True}, {"crash_once_file": "once"}])
def test_it_can_kill_its_process(tmp_path: Path, said: dict[str, Any]) -> None:
    once = tmp_path / "once"
    once.touch()
    if "crash_once_file" in said:
        said = {"crash_once_file": str(once)}
    model = load(tmp_path, value="1", **said)

    code = _exit_code_of_scoring(model)

    assert code == -signal.SIGKILL
    assert once.exists() == ("crash" in said)
    if "crash" not in said:
        assert _exit_code_of_scoring(model) == 0


def _exit_code_of_scoring(model: Model) -> int:
    script = (
        "import sys; from hedgerow.formats.factories import factory_of;"
        "from hedgerow.data.records import Batch;"
        "model = factory_of('constant').restore(sys.stdin.buffer.read());"
        "model.score(Batch.from_records('test', [{'a': 1.0}]))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, input=model.to_bytes(), env=environment).returncode


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "must be a JSON object"),
        ('{"value": "1", "jitter": 1}', "unknown key 'jitter'"),
        ('{"value": null}', "'value' has a value of the wrong type"),
        ('{"value": true}', "'value' has a value of the wrong type"),
        ('{"value": "1", "hang": 1}', "'hang' has a value of the wrong type"),
        ("{}", "either 'value' or 'answer_feature'"),
        ('{"value": "1", "answer_feature": "a"}', "either 'value' or 'answer_feature'"),
        ('{"answer_feature": "a"}', "'a' is not one of the features"),
        ('{"value": "1", "classes": ["0"]}', "'1' is not one of the classes"),
        ('{"value": 1, "classes": ["0"]}', "a number has no classes"),
        ('{"value": "1", "features": [1]}', "lists of text"),
    ],
)
def test_nonsense_is_refused(tmp_path: Path, definition: str, reason: str) -> None:
    (tmp_path / "m.constant.json").write_text(definition)

    with pytest.raises(InvalidModel, match=reason):
        inspect(tmp_path / "m.constant.json", descriptor("constant"))
