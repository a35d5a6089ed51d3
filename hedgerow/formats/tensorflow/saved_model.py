"""The format `saved_model`: TensorFlow's SavedModel, as a zip or tar file of its directory.

What is served is the signature `serving_default` of the graph tagged `serve`: one tensor of numbers in,
scores out. The descriptor names the features in the order in which they are stacked, and the classes.
"""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from google.protobuf.message import DecodeError

from hedgerow.errors import InvalidModel
from hedgerow.formats.interface import Model, ModelFactory
from hedgerow.formats.tensorflow.archive import GRAPH_FILE, read_graph, unpack
from hedgerow.formats.tensorflow.ops import refuse
from hedgerow.formats.tensorflow.signature import Shape, check_input, check_output, complete
from hedgerow.formats.tensorflow.tensor_model import TensorModel
from hedgerow.formats.v1.tensorflow_pb2 import MetaGraph, SavedModel, SignatureDef, TensorInfo
from hedgerow.v1.models_pb2 import ModelDescriptor, Signature

TAG = "serve"
DEFAULT = "serving_default"

_TYPES = {1: "float32", 2: "float64"}
_OTHER_TYPES = {3: "int32", 7: "string", 9: "int64", 10: "bool", 14: "bfloat16", 19: "float16"}


class SavedModelFactory(ModelFactory):
    """SavedModels in an archive."""

    model_type = "saved_model"
    suffixes = (".zip", ".tar", ".tar.gz", ".tgz")
    preload = ("hedgerow.formats.tensorflow.session",)

    def inspect(self, descriptor: ModelDescriptor, definition: Path) -> Signature:
        graph = _serving(read_graph(definition))
        refuse(_ops(graph), to_score=False)
        signature = complete(descriptor.signature)
        call = _default(graph)
        signature.input = _input(call, signature.input)
        signature.output = _output(call, signature.output)
        _check("input", call.inputs[signature.input], signature.input)
        _check("output", call.outputs[signature.output], signature.output)
        check_input(signature.input, _shape(call.inputs[signature.input]), signature)
        check_output(signature.output, _shape(call.outputs[signature.output]), signature)
        return signature

    def create(self, descriptor: ModelDescriptor, definition: Path) -> Model:
        from hedgerow.formats.tensorflow.session import TensorFlowSession

        with tempfile.TemporaryDirectory(prefix="hedgerow-saved-model-") as folder:
            directory = unpack(definition, Path(folder))
            session = TensorFlowSession.of_saved_model(directory, descriptor.signature)
        return TensorModel(descriptor, definition, session)


def _serving(data: bytes) -> MetaGraph:
    try:
        graphs = SavedModel.FromString(data).meta_graphs
    except DecodeError as exc:
        raise InvalidModel(f"{GRAPH_FILE} is damaged: it is no serialized SavedModel") from exc
    for graph in graphs:
        if list(graph.meta_info.tags) == [TAG]:
            return graph
    there = ", ".join("+".join(graph.meta_info.tags) or "none" for graph in graphs) or "no graph"
    raise InvalidModel(f"the SavedModel has no graph with the tag {TAG!r}; there is: {there}")


def _ops(graph: MetaGraph) -> Iterable[str]:
    yield from (node.op for node in graph.graph.nodes)
    for function in graph.graph.library.functions:
        yield from (node.op for node in function.nodes)


def _default(graph: MetaGraph) -> SignatureDef:
    if DEFAULT not in graph.signatures:
        there = ", ".join(sorted(graph.signatures)) or "none"
        raise InvalidModel(
            f"the SavedModel has no signature {DEFAULT!r} (there is: {there}); save it with"
            f" signatures={{{DEFAULT!r}: ...}}"
        )
    return graph.signatures[DEFAULT]


def _input(call: SignatureDef, named: str) -> str:
    """Return the only argument. A second one would have no value, so naming one does not help."""
    if len(call.inputs) != 1:
        raise InvalidModel(
            f"{DEFAULT} takes {_listed(call.inputs)}; a model takes one tensor with all features"
        )
    return _named("input", call.inputs, named or next(iter(call.inputs)))


def _output(call: SignatureDef, named: str) -> str:
    if not named and len(call.outputs) != 1:
        raise InvalidModel(
            f"{DEFAULT} gives {_listed(call.outputs)}; say which are the scores with --output"
        )
    return _named("output", call.outputs, named or next(iter(call.outputs)))


def _named(what: str, tensors: Mapping[str, TensorInfo], name: str) -> str:
    if name not in tensors:
        raise InvalidModel(f"{DEFAULT} has no {what} {name!r}; there is: {_listed(tensors)}")
    return name


def _listed(tensors: Mapping[str, TensorInfo]) -> str:
    return ", ".join(sorted(tensors)) or "nothing"


def _check(what: str, tensor: TensorInfo, name: str) -> None:
    if tensor.dtype not in _TYPES:
        found = _OTHER_TYPES.get(tensor.dtype, f"TensorFlow's type {tensor.dtype}")
        raise InvalidModel(f"{what} {name!r} is of {found}; it must be float32 or float64")


def _shape(tensor: TensorInfo) -> Shape:
    if tensor.shape.unknown_rank:
        return None
    return [size.size if size.size >= 0 else None for size in tensor.shape.dimensions]
