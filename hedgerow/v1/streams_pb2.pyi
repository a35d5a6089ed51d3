import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hedgerow.v1 import records_pb2 as _records_pb2
from hedgerow.v1 import rules_pb2 as _rules_pb2
from hedgerow.v1 import scoring_pb2 as _scoring_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeathCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEATH_CAUSE_UNSPECIFIED: _ClassVar[DeathCause]
    DEATH_CAUSE_INVALID: _ClassVar[DeathCause]
    DEATH_CAUSE_NO_MODEL: _ClassVar[DeathCause]
    DEATH_CAUSE_TRIES: _ClassVar[DeathCause]
DEATH_CAUSE_UNSPECIFIED: DeathCause
DEATH_CAUSE_INVALID: DeathCause
DEATH_CAUSE_NO_MODEL: DeathCause
DEATH_CAUSE_TRIES: DeathCause

class SendRecordsRequest(_message.Message):
    __slots__ = ("batch", "trace")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    batch: _records_pb2.Batch
    trace: _records_pb2.TraceContext
    def __init__(self, batch: _Optional[_Union[_records_pb2.Batch, _Mapping]] = ..., trace: _Optional[_Union[_records_pb2.TraceContext, _Mapping]] = ...) -> None: ...

class SendRecordsResponse(_message.Message):
    __slots__ = ("ids", "error")
    IDS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    error: _scoring_pb2.ScoreError
    def __init__(self, ids: _Optional[_Iterable[str]] = ..., error: _Optional[_Union[_scoring_pb2.ScoreError, _Mapping]] = ...) -> None: ...

class ReadScoresRequest(_message.Message):
    __slots__ = ("data_type", "follow", "positions")
    class PositionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    follow: bool
    positions: _containers.ScalarMap[str, str]
    def __init__(self, data_type: _Optional[str] = ..., follow: bool = ..., positions: _Optional[_Mapping[str, str]] = ..., **kwargs) -> None: ...

class ReadScoresResponse(_message.Message):
    __slots__ = ("scores", "positions")
    class PositionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SCORES_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    scores: _containers.RepeatedCompositeFieldContainer[Score]
    positions: _containers.ScalarMap[str, str]
    def __init__(self, scores: _Optional[_Iterable[_Union[Score, _Mapping]]] = ..., positions: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Score(_message.Message):
    __slots__ = ("id", "key", "label", "number", "confidence", "model", "version", "reason", "agreed", "plan_revision", "appended_at", "waited", "elapsed", "overdue", "tries", "trace", "partition", "position")
    ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    AGREED_FIELD_NUMBER: _ClassVar[int]
    PLAN_REVISION_FIELD_NUMBER: _ClassVar[int]
    APPENDED_AT_FIELD_NUMBER: _ClassVar[int]
    WAITED_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    TRIES_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    id: str
    key: str
    label: str
    number: float
    confidence: float
    model: str
    version: int
    reason: _rules_pb2.Reason
    agreed: _containers.RepeatedScalarFieldContainer[str]
    plan_revision: int
    appended_at: _timestamp_pb2.Timestamp
    waited: _duration_pb2.Duration
    elapsed: _duration_pb2.Duration
    overdue: bool
    tries: int
    trace: _records_pb2.TraceContext
    partition: str
    position: str
    def __init__(self, id: _Optional[str] = ..., key: _Optional[str] = ..., label: _Optional[str] = ..., number: _Optional[float] = ..., confidence: _Optional[float] = ..., model: _Optional[str] = ..., version: _Optional[int] = ..., reason: _Optional[_Union[_rules_pb2.Reason, str]] = ..., agreed: _Optional[_Iterable[str]] = ..., plan_revision: _Optional[int] = ..., appended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., waited: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., elapsed: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., overdue: bool = ..., tries: _Optional[int] = ..., trace: _Optional[_Union[_records_pb2.TraceContext, _Mapping]] = ..., partition: _Optional[str] = ..., position: _Optional[str] = ...) -> None: ...

class GetStreamsRequest(_message.Message):
    __slots__ = ("data_type",)
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    def __init__(self, data_type: _Optional[str] = ...) -> None: ...

class GetStreamsResponse(_message.Message):
    __slots__ = ("streams",)
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    streams: _containers.RepeatedCompositeFieldContainer[StreamState]
    def __init__(self, streams: _Optional[_Iterable[_Union[StreamState, _Mapping]]] = ...) -> None: ...

class StreamState(_message.Message):
    __slots__ = ("data_type", "partition", "key", "waiting", "oldest", "in_flight", "records", "scores", "dead_letters", "paused", "scored", "died", "readers", "remark")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    OLDEST_FIELD_NUMBER: _ClassVar[int]
    IN_FLIGHT_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTERS_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    SCORED_FIELD_NUMBER: _ClassVar[int]
    DIED_FIELD_NUMBER: _ClassVar[int]
    READERS_FIELD_NUMBER: _ClassVar[int]
    REMARK_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    partition: str
    key: str
    waiting: int
    oldest: _duration_pb2.Duration
    in_flight: int
    records: int
    scores: int
    dead_letters: int
    paused: str
    scored: int
    died: int
    readers: _containers.RepeatedScalarFieldContainer[str]
    remark: str
    def __init__(self, data_type: _Optional[str] = ..., partition: _Optional[str] = ..., key: _Optional[str] = ..., waiting: _Optional[int] = ..., oldest: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., in_flight: _Optional[int] = ..., records: _Optional[int] = ..., scores: _Optional[int] = ..., dead_letters: _Optional[int] = ..., paused: _Optional[str] = ..., scored: _Optional[int] = ..., died: _Optional[int] = ..., readers: _Optional[_Iterable[str]] = ..., remark: _Optional[str] = ...) -> None: ...

class ListDeadLettersRequest(_message.Message):
    __slots__ = ("data_type", "ids", "page_size", "page_token")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    ids: _containers.RepeatedScalarFieldContainer[str]
    page_size: int
    page_token: str
    def __init__(self, data_type: _Optional[str] = ..., ids: _Optional[_Iterable[str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListDeadLettersResponse(_message.Message):
    __slots__ = ("letters", "next_page_token", "total")
    LETTERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    letters: _containers.RepeatedCompositeFieldContainer[DeadLetter]
    next_page_token: str
    total: int
    def __init__(self, letters: _Optional[_Iterable[_Union[DeadLetter, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total: _Optional[int] = ...) -> None: ...

class DeadLetter(_message.Message):
    __slots__ = ("id", "key", "cause", "message", "at", "appended_at", "tries", "plain", "batch", "entry", "traceparent", "partition", "position")
    ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    APPENDED_AT_FIELD_NUMBER: _ClassVar[int]
    TRIES_FIELD_NUMBER: _ClassVar[int]
    PLAIN_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    id: str
    key: str
    cause: DeathCause
    message: str
    at: _timestamp_pb2.Timestamp
    appended_at: _timestamp_pb2.Timestamp
    tries: int
    plain: PlainRecord
    batch: _records_pb2.Batch
    entry: PlainEntry
    traceparent: str
    partition: str
    position: str
    def __init__(self, id: _Optional[str] = ..., key: _Optional[str] = ..., cause: _Optional[_Union[DeathCause, str]] = ..., message: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., appended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tries: _Optional[int] = ..., plain: _Optional[_Union[PlainRecord, _Mapping]] = ..., batch: _Optional[_Union[_records_pb2.Batch, _Mapping]] = ..., entry: _Optional[_Union[PlainEntry, _Mapping]] = ..., traceparent: _Optional[str] = ..., partition: _Optional[str] = ..., position: _Optional[str] = ...) -> None: ...

class PlainRecord(_message.Message):
    __slots__ = ("fields",)
    class FieldsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    fields: _containers.ScalarMap[str, str]
    def __init__(self, fields: _Optional[_Mapping[str, str]] = ...) -> None: ...

class PlainEntry(_message.Message):
    __slots__ = ("fields",)
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    fields: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, fields: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ReplayDeadLettersRequest(_message.Message):
    __slots__ = ("data_type", "ids")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, data_type: _Optional[str] = ..., ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ReplayDeadLettersResponse(_message.Message):
    __slots__ = ("replayed",)
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    replayed: int
    def __init__(self, replayed: _Optional[int] = ...) -> None: ...

class DropDeadLettersRequest(_message.Message):
    __slots__ = ("data_type", "ids")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, data_type: _Optional[str] = ..., ids: _Optional[_Iterable[str]] = ...) -> None: ...

class DropDeadLettersResponse(_message.Message):
    __slots__ = ("dropped",)
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    dropped: int
    def __init__(self, dropped: _Optional[int] = ...) -> None: ...
