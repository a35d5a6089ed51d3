"""Models that stand in the place of the engine's own: what they answer is the engine's to the last bit."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.data.records import Batch, Record
from hedgerow.formats import Model
from hedgerow.formats.pmml import engine
from tests.hedgerow.formats.conftest import DOCUMENTS, WINE, load_model
from tests.hedgerow.formats.samples import descriptor, pmml

Both = Callable[[Path], tuple[Model, Model]]

NUMBERS = ("x", "y", "z")
CLASSES = ("a", "b", "c")
FIELDS = (
    "".join(f'<DataField name="{n}" optype="continuous" dataType="double"/>' for n in NUMBERS)
    + '<DataField name="kind" optype="categorical" dataType="string">'
    + "".join(f'<Value value="{value}"/>' for value in "pqr")
    + "</DataField>"
)
LABEL = '<DataField name="t" optype="categorical" dataType="string">{}</DataField>'.format(
    "".join(f'<Value value="{value}"/>' for value in CLASSES)
)
NUMBER = '<DataField name="t" optype="continuous" dataType="double"/>'
INPUTS = "".join(f'<MiningField name="{name}"/>' for name in (*NUMBERS, "kind"))
COMPARISONS = ("lessThan", "lessOrEqual", "greaterThan", "greaterOrEqual", "equal", "notEqual")


@pytest.fixture
def load_both(monkeypatch: pytest.MonkeyPatch) -> Both:
    """Load a document with what stands for the engine's models, and with the engine's alone."""

    def load(document: Path) -> tuple[Model, Model]:
        ours = load_model(document, descriptor("pmml"))
        with monkeypatch.context() as patched:
            patched.setattr(engine, "faster", lambda model: model)
            return ours, load_model(document, descriptor("pmml"))

    return load


class Forest:
    """Makes a document of random trees that have all that trees may have: a forest, or boosting."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._classifies = self._chance(0.4)
        self._function = "classification" if self._classifies else "regression"

    def document(self) -> str:
        """Return the document."""
        if self._classifies:
            return pmml(self._ensemble("average", LABELLED), fields=FIELDS + LABEL)
        inner = self._ensemble(self._random.choice(("sum", "average")), self._schema())
        if self._chance(0.5):
            return pmml(inner, fields=FIELDS + NUMBER)
        return pmml(self._chain(), fields=FIELDS + LABEL)

    def records(self) -> list[Record]:
        """Return records with values on bounds, off them, and missing."""
        return [
            {name: self._value() for name in NUMBERS} | {"kind": self._random.choice("pqr")}
            for _ in range(80)
        ]

    def _value(self) -> float | None:
        if self._chance(0.1):
            return None
        return self._random.choice((self._random.randint(-3, 3), self._random.uniform(-3, 3)))

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _schema(self) -> str:
        replaced = ' missingValueReplacement="0.5"' if self._chance(0.3) else ""
        fields = INPUTS.replace('"x"', f'"x"{replaced}')
        return f'{fields}<MiningField name="t" usageType="target"/>'

    def _ensemble(self, method: str, schema: str, extras: str = "") -> str:
        treatment = self._random.choice(("continue", "skipSegment", "returnMissing"))
        trees = "".join(f"<Segment><True/>{self._tree()}</Segment>" for _ in range(7))
        return (
            f'<MiningModel functionName="{self._function}"><MiningSchema>{schema}</MiningSchema>'
            f'{extras}<Segmentation multipleModelMethod="{method}"'
            f' missingPredictionTreatment="{treatment}">{trees}</Segmentation></MiningModel>'
        )

    def _chain(self) -> str:
        sums = "".join(
            f"<Segment><True/>{self._ensemble('sum', INPUTS, self._output(i))}</Segment>"
            for i in range(len(CLASSES))
        )
        tables = "".join(
            f'<RegressionTable intercept="0" targetCategory="{name}">'
            f'<NumericPredictor name="s{i}" coefficient="1"/></RegressionTable>'
            for i, name in enumerate(CLASSES)
        )
        seen = "".join(f'<MiningField name="s{i}"/>' for i in range(len(CLASSES)))
        last = (
            '<RegressionModel functionName="classification" normalizationMethod="softmax">'
            f'<MiningSchema>{seen}<MiningField name="t" usageType="target"/></MiningSchema>'
            f"{tables}</RegressionModel>"
        )
        return (
            f'<MiningModel functionName="classification"><MiningSchema>{LABELLED}</MiningSchema>'
            f'<Segmentation multipleModelMethod="modelChain">{sums}<Segment><True/>{last}</Segment>'
            "</Segmentation></MiningModel>"
        )

    def _output(self, place: int) -> str:
        rescaled = '<Targets><Target rescaleConstant="0.25" rescaleFactor="0.1"/></Targets>'
        field = f'<OutputField name="s{place}" optype="continuous" dataType="double"/>'
        return f"<Output>{field}</Output>{rescaled if self._chance(0.5) else ''}"

    def _tree(self) -> str:
        missing = self._random.choice(("none", "nullPrediction", "lastPrediction"))
        no_child = self._random.choice(("returnNullPrediction", "returnLastPrediction"))
        return (
            f'<TreeModel functionName="{self._function}" missingValueStrategy="{missing}"'
            f' noTrueChildStrategy="{no_child}"><MiningSchema>{INPUTS}</MiningSchema>'
            f"{self._node('<True/>', self._random.randint(0, 3))}</TreeModel>"
        )

    def _node(self, test: str, depth: int) -> str:
        score = self._random.choice((f"{self._random.uniform(-1, 1)}", "-0.0"))
        if self._classifies:
            score = self._random.choice(CLASSES)
        children = "".join(
            self._node(self._test(last=last), depth - 1) for last in (False, True) if depth
        )
        return f'<Node score="{score}">{test}{self._distributions()}{children}</Node>'

    def _distributions(self) -> str:
        return "".join(
            f'<ScoreDistribution value="{name}" recordCount="{self._random.randint(1, 9)}"/>'
            for name in CLASSES
            if self._classifies
        )

    def _test(self, *, last: bool) -> str:
        if last and self._chance(0.5):
            return "<True/>"
        name, bound = self._random.choice(NUMBERS), self._random.randint(-2, 2)
        simple = f'<SimplePredicate field="{name}" operator="{{}}" value="{bound}"/>'
        compared = simple.format(self._random.choice(COMPARISONS))
        return self._random.choice(
            (
                compared,
                compared,
                f'<SimplePredicate field="{name}" operator="isMissing"/>',
                f'<SimplePredicate field="{name}" operator="isNotMissing"/>',
                '<SimplePredicate field="kind" operator="equal" value="p"/>',
                '<SimpleSetPredicate field="kind" booleanOperator="isIn">'
                '<Array n="2" type="string">p q</Array></SimpleSetPredicate>',
                f'<CompoundPredicate booleanOperator="surrogate">{compared}'
                '<SimplePredicate field="z" operator="lessThan" value="0"/></CompoundPredicate>',
            )
        )


LABELLED = f'{INPUTS}<MiningField name="t" usageType="target"/>'


def bits(predictions: Predictions) -> tuple[object, ...]:
    values, confidences = predictions.values, predictions.confidences
    said = values.indexes if isinstance(values, Labels) else values
    known = b"" if confidences is None else confidences.tobytes()
    outputs = {name: _plain(column) for name, column in predictions.outputs.items()}
    return said.tobytes(), known, tuple(predictions.absent), outputs


def _plain(column: Labels | np.ndarray) -> object:
    return column.to_list() if isinstance(column, Labels) else column.tobytes()


def answers(model: Model, batch: Batch, *, explain: bool) -> object:
    try:
        return bits(model.score(batch, explain=explain))
    except RuntimeError as error:
        return str(error)


def assert_same(both: tuple[Model, Model], batch: Batch) -> None:
    ours, engines = both
    for explain in (False, True, False):
        assert answers(ours, batch, explain=explain) == answers(engines, batch, explain=explain)
    for row in range(min(batch.rows, 20)):
        one = batch.rows_of(row, row + 1)
        assert answers(ours, one, explain=False) == answers(engines, one, explain=False)


@pytest.mark.parametrize("seed", range(60))
def test_random_ensembles_of_trees_answer_as_the_engine_alone(
    seed: int, load_both: Both, tmp_path: Path
) -> None:
    forest = Forest(seed)
    document = tmp_path / "forest.pmml"
    document.write_text(forest.document())

    assert_same(load_both(document), Batch.from_records("test", forest.records()))


@pytest.mark.parametrize("name", ["wine-boosting", "wine-logistic", "wine-tree", "wine-tree-2"])
def test_the_models_of_the_example_answer_as_the_engine_alone(
    name: str, load_both: Both, wine: Batch
) -> None:
    assert_same(load_both(WINE / f"{name}.pmml"), wine)


def test_models_that_nothing_stands_for_are_the_engines_own(load_both: Both) -> None:
    batch = Batch.from_records("test", [{"income": 500.0}, {"income": None}])

    assert_same(load_both(DOCUMENTS / "loan-tree.pmml"), batch)
