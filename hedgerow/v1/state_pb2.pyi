import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hedgerow.v1 import execution_pb2 as _execution_pb2
from hedgerow.v1 import plans_pb2 as _plans_pb2
from hedgerow.v1 import streams_pb2 as _streams_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetStateRequest(_message.Message):
    __slots__ = ("data_type", "mesh")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    MESH_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    mesh: bool
    def __init__(self, data_type: _Optional[str] = ..., mesh: bool = ...) -> None: ...

class GetStateResponse(_message.Message):
    __slots__ = ("service", "version", "since", "plans", "hosts", "models", "gauges", "work", "address", "others", "plan_models", "executors", "log_problem", "streams")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    PLANS_FIELD_NUMBER: _ClassVar[int]
    HOSTS_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    GAUGES_FIELD_NUMBER: _ClassVar[int]
    WORK_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    OTHERS_FIELD_NUMBER: _ClassVar[int]
    PLAN_MODELS_FIELD_NUMBER: _ClassVar[int]
    EXECUTORS_FIELD_NUMBER: _ClassVar[int]
    LOG_PROBLEM_FIELD_NUMBER: _ClassVar[int]
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    service: str
    version: str
    since: _timestamp_pb2.Timestamp
    plans: _containers.RepeatedCompositeFieldContainer[_plans_pb2.Plan]
    hosts: _containers.RepeatedCompositeFieldContainer[_execution_pb2.Host]
    models: _containers.RepeatedCompositeFieldContainer[ModelStats]
    gauges: _containers.RepeatedCompositeFieldContainer[Gauge]
    work: _containers.RepeatedCompositeFieldContainer[ModelWork]
    address: str
    others: _containers.RepeatedCompositeFieldContainer[GetStateResponse]
    plan_models: _containers.RepeatedCompositeFieldContainer[PlanModelState]
    executors: _containers.RepeatedCompositeFieldContainer[Executor]
    log_problem: str
    streams: _containers.RepeatedCompositeFieldContainer[_streams_pb2.StreamState]
    def __init__(self, service: _Optional[str] = ..., version: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., plans: _Optional[_Iterable[_Union[_plans_pb2.Plan, _Mapping]]] = ..., hosts: _Optional[_Iterable[_Union[_execution_pb2.Host, _Mapping]]] = ..., models: _Optional[_Iterable[_Union[ModelStats, _Mapping]]] = ..., gauges: _Optional[_Iterable[_Union[Gauge, _Mapping]]] = ..., work: _Optional[_Iterable[_Union[ModelWork, _Mapping]]] = ..., address: _Optional[str] = ..., others: _Optional[_Iterable[_Union[GetStateResponse, _Mapping]]] = ..., plan_models: _Optional[_Iterable[_Union[PlanModelState, _Mapping]]] = ..., executors: _Optional[_Iterable[_Union[Executor, _Mapping]]] = ..., log_problem: _Optional[str] = ..., streams: _Optional[_Iterable[_Union[_streams_pb2.StreamState, _Mapping]]] = ...) -> None: ...

class PlanModelState(_message.Message):
    __slots__ = ("data_type", "reference", "wanted", "answering", "reason", "plan_revision")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    ANSWERING_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PLAN_REVISION_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    reference: str
    wanted: int
    answering: int
    reason: str
    plan_revision: int
    def __init__(self, data_type: _Optional[str] = ..., reference: _Optional[str] = ..., wanted: _Optional[int] = ..., answering: _Optional[int] = ..., reason: _Optional[str] = ..., plan_revision: _Optional[int] = ...) -> None: ...

class Executor(_message.Message):
    __slots__ = ("address", "data_types", "model_types")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPES_FIELD_NUMBER: _ClassVar[int]
    MODEL_TYPES_FIELD_NUMBER: _ClassVar[int]
    address: str
    data_types: _containers.RepeatedScalarFieldContainer[str]
    model_types: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, address: _Optional[str] = ..., data_types: _Optional[_Iterable[str]] = ..., model_types: _Optional[_Iterable[str]] = ...) -> None: ...

class ModelStats(_message.Message):
    __slots__ = ("data_type", "name", "version", "answered", "late", "failed", "chosen", "scoring", "shortest_scoring", "longest_scoring", "since", "records", "agreed", "alone", "cancelled", "not_started", "wasted", "shadow")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    CHOSEN_FIELD_NUMBER: _ClassVar[int]
    SCORING_FIELD_NUMBER: _ClassVar[int]
    SHORTEST_SCORING_FIELD_NUMBER: _ClassVar[int]
    LONGEST_SCORING_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    AGREED_FIELD_NUMBER: _ClassVar[int]
    ALONE_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    NOT_STARTED_FIELD_NUMBER: _ClassVar[int]
    WASTED_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    name: str
    version: int
    answered: int
    late: int
    failed: int
    chosen: int
    scoring: _duration_pb2.Duration
    shortest_scoring: _duration_pb2.Duration
    longest_scoring: _duration_pb2.Duration
    since: _timestamp_pb2.Timestamp
    records: int
    agreed: int
    alone: int
    cancelled: int
    not_started: int
    wasted: _duration_pb2.Duration
    shadow: bool
    def __init__(self, data_type: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[int] = ..., answered: _Optional[int] = ..., late: _Optional[int] = ..., failed: _Optional[int] = ..., chosen: _Optional[int] = ..., scoring: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., shortest_scoring: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., longest_scoring: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., records: _Optional[int] = ..., agreed: _Optional[int] = ..., alone: _Optional[int] = ..., cancelled: _Optional[int] = ..., not_started: _Optional[int] = ..., wasted: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., shadow: bool = ...) -> None: ...

class ModelWork(_message.Message):
    __slots__ = ("data_type", "name", "version", "rows_scored", "rows_dropped", "rows_not_started", "scoring", "saved", "wasted", "withheld", "replicas")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ROWS_SCORED_FIELD_NUMBER: _ClassVar[int]
    ROWS_DROPPED_FIELD_NUMBER: _ClassVar[int]
    ROWS_NOT_STARTED_FIELD_NUMBER: _ClassVar[int]
    SCORING_FIELD_NUMBER: _ClassVar[int]
    SAVED_FIELD_NUMBER: _ClassVar[int]
    WASTED_FIELD_NUMBER: _ClassVar[int]
    WITHHELD_FIELD_NUMBER: _ClassVar[int]
    REPLICAS_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    name: str
    version: int
    rows_scored: int
    rows_dropped: int
    rows_not_started: int
    scoring: _duration_pb2.Duration
    saved: _duration_pb2.Duration
    wasted: _duration_pb2.Duration
    withheld: int
    replicas: int
    def __init__(self, data_type: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[int] = ..., rows_scored: _Optional[int] = ..., rows_dropped: _Optional[int] = ..., rows_not_started: _Optional[int] = ..., scoring: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., saved: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., wasted: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., withheld: _Optional[int] = ..., replicas: _Optional[int] = ...) -> None: ...

class Gauge(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
