import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hedgerow.v1 import models_pb2 as _models_pb2
from hedgerow.v1 import records_pb2 as _records_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HostState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HOST_STATE_UNSPECIFIED: _ClassVar[HostState]
    HOST_STATE_LOADING: _ClassVar[HostState]
    HOST_STATE_SERVING: _ClassVar[HostState]
    HOST_STATE_DRAINING: _ClassVar[HostState]
    HOST_STATE_FAILED: _ClassVar[HostState]
HOST_STATE_UNSPECIFIED: HostState
HOST_STATE_LOADING: HostState
HOST_STATE_SERVING: HostState
HOST_STATE_DRAINING: HostState
HOST_STATE_FAILED: HostState

class ExecuteRequest(_message.Message):
    __slots__ = ("tasks", "frame", "sent_ns", "collector", "cancelled", "shares", "cancelled_models")
    TASKS_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    SENT_NS_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    SHARES_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_MODELS_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[Task]
    frame: int
    sent_ns: int
    collector: str
    cancelled: _containers.RepeatedScalarFieldContainer[int]
    shares: _containers.RepeatedCompositeFieldContainer[Share]
    cancelled_models: _containers.RepeatedCompositeFieldContainer[CancelledModels]
    def __init__(self, tasks: _Optional[_Iterable[_Union[Task, _Mapping]]] = ..., frame: _Optional[int] = ..., sent_ns: _Optional[int] = ..., collector: _Optional[str] = ..., cancelled: _Optional[_Iterable[int]] = ..., shares: _Optional[_Iterable[_Union[Share, _Mapping]]] = ..., cancelled_models: _Optional[_Iterable[_Union[CancelledModels, _Mapping]]] = ...) -> None: ...

class Share(_message.Message):
    __slots__ = ("tasks", "models", "enough")
    TASKS_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    ENOUGH_FIELD_NUMBER: _ClassVar[int]
    tasks: int
    models: _containers.RepeatedScalarFieldContainer[int]
    enough: int
    def __init__(self, tasks: _Optional[int] = ..., models: _Optional[_Iterable[int]] = ..., enough: _Optional[int] = ...) -> None: ...

class CancelledModels(_message.Message):
    __slots__ = ("task_ids", "models")
    TASK_IDS_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    task_ids: _containers.RepeatedScalarFieldContainer[int]
    models: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, task_ids: _Optional[_Iterable[int]] = ..., models: _Optional[_Iterable[int]] = ...) -> None: ...

class Task(_message.Message):
    __slots__ = ("id", "deadline_ns", "batch", "explain", "trace", "records", "suspect")
    ID_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_NS_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    SUSPECT_FIELD_NUMBER: _ClassVar[int]
    id: int
    deadline_ns: int
    batch: _records_pb2.Batch
    explain: bool
    trace: _records_pb2.TraceContext
    records: _containers.RepeatedScalarFieldContainer[int]
    suspect: bool
    def __init__(self, id: _Optional[int] = ..., deadline_ns: _Optional[int] = ..., batch: _Optional[_Union[_records_pb2.Batch, _Mapping]] = ..., explain: bool = ..., trace: _Optional[_Union[_records_pb2.TraceContext, _Mapping]] = ..., records: _Optional[_Iterable[int]] = ..., suspect: bool = ...) -> None: ...

class ExecuteResponse(_message.Message):
    __slots__ = ("credit", "done", "rows", "scoring", "unreachable", "reachable", "scored")
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    SCORING_FIELD_NUMBER: _ClassVar[int]
    UNREACHABLE_FIELD_NUMBER: _ClassVar[int]
    REACHABLE_FIELD_NUMBER: _ClassVar[int]
    SCORED_FIELD_NUMBER: _ClassVar[int]
    credit: int
    done: _containers.RepeatedScalarFieldContainer[int]
    rows: int
    scoring: _duration_pb2.Duration
    unreachable: _containers.RepeatedScalarFieldContainer[str]
    reachable: _containers.RepeatedScalarFieldContainer[str]
    scored: _containers.RepeatedCompositeFieldContainer[ModelRows]
    def __init__(self, credit: _Optional[int] = ..., done: _Optional[_Iterable[int]] = ..., rows: _Optional[int] = ..., scoring: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., unreachable: _Optional[_Iterable[str]] = ..., reachable: _Optional[_Iterable[str]] = ..., scored: _Optional[_Iterable[_Union[ModelRows, _Mapping]]] = ...) -> None: ...

class ModelRows(_message.Message):
    __slots__ = ("model", "rows", "scoring")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    SCORING_FIELD_NUMBER: _ClassVar[int]
    model: int
    rows: int
    scoring: _duration_pb2.Duration
    def __init__(self, model: _Optional[int] = ..., rows: _Optional[int] = ..., scoring: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class WatchHostsRequest(_message.Message):
    __slots__ = ("knows_groups",)
    KNOWS_GROUPS_FIELD_NUMBER: _ClassVar[int]
    knows_groups: bool
    def __init__(self, knows_groups: bool = ...) -> None: ...

class WatchHostsResponse(_message.Message):
    __slots__ = ("hosts", "data_types", "model_types")
    HOSTS_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPES_FIELD_NUMBER: _ClassVar[int]
    MODEL_TYPES_FIELD_NUMBER: _ClassVar[int]
    hosts: _containers.RepeatedCompositeFieldContainer[Host]
    data_types: _containers.RepeatedScalarFieldContainer[str]
    model_types: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, hosts: _Optional[_Iterable[_Union[Host, _Mapping]]] = ..., data_types: _Optional[_Iterable[str]] = ..., model_types: _Optional[_Iterable[str]] = ...) -> None: ...

class Host(_message.Message):
    __slots__ = ("model", "address", "state", "failure", "since", "pid", "executor", "memory_bytes", "warm", "number", "alone")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    EXECUTOR_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    WARM_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ALONE_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.ModelVersion
    address: str
    state: HostState
    failure: str
    since: _timestamp_pb2.Timestamp
    pid: int
    executor: str
    memory_bytes: int
    warm: bool
    number: int
    alone: str
    def __init__(self, model: _Optional[_Union[_models_pb2.ModelVersion, _Mapping]] = ..., address: _Optional[str] = ..., state: _Optional[_Union[HostState, str]] = ..., failure: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., pid: _Optional[int] = ..., executor: _Optional[str] = ..., memory_bytes: _Optional[int] = ..., warm: bool = ..., number: _Optional[int] = ..., alone: _Optional[str] = ...) -> None: ...
