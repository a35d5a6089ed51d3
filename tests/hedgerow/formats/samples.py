"""Makes descriptors, documents, graphs and archives for tests, without an engine."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hedgerow.formats.factories import factory_of
from hedgerow.formats.v1.tensorflow_pb2 import MetaGraph, Node, SavedModel, TensorInfo
from hedgerow.v1.models_pb2 import Feature, ModelDescriptor, Signature

FLOAT32, STRING = 1, 7


def descriptor(
    model_type: str, features: Iterable[str] = (), classes: Iterable[str] = ()
) -> ModelDescriptor:
    """What a user would say."""
    signature = Signature(features=[Feature(name=name) for name in features], classes=classes)
    return ModelDescriptor(data_type="test", name="m", model_type=model_type, signature=signature)


def inspect(definition: Path, said: ModelDescriptor) -> Signature:
    """Do what the registry does."""
    return factory_of(said.model_type).inspect(said, definition)


# -- PMML ------------------------------------------------------------------------------------------

FIELDS = (
    '<DataField name="x" optype="continuous" dataType="double"/>'
    '<DataField name="y" optype="categorical" dataType="string">'
    '<Value value="a"/><Value value="b"/></DataField>'
)
SCHEMA = '<MiningField name="x"/><MiningField name="y" usageType="target"/>'
NODE = '<Node score="a"><True/></Node>'


def tree(
    attributes: str = "",
    *,
    schema: str = SCHEMA,
    inside: str = NODE,
    function: str = "classification",
) -> str:
    """A TreeModel."""
    return (
        f'<TreeModel functionName="{function}" {attributes}>\n'
        f"<MiningSchema>{schema}</MiningSchema>\n{inside}</TreeModel>"
    )


def ensemble(*models: str, method: str = "selectFirst", schema: str = SCHEMA) -> str:
    """A MiningModel."""
    segments = "".join(f"<Segment><True/>{model}</Segment>" for model in models)
    return (
        f'<MiningModel functionName="classification"><MiningSchema>{schema}</MiningSchema>'
        f'<Segmentation multipleModelMethod="{method}">{segments}</Segmentation></MiningModel>'
    )


def pmml(model: str, *, fields: str = FIELDS, header: str = "<Header/>", prolog: str = "") -> str:
    """A document."""
    return (
        f'{prolog}<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">\n{header}\n'
        f"<DataDictionary>{fields}</DataDictionary>\n{model}\n</PMML>"
    )


# -- TensorFlow ------------------------------------------------------------------------------------


def tensor(shape: Sequence[int] | None = (-1, 2), dtype: int = FLOAT32) -> TensorInfo:
    """What a signature says of a tensor; the shape None is not known."""
    info = TensorInfo(name="t:0", dtype=dtype)
    if shape is None:
        info.shape.unknown_rank = True
    for size in shape or ():
        info.shape.dimensions.add(size=size)
    return info


def saved_model(
    inputs: Mapping[str, TensorInfo] | None = None,
    outputs: Mapping[str, TensorInfo] | None = None,
    *,
    tags: Sequence[str] = ("serve",),
    signature: str = "serving_default",
    ops: Iterable[str] = ("Placeholder",),
    function_ops: Iterable[str] = (),
) -> bytes:
    """A saved_model.pb that takes two features and gives two scores; nothing can run it."""
    graph = MetaGraph()
    graph.meta_info.tags.extend(tags)
    graph.graph.nodes.extend(Node(name=f"n{i}", op=op) for i, op in enumerate(ops))
    graph.graph.library.functions.add().nodes.extend(Node(name=op, op=op) for op in function_ops)
    call = graph.signatures[signature]
    for ours, theirs in (
        (inputs or {"in": tensor()}, call.inputs),
        (outputs or {"out": tensor()}, call.outputs),
    ):
        for name, info in ours.items():
            theirs[name].CopyFrom(info)
    return SavedModel(meta_graphs=[graph]).SerializeToString()


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a zip file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_tar(path: Path, files: Mapping[str, bytes], mode: str = "w") -> Path:
    """Write a tar file."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path
