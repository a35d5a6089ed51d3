import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hedgerow.v1 import records_pb2 as _records_pb2
from hedgerow.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class VersionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERSION_STATE_UNSPECIFIED: _ClassVar[VersionState]
    VERSION_STATE_PUSHED: _ClassVar[VersionState]
    VERSION_STATE_LOADING: _ClassVar[VersionState]
    VERSION_STATE_LIVE: _ClassVar[VersionState]
    VERSION_STATE_FAILED: _ClassVar[VersionState]
    VERSION_STATE_QUARANTINED: _ClassVar[VersionState]
    VERSION_STATE_RETIRED: _ClassVar[VersionState]
    VERSION_STATE_DELETED: _ClassVar[VersionState]
VERSION_STATE_UNSPECIFIED: VersionState
VERSION_STATE_PUSHED: VersionState
VERSION_STATE_LOADING: VersionState
VERSION_STATE_LIVE: VersionState
VERSION_STATE_FAILED: VersionState
VERSION_STATE_QUARANTINED: VersionState
VERSION_STATE_RETIRED: VersionState
VERSION_STATE_DELETED: VersionState

class ModelDescriptor(_message.Message):
    __slots__ = ("data_type", "name", "model_type", "description", "signature", "metrics", "parent", "location", "sha256")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    name: str
    model_type: str
    description: str
    signature: Signature
    metrics: _containers.RepeatedCompositeFieldContainer[Metric]
    parent: str
    location: str
    sha256: str
    def __init__(self, data_type: _Optional[str] = ..., name: _Optional[str] = ..., model_type: _Optional[str] = ..., description: _Optional[str] = ..., signature: _Optional[_Union[Signature, _Mapping]] = ..., metrics: _Optional[_Iterable[_Union[Metric, _Mapping]]] = ..., parent: _Optional[str] = ..., location: _Optional[str] = ..., sha256: _Optional[str] = ...) -> None: ...

class Metric(_message.Message):
    __slots__ = ("name", "value", "data_set", "lower_is_better")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    DATA_SET_FIELD_NUMBER: _ClassVar[int]
    LOWER_IS_BETTER_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    data_set: str
    lower_is_better: bool
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ..., data_set: _Optional[str] = ..., lower_is_better: bool = ...) -> None: ...

class Verification(_message.Message):
    __slots__ = ("records", "expected", "tolerance")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    records: _records_pb2.Batch
    expected: _records_pb2.Predictions
    tolerance: _rules_pb2.Tolerance
    def __init__(self, records: _Optional[_Union[_records_pb2.Batch, _Mapping]] = ..., expected: _Optional[_Union[_records_pb2.Predictions, _Mapping]] = ..., tolerance: _Optional[_Union[_rules_pb2.Tolerance, _Mapping]] = ...) -> None: ...

class Identity(_message.Message):
    __slots__ = ("name", "verified", "address")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    name: str
    verified: bool
    address: str
    def __init__(self, name: _Optional[str] = ..., verified: bool = ..., address: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("descriptor", "signature", "version", "sha256", "size", "pushed_at", "pushed_by", "tags", "verification_sha256", "verification_records", "own_verification_records")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DESCRIPTOR_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    PUSHED_AT_FIELD_NUMBER: _ClassVar[int]
    PUSHED_BY_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    VERIFICATION_SHA256_FIELD_NUMBER: _ClassVar[int]
    VERIFICATION_RECORDS_FIELD_NUMBER: _ClassVar[int]
    OWN_VERIFICATION_RECORDS_FIELD_NUMBER: _ClassVar[int]
    descriptor: ModelDescriptor
    signature: Signature
    version: int
    sha256: str
    size: int
    pushed_at: _timestamp_pb2.Timestamp
    pushed_by: Identity
    tags: _containers.ScalarMap[str, str]
    verification_sha256: str
    verification_records: int
    own_verification_records: int
    def __init__(self, descriptor: _Optional[_Union[ModelDescriptor, _Mapping]] = ..., signature: _Optional[_Union[Signature, _Mapping]] = ..., version: _Optional[int] = ..., sha256: _Optional[str] = ..., size: _Optional[int] = ..., pushed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., pushed_by: _Optional[_Union[Identity, _Mapping]] = ..., tags: _Optional[_Mapping[str, str]] = ..., verification_sha256: _Optional[str] = ..., verification_records: _Optional[int] = ..., own_verification_records: _Optional[int] = ...) -> None: ...

class VersionName(_message.Message):
    __slots__ = ("name", "version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class ExecutorReport(_message.Message):
    __slots__ = ("executor", "state", "reason", "since", "tried_again", "task_seconds")
    EXECUTOR_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    TRIED_AGAIN_FIELD_NUMBER: _ClassVar[int]
    TASK_SECONDS_FIELD_NUMBER: _ClassVar[int]
    executor: str
    state: VersionState
    reason: str
    since: _timestamp_pb2.Timestamp
    tried_again: bool
    task_seconds: float
    def __init__(self, executor: _Optional[str] = ..., state: _Optional[_Union[VersionState, str]] = ..., reason: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tried_again: bool = ..., task_seconds: _Optional[float] = ...) -> None: ...

class VersionLife(_message.Message):
    __slots__ = ("state", "reason", "executors", "has_served", "aliases", "served_by", "task_seconds")
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EXECUTORS_FIELD_NUMBER: _ClassVar[int]
    HAS_SERVED_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    SERVED_BY_FIELD_NUMBER: _ClassVar[int]
    TASK_SECONDS_FIELD_NUMBER: _ClassVar[int]
    state: VersionState
    reason: str
    executors: _containers.RepeatedCompositeFieldContainer[ExecutorReport]
    has_served: bool
    aliases: _containers.RepeatedScalarFieldContainer[str]
    served_by: _containers.RepeatedScalarFieldContainer[str]
    task_seconds: float
    def __init__(self, state: _Optional[_Union[VersionState, str]] = ..., reason: _Optional[str] = ..., executors: _Optional[_Iterable[_Union[ExecutorReport, _Mapping]]] = ..., has_served: bool = ..., aliases: _Optional[_Iterable[str]] = ..., served_by: _Optional[_Iterable[str]] = ..., task_seconds: _Optional[float] = ...) -> None: ...
