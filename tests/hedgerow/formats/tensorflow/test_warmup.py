"""What TensorFlow lets pass when it loads a model, and a host finds by scoring before it serves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hedgerow.errors import InvalidModel
from hedgerow.formats import Model
from hedgerow.formats.factories import factory_of
from hedgerow.formats.warmup import Warmth, warm_up
from tests.hedgerow.formats.samples import descriptor
from tests.hedgerow.formats.tensorflow.test_saved_model import create, export


def saved(folder: Path, function: Callable[..., Any], classes: str = "") -> Model:
    """A SavedModel of the features `a` and `b`."""
    archive = export(folder, function)
    return create(archive, descriptor("saved_model", ["a", "b"], classes.split()))


def squeezed(tf: Any, module: Any, rows: Any) -> Any:
    return {"out": tf.squeeze(tf.reduce_sum(rows, axis=1, keepdims=True)) * module.weight}


def squeezed_scores(tf: Any, module: Any, rows: Any) -> Any:
    """Of one record it gives two scores, which look like one of each of two records."""
    return {"out": tf.squeeze(tf.nn.softmax(rows * module.weight))}


def for_pairs(tf: Any, module: Any, rows: Any) -> Any:
    return {"out": tf.reshape(tf.reshape(rows, [-1, 4])[:, :2], [-1, 2]) * module.weight}


def logits_squeezed(tf: Any, module: Any, rows: Any) -> Any:
    """One score of two classes, which is no probability: a failure by value, if it is one."""
    return {"out": tf.squeeze(rows * 1000.0 + module.weight)}


@pytest.mark.parametrize(
    ("function", "classes", "problem"),
    [
        (squeezed, "", r"one record by itself: the output 'out' has the shape \[\]"),
        (squeezed_scores, "x y", r"one record by itself: .* have the shape \[2\] for 1 rows"),
        (logits_squeezed, "x y", "answers a record in a batch and fails on it by itself.*no prob"),
        (for_pairs, "x y", r"8 records in one batch: .* \[4\] for 8 rows"),
    ],
)
def test_a_model_that_only_works_in_batches_is_refused(
    tmp_path: Path, function: Callable[..., Any], classes: str, problem: str
) -> None:
    with pytest.raises(InvalidModel, match=problem):
        warm_up(saved(tmp_path, function, classes))


def test_a_table_that_was_never_initialised_is_found(tmp_path: Path) -> None:
    """The table's initializer is not saved, for nothing that is saved holds the table's wrapper."""

    def looked_up(tf: Any, module: Any, rows: Any) -> Any:
        table = tf.raw_ops.HashTableV2(key_dtype=tf.int64, value_dtype=tf.float64)
        keys = tf.cast(rows[:, 0], tf.int64)
        found = tf.raw_ops.LookupTableFindV2(
            table_handle=table, keys=keys, default_value=tf.constant(0.0, tf.float64)
        )
        return {"out": found * module.weight}

    with pytest.raises(InvalidModel, match=r"never initialised .*give the table an initializer"):
        warm_up(saved(tmp_path, looked_up))


def test_a_variable_that_has_no_value_is_found(tmp_path: Path) -> None:
    def unset(tf: Any, module: Any, rows: Any) -> Any:
        handle = tf.raw_ops.VarHandleOp(dtype=tf.float64, shape=[], shared_name="nobody_sets_it")
        return {"out": rows[:, 0] * tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float64)}

    with pytest.raises(InvalidModel, match=r"never initialised .*and the variable a value"):
        warm_up(saved(tmp_path, unset))


def test_a_model_that_refuses_values_is_let_pass(tmp_path: Path) -> None:
    def strict(tf: Any, module: Any, rows: Any) -> Any:
        with tf.control_dependencies(
            [tf.debugging.assert_greater(rows, tf.constant(1e6, tf.float64))]
        ):
            return {"out": rows[:, 0] * module.weight}

    warmth = warm_up(saved(tmp_path, strict))

    assert warmth.rounds == 0
    assert "TensorFlow failed" in warmth.refused


def test_a_frozen_graph_whose_table_nobody_fills_is_found(tmp_path: Path) -> None:
    import tensorflow as tf

    graph = tf.Graph()
    with graph.as_default():
        rows = tf.compat.v1.placeholder(tf.float32, [None, 1], name="in")
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant([1], tf.int64), tf.constant([2.0], tf.float32)
            ),
            0.0,
        )
        tf.identity(table.lookup(tf.cast(rows[:, 0], tf.int64)), name="out")
    (tmp_path / "graph.pb").write_bytes(graph.as_graph_def().SerializeToString())
    said = descriptor("tensorflow_graph", ["a"])
    said.signature.input, said.signature.output = "in", "out"
    said.signature.CopyFrom(factory_of("tensorflow_graph").inspect(said, tmp_path / "graph.pb"))
    model = factory_of("tensorflow_graph").create(said, tmp_path / "graph.pb")

    with pytest.raises(InvalidModel, match=r"never initialised .*Table not initialized"):
        warm_up(model)


def test_good_models_pass_and_soon_get_no_faster(tmp_path: Path) -> None:
    def good(tf: Any, module: Any, rows: Any) -> Any:
        return {"out": tf.reduce_sum(rows, axis=1) * module.weight}

    warmth = warm_up(saved(tmp_path, good))

    assert warmth.refused == ""
    assert warmth != Warmth(0)
