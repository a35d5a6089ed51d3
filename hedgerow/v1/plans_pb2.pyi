import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hedgerow.v1 import models_pb2 as _models_pb2
from hedgerow.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Packing(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PACKING_UNSPECIFIED: _ClassVar[Packing]
    PACKING_AUTO: _ClassVar[Packing]
    PACKING_NEVER: _ClassVar[Packing]

class Join(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOIN_UNSPECIFIED: _ClassVar[Join]
    JOIN_BALANCED: _ClassVar[Join]
    JOIN_KEYED: _ClassVar[Join]

class Unread(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNREAD_UNSPECIFIED: _ClassVar[Unread]
    UNREAD_KEEP: _ClassVar[Unread]
    UNREAD_PAUSE: _ClassVar[Unread]
PACKING_UNSPECIFIED: Packing
PACKING_AUTO: Packing
PACKING_NEVER: Packing
JOIN_UNSPECIFIED: Join
JOIN_BALANCED: Join
JOIN_KEYED: Join
UNREAD_UNSPECIFIED: Unread
UNREAD_KEEP: Unread
UNREAD_PAUSE: Unread

class Plan(_message.Message):
    __slots__ = ("data_type", "models", "policy", "revision", "applied_at", "strategy", "keep_warm", "applied_by", "restores", "join", "stream", "packing")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    APPLIED_AT_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    KEEP_WARM_FIELD_NUMBER: _ClassVar[int]
    APPLIED_BY_FIELD_NUMBER: _ClassVar[int]
    RESTORES_FIELD_NUMBER: _ClassVar[int]
    JOIN_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    PACKING_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    models: _containers.RepeatedCompositeFieldContainer[PlanModel]
    policy: Policy
    revision: int
    applied_at: _timestamp_pb2.Timestamp
    strategy: Strategy
    keep_warm: int
    applied_by: _models_pb2.Identity
    restores: int
    join: Join
    stream: StreamPlan
    packing: Packing
    def __init__(self, data_type: _Optional[str] = ..., models: _Optional[_Iterable[_Union[PlanModel, _Mapping]]] = ..., policy: _Optional[_Union[Policy, _Mapping]] = ..., revision: _Optional[int] = ..., applied_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., strategy: _Optional[_Union[Strategy, _Mapping]] = ..., keep_warm: _Optional[int] = ..., applied_by: _Optional[_Union[_models_pb2.Identity, _Mapping]] = ..., restores: _Optional[int] = ..., join: _Optional[_Union[Join, str]] = ..., stream: _Optional[_Union[StreamPlan, _Mapping]] = ..., packing: _Optional[_Union[Packing, str]] = ...) -> None: ...

class StreamPlan(_message.Message):
    __slots__ = ("partitions", "max_age", "tries", "deduplicate", "records", "scores", "unread")
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_AGE_FIELD_NUMBER: _ClassVar[int]
    TRIES_FIELD_NUMBER: _ClassVar[int]
    DEDUPLICATE_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    UNREAD_FIELD_NUMBER: _ClassVar[int]
    partitions: int
    max_age: _duration_pb2.Duration
    tries: int
    deduplicate: _duration_pb2.Duration
    records: Retention
    scores: Retention
    unread: Unread
    def __init__(self, partitions: _Optional[int] = ..., max_age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., tries: _Optional[int] = ..., deduplicate: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., records: _Optional[_Union[Retention, _Mapping]] = ..., scores: _Optional[_Union[Retention, _Mapping]] = ..., unread: _Optional[_Union[Unread, str]] = ...) -> None: ...

class Retention(_message.Message):
    __slots__ = ("age", "length")
    AGE_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    age: _duration_pb2.Duration
    length: int
    def __init__(self, age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., length: _Optional[int] = ...) -> None: ...

class Strategy(_message.Message):
    __slots__ = ("starts", "parallelism", "replica_hedge")
    class StartsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Start
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Start, _Mapping]] = ...) -> None: ...
    STARTS_FIELD_NUMBER: _ClassVar[int]
    PARALLELISM_FIELD_NUMBER: _ClassVar[int]
    REPLICA_HEDGE_FIELD_NUMBER: _ClassVar[int]
    starts: _containers.MessageMap[str, Start]
    parallelism: int
    replica_hedge: Delay
    def __init__(self, starts: _Optional[_Mapping[str, Start]] = ..., parallelism: _Optional[int] = ..., replica_hedge: _Optional[_Union[Delay, _Mapping]] = ...) -> None: ...

class Start(_message.Message):
    __slots__ = ("after", "on_doubt")
    AFTER_FIELD_NUMBER: _ClassVar[int]
    ON_DOUBT_FIELD_NUMBER: _ClassVar[int]
    after: Delay
    on_doubt: bool
    def __init__(self, after: _Optional[_Union[Delay, _Mapping]] = ..., on_doubt: bool = ...) -> None: ...

class Delay(_message.Message):
    __slots__ = ("time", "quantile")
    TIME_FIELD_NUMBER: _ClassVar[int]
    QUANTILE_FIELD_NUMBER: _ClassVar[int]
    time: _duration_pb2.Duration
    quantile: float
    def __init__(self, time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., quantile: _Optional[float] = ...) -> None: ...

class PlanModel(_message.Message):
    __slots__ = ("name", "version", "shadow", "alias")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    shadow: bool
    alias: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., shadow: bool = ..., alias: _Optional[str] = ...) -> None: ...

class Policy(_message.Message):
    __slots__ = ("deadline", "rule", "default_answer")
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_ANSWER_FIELD_NUMBER: _ClassVar[int]
    deadline: _duration_pb2.Duration
    rule: _rules_pb2.Rule
    default_answer: DefaultAnswer
    def __init__(self, deadline: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., rule: _Optional[_Union[_rules_pb2.Rule, _Mapping]] = ..., default_answer: _Optional[_Union[DefaultAnswer, _Mapping]] = ...) -> None: ...

class DefaultAnswer(_message.Message):
    __slots__ = ("label", "number")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    label: str
    number: float
    def __init__(self, label: _Optional[str] = ..., number: _Optional[float] = ...) -> None: ...
