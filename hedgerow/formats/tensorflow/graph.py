"""The format `tensorflow_graph`: a frozen GraphDef (`.pb`), its variables turned into constants.

A graph says nothing of what it is for, so the descriptor names its tensors, features and classes. Types
and shapes are part of TensorFlow's own notes on its operations; they are checked when the graph is loaded.
"""

from pathlib import Path

from google.protobuf.message import DecodeError

from hedgerow.errors import InvalidModel
from hedgerow.formats.interface import Model, ModelFactory
from hedgerow.formats.tensorflow.ops import refuse
from hedgerow.formats.tensorflow.signature import complete
from hedgerow.formats.tensorflow.tensor_model import TensorModel
from hedgerow.formats.v1.tensorflow_pb2 import Graph
from hedgerow.v1.models_pb2 import ModelDescriptor, Signature

_INPUTS = ("Placeholder", "PlaceholderWithDefault")
_VARIABLES = ("VarHandleOp", "Variable", "VariableV2")
_SHOWN = 5


class TensorFlowGraphFactory(ModelFactory):
    """Frozen graphs."""

    model_type = "tensorflow_graph"
    suffixes = (".pb",)
    preload = ("hedgerow.formats.tensorflow.session",)

    def inspect(self, descriptor: ModelDescriptor, definition: Path) -> Signature:
        graph = _read(definition)
        ops = [node.op for node in graph.nodes]
        ops += [node.op for function in graph.library.functions for node in function.nodes]
        refuse(ops, to_score=True)
        _check_frozen(graph)
        signature = complete(descriptor.signature)
        signature.input = _tensor(graph, "input", signature.input)
        signature.output = _tensor(graph, "output", signature.output)
        return signature

    def create(self, descriptor: ModelDescriptor, definition: Path) -> Model:
        from hedgerow.formats.tensorflow.session import TensorFlowSession

        session = TensorFlowSession.of_graph(definition.read_bytes(), descriptor.signature)
        return TensorModel(descriptor, definition, session)


def _read(definition: Path) -> Graph:
    try:
        graph = Graph.FromString(definition.read_bytes())
    except DecodeError as exc:
        raise InvalidModel(
            "not a serialized GraphDef; push the .pb file of a frozen graph"
        ) from exc
    # Many files parse as a message of which nothing is known, a saved_model.pb among them.
    if not graph.nodes or not all(node.name and node.op for node in graph.nodes):
        raise InvalidModel(
            "the file has no operations of a GraphDef; if it is a SavedModel, push its directory as a"
            " zip or tar file"
        )
    return graph


def _check_frozen(graph: Graph) -> None:
    for node in graph.nodes:
        if node.op in _VARIABLES:
            raise InvalidModel(
                f"the graph is not frozen: {node.name!r} is a variable, and its value is not in the"
                " file; freeze it, or push a SavedModel"
            )


def _tensor(graph: Graph, what: str, name: str) -> str:
    """Return the full name of a tensor; `probabilities` is the first output of the node."""
    if not name:
        raise InvalidModel(f"say which tensor is the {what}: --{what} {_likely(graph, what)}")
    node, _, place = name.partition(":")
    if node not in {node.name for node in graph.nodes}:
        raise InvalidModel(
            f"the graph has no tensor {name!r} for the {what}; likely is {_likely(graph, what)}"
        )
    return f"{node}:{place or 0}"


def _likely(graph: Graph, what: str) -> str:
    """Name placeholders as inputs, and as an output the node that was made last."""
    inputs = [f"{node.name}:0" for node in graph.nodes if node.op in _INPUTS]
    candidates = inputs[:_SHOWN] if what == "input" else [f"{graph.nodes[-1].name}:0"]
    return " or ".join(candidates) or "(it has no placeholder)"
