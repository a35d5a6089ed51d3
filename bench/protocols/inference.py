"""The Open Inference Protocol v2, which Triton, KServe and MLServer have in common.

Records are one tensor of doubles, answers two tensors: `label`, the class as a number, and `confidence`.
All travel as raw bytes, as Triton's client sends them. The messages have the fields that this needs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from bench.measured import Tally
from bench.payload import batches
from bench.protocols.protocol import Protocol

_INFER = "/inference.GRPCInferenceService/ModelInfer"
_STRING, _BYTES = FieldDescriptorProto.TYPE_STRING, FieldDescriptorProto.TYPE_BYTES
_INT64, _MESSAGE = FieldDescriptorProto.TYPE_INT64, FieldDescriptorProto.TYPE_MESSAGE
_ONE, _MANY = FieldDescriptorProto.LABEL_OPTIONAL, FieldDescriptorProto.LABEL_REPEATED


def _field(
    name: str,
    number: int,
    kind: FieldDescriptorProto.Type.ValueType,
    label: FieldDescriptorProto.Label.ValueType = _ONE,
    of: str | None = None,
) -> FieldDescriptorProto:
    return FieldDescriptorProto(name=name, number=number, type=kind, label=label, type_name=of)


def _messages() -> tuple[Any, Any]:
    """Return the classes of request and response."""
    tensor = [_field("name", 1, _STRING), _field("datatype", 2, _STRING)]
    tensor.append(_field("shape", 3, _INT64, _MANY))
    request = [_field("model_name", 1, _STRING), _field("raw_input_contents", 7, _BYTES, _MANY)]
    request.append(_field("inputs", 5, _MESSAGE, _MANY, ".inference.Tensor"))
    response = [_field("outputs", 5, _MESSAGE, _MANY, ".inference.Tensor")]
    response.append(_field("raw_output_contents", 6, _BYTES, _MANY))
    messages = {"Tensor": tensor, "ModelInferRequest": request, "ModelInferResponse": response}
    pool = DescriptorPool()  # not the one of all: somebody may have the whole protocol in that
    pool.Add(
        FileDescriptorProto(
            name="inference.proto",
            package="inference",
            syntax="proto3",
            message_type=[DescriptorProto(name=n, field=fields) for n, fields in messages.items()],
        )
    )
    found = [pool.FindMessageTypeByName(f"inference.{name}") for name in messages]
    return GetMessageClass(found[1]), GetMessageClass(found[2])


Request, Response = _messages()


def _requests(rows: int) -> list[bytes]:
    return [_request(batch.blocks[0].values) for batch in batches(rows)]


def _request(records: Any) -> bytes:
    tensor = {"name": "records", "datatype": "FP64", "shape": records.shape}
    raw = np.ascontiguousarray(records, "<f8").tobytes()
    request = Request(model_name="wine", inputs=[tensor], raw_input_contents=[raw])
    encoded: bytes = request.SerializeToString()
    return encoded


def _count(tally: Tally, begun: float, ended: float, response: Any) -> None:
    tally.add_rows(begun, ended, response.outputs[0].shape[0])


def _labels(response: Any) -> list[str]:
    place = [output.name for output in response.outputs].index("label")
    return [str(label) for label in np.frombuffer(response.raw_output_contents[place], "<i8")]


PROTOCOL = Protocol(_INFER, _requests, Response.FromString, _count, _labels)
