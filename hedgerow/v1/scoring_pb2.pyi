import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from hedgerow.v1 import plans_pb2 as _plans_pb2
from hedgerow.v1 import records_pb2 as _records_pb2
from hedgerow.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_STATE_UNSPECIFIED: _ClassVar[ModelState]
    MODEL_STATE_ANSWERED: _ClassVar[ModelState]
    MODEL_STATE_LATE: _ClassVar[ModelState]
    MODEL_STATE_FAILED: _ClassVar[ModelState]
    MODEL_STATE_CANCELLED: _ClassVar[ModelState]
    MODEL_STATE_NO_HOST: _ClassVar[ModelState]
    MODEL_STATE_NOT_STARTED: _ClassVar[ModelState]
MODEL_STATE_UNSPECIFIED: ModelState
MODEL_STATE_ANSWERED: ModelState
MODEL_STATE_LATE: ModelState
MODEL_STATE_FAILED: ModelState
MODEL_STATE_CANCELLED: ModelState
MODEL_STATE_NO_HOST: ModelState
MODEL_STATE_NOT_STARTED: ModelState

class ScoreRequest(_message.Message):
    __slots__ = ("batch", "deadline", "explain", "policy", "strategy")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    batch: _records_pb2.Batch
    deadline: _duration_pb2.Duration
    explain: bool
    policy: _plans_pb2.Policy
    strategy: _plans_pb2.Strategy
    def __init__(self, batch: _Optional[_Union[_records_pb2.Batch, _Mapping]] = ..., deadline: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., explain: bool = ..., policy: _Optional[_Union[_plans_pb2.Policy, _Mapping]] = ..., strategy: _Optional[_Union[_plans_pb2.Strategy, _Mapping]] = ...) -> None: ...

class ScoreResponse(_message.Message):
    __slots__ = ("decision",)
    DECISION_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    def __init__(self, decision: _Optional[_Union[Decision, _Mapping]] = ...) -> None: ...

class ScoreStreamRequest(_message.Message):
    __slots__ = ("id", "request")
    ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    id: str
    request: ScoreRequest
    def __init__(self, id: _Optional[str] = ..., request: _Optional[_Union[ScoreRequest, _Mapping]] = ...) -> None: ...

class ScoreStreamResponse(_message.Message):
    __slots__ = ("id", "response", "error")
    ID_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    id: str
    response: ScoreResponse
    error: ScoreError
    def __init__(self, id: _Optional[str] = ..., response: _Optional[_Union[ScoreResponse, _Mapping]] = ..., error: _Optional[_Union[ScoreError, _Mapping]] = ...) -> None: ...

class ScoreError(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("labels", "numbers", "confidences", "answered_by", "reasons", "agreed", "models", "plan_revision", "elapsed")
    LABELS_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCES_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_BY_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    AGREED_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    PLAN_REVISION_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_FIELD_NUMBER: _ClassVar[int]
    labels: _records_pb2.Labels
    numbers: bytes
    confidences: bytes
    answered_by: _containers.RepeatedScalarFieldContainer[int]
    reasons: _containers.RepeatedScalarFieldContainer[_rules_pb2.Reason]
    agreed: _containers.RepeatedScalarFieldContainer[int]
    models: _containers.RepeatedCompositeFieldContainer[ModelReport]
    plan_revision: int
    elapsed: _duration_pb2.Duration
    def __init__(self, labels: _Optional[_Union[_records_pb2.Labels, _Mapping]] = ..., numbers: _Optional[bytes] = ..., confidences: _Optional[bytes] = ..., answered_by: _Optional[_Iterable[int]] = ..., reasons: _Optional[_Iterable[_Union[_rules_pb2.Reason, str]]] = ..., agreed: _Optional[_Iterable[int]] = ..., models: _Optional[_Iterable[_Union[ModelReport, _Mapping]]] = ..., plan_revision: _Optional[int] = ..., elapsed: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ModelReport(_message.Message):
    __slots__ = ("name", "version", "state", "elapsed", "queued", "scoring", "failure", "shadow", "predictions", "records", "wanted")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_FIELD_NUMBER: _ClassVar[int]
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    SCORING_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    state: ModelState
    elapsed: _duration_pb2.Duration
    queued: _duration_pb2.Duration
    scoring: _duration_pb2.Duration
    failure: str
    shadow: bool
    predictions: _records_pb2.Predictions
    records: int
    wanted: int
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., state: _Optional[_Union[ModelState, str]] = ..., elapsed: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., queued: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., scoring: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., failure: _Optional[str] = ..., shadow: bool = ..., predictions: _Optional[_Union[_records_pb2.Predictions, _Mapping]] = ..., records: _Optional[int] = ..., wanted: _Optional[int] = ...) -> None: ...
