import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hedgerow.v1 import plans_pb2 as _plans_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelDescriptor(_message.Message):
    __slots__ = ("data_type", "name", "model_type", "description", "quality", "signature")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    name: str
    model_type: str
    description: str
    quality: float
    signature: Signature
    def __init__(self, data_type: _Optional[str] = ..., name: _Optional[str] = ..., model_type: _Optional[str] = ..., description: _Optional[str] = ..., quality: _Optional[float] = ..., signature: _Optional[_Union[Signature, _Mapping]] = ...) -> None: ...

class Signature(_message.Message):
    __slots__ = ("features", "prediction_type", "classes", "input", "output")
    class PredictionType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        PREDICTION_TYPE_UNSPECIFIED: _ClassVar[Signature.PredictionType]
        PREDICTION_TYPE_CLASSIFICATION: _ClassVar[Signature.PredictionType]
        PREDICTION_TYPE_REGRESSION: _ClassVar[Signature.PredictionType]
    PREDICTION_TYPE_UNSPECIFIED: Signature.PredictionType
    PREDICTION_TYPE_CLASSIFICATION: Signature.PredictionType
    PREDICTION_TYPE_REGRESSION: Signature.PredictionType
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    features: _containers.RepeatedCompositeFieldContainer[Feature]
    prediction_type: Signature.PredictionType
    classes: _containers.RepeatedScalarFieldContainer[str]
    input: str
    output: str
    def __init__(self, features: _Optional[_Iterable[_Union[Feature, _Mapping]]] = ..., prediction_type: _Optional[_Union[Signature.PredictionType, str]] = ..., classes: _Optional[_Iterable[str]] = ..., input: _Optional[str] = ..., output: _Optional[str] = ...) -> None: ...

class Feature(_message.Message):
    __slots__ = ("name", "type", "may_be_missing", "unused")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TYPE_UNSPECIFIED: _ClassVar[Feature.Type]
        TYPE_DOUBLE: _ClassVar[Feature.Type]
        TYPE_INTEGER: _ClassVar[Feature.Type]
        TYPE_STRING: _ClassVar[Feature.Type]
        TYPE_BOOLEAN: _ClassVar[Feature.Type]
    TYPE_UNSPECIFIED: Feature.Type
    TYPE_DOUBLE: Feature.Type
    TYPE_INTEGER: Feature.Type
    TYPE_STRING: Feature.Type
    TYPE_BOOLEAN: Feature.Type
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MAY_BE_MISSING_FIELD_NUMBER: _ClassVar[int]
    UNUSED_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: Feature.Type
    may_be_missing: bool
    unused: bool
    def __init__(self, name: _Optional[str] = ..., type: _Optional[_Union[Feature.Type, str]] = ..., may_be_missing: bool = ..., unused: bool = ...) -> None: ...

class ModelVersion(_message.Message):
    __slots__ = ("descriptor", "signature", "version", "sha256", "size", "pushed_at")
    DESCRIPTOR_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    PUSHED_AT_FIELD_NUMBER: _ClassVar[int]
    descriptor: ModelDescriptor
    signature: Signature
    version: int
    sha256: str
    size: int
    pushed_at: _timestamp_pb2.Timestamp
    def __init__(self, descriptor: _Optional[_Union[ModelDescriptor, _Mapping]] = ..., signature: _Optional[_Union[Signature, _Mapping]] = ..., version: _Optional[int] = ..., sha256: _Optional[str] = ..., size: _Optional[int] = ..., pushed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ModelEvent(_message.Message):
    __slots__ = ("at", "pushed", "plan_applied")
    AT_FIELD_NUMBER: _ClassVar[int]
    PUSHED_FIELD_NUMBER: _ClassVar[int]
    PLAN_APPLIED_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    pushed: ModelPushed
    plan_applied: _plans_pb2.Plan
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., pushed: _Optional[_Union[ModelPushed, _Mapping]] = ..., plan_applied: _Optional[_Union[_plans_pb2.Plan, _Mapping]] = ...) -> None: ...

class ModelPushed(_message.Message):
    __slots__ = ("model", "inline", "chunks")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    INLINE_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    model: ModelVersion
    inline: bytes
    chunks: int
    def __init__(self, model: _Optional[_Union[ModelVersion, _Mapping]] = ..., inline: _Optional[bytes] = ..., chunks: _Optional[int] = ...) -> None: ...
