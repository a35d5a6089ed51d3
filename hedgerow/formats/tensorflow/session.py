"""Runs TensorFlow graphs. The only module here that imports TensorFlow.

Graphs of both formats run in a session, as TensorFlow Serving runs them, and not as functions: one row
through a small network takes 17 µs by a session's callable and 150 as a function. All operations run in
the thread that calls, for a hand-over to another costs more than most of them do.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

# What TensorFlow remarks of the processor is of no use in the log of every host, and without oneDNN a
# model gives the same scores on every processor (small networks are no slower).
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2

from hedgerow.data.records import Matrix
from hedgerow.errors import InvalidModel
from hedgerow.formats.tensorflow.ops import ops_behind, refuse
from hedgerow.formats.tensorflow.scores import Scores
from hedgerow.formats.tensorflow.signature import Shape, check_input, check_output
from hedgerow.v1.models_pb2 import Signature

tf.get_logger().setLevel("ERROR")

_SERVE = "serve"
_DEFAULT = "serving_default"


class TensorFlowSession:
    """A loaded graph with one input and one output.

    Making one raises InvalidModel if the graph cannot be loaded, lacks its tensors or has others than
    the signature says, or needs an operation that is refused.
    """

    def __init__(self, load: Callable[[Any], tuple[Any, str, str]], signature: Signature) -> None:
        """`load` brings a graph into a session and returns its GraphDef and the two tensors' names."""
        graph = tf.Graph()
        # Minus one operation at a time means: in the calling thread, without a pool.
        config = tf.compat.v1.ConfigProto(
            intra_op_parallelism_threads=1, inter_op_parallelism_threads=-1
        )
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        with graph.as_default():
            definition, input_name, output_name = _loaded(load, self._session)
        feed, fetch = _tensor(graph, input_name), _tensor(graph, output_name)
        refuse(ops_behind(definition, fetch.op.name), to_score=True)
        check_input(input_name, _shape(feed), signature)
        check_output(output_name, _shape(fetch), signature)
        self.dtype = _dtype("input", feed)
        _dtype("output", fetch)
        # The public make_callable wraps this one in 70 µs of Python a call.
        options = config_pb2.CallableOptions(feed=[feed.name], fetch=[fetch.name])
        self._run = self._session._make_callable_from_options(options)

    @classmethod
    def of_graph(cls, definition: bytes, signature: Signature) -> "TensorFlowSession":
        """Load a serialized GraphDef; the signature names its tensors."""

        def load(session: Any) -> tuple[Any, str, str]:
            graph_def = tf.compat.v1.GraphDef.FromString(definition)
            tf.import_graph_def(graph_def, name="")
            return graph_def, signature.input, signature.output

        return cls(load, signature)

    @classmethod
    def of_saved_model(cls, directory: Path, signature: Signature) -> "TensorFlowSession":
        """Load the directory of a SavedModel; the signature names an argument and a result."""

        def load(session: Any) -> tuple[Any, str, str]:
            meta_graph = tf.compat.v1.saved_model.load(session, [_SERVE], str(directory))
            call = meta_graph.signature_def[_DEFAULT]
            return (
                meta_graph.graph_def,
                call.inputs[signature.input].name,
                call.outputs[signature.output].name,
            )

        return cls(load, signature)

    def run(self, rows: Matrix) -> Scores:
        """Return the scores of rows [records, features] of `dtype`.

        Raises RuntimeError, and InvalidModel for what no other rows would change.
        """
        try:
            scores: Scores = self._run(rows)[0]
        except tf.errors.FailedPreconditionError as exc:
            raise InvalidModel(
                f"a table or variable of the graph was never initialised ({_said(exc)}); give the table an"
                " initializer that is saved with it, and the variable a value, and export it again"
            ) from exc
        except tf.errors.OpError as exc:
            raise RuntimeError(f"TensorFlow failed: {_said(exc)}") from exc
        return scores

    def close(self) -> None:
        """Give back the graph and its variables."""
        self._session.close()


def _loaded(load: Callable[[Any], tuple[Any, str, str]], session: Any) -> tuple[Any, str, str]:
    try:
        return load(session)
    except Exception as exc:  # TensorFlow and protobuf raise a dozen types for a graph they dislike
        raise InvalidModel(f"TensorFlow does not load the model: {_said(exc)}") from exc


def _said(exc: Exception) -> str:
    """What TensorFlow said, without the list of nodes that follows."""
    lines = str(exc).strip().splitlines() or [type(exc).__name__]
    return lines[0]


# -- tensors ---------------------------------------------------------------------------------------


def _tensor(graph: Any, name: str) -> Any:
    try:
        return graph.get_tensor_by_name(name)
    except (KeyError, ValueError) as exc:
        raise InvalidModel(f"the graph has no tensor {name!r}") from exc


def _shape(tensor: Any) -> Shape:
    return None if tensor.shape.rank is None else tensor.shape.as_list()


def _dtype(what: str, tensor: Any) -> "np.dtype[Any]":
    if tensor.dtype not in (tf.float32, tf.float64):
        raise InvalidModel(
            f"{what} {tensor.name!r} is of type {tensor.dtype.name}; it must be float32 or float64"
        )
    found: np.dtype[Any] = np.dtype(tensor.dtype.as_numpy_dtype)
    return found
