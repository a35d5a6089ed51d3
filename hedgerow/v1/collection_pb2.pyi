import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from hedgerow.v1 import plans_pb2 as _plans_pb2
from hedgerow.v1 import records_pb2 as _records_pb2
from hedgerow.v1 import scoring_pb2 as _scoring_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CollectRequest(_message.Message):
    __slots__ = ("plans", "openings", "lost", "sent_ns", "started", "cancelled")
    PLANS_FIELD_NUMBER: _ClassVar[int]
    OPENINGS_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    SENT_NS_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    plans: _containers.RepeatedCompositeFieldContainer[PlanDefinition]
    openings: _containers.RepeatedCompositeFieldContainer[Opening]
    lost: _containers.RepeatedCompositeFieldContainer[LostModel]
    sent_ns: int
    started: _containers.RepeatedCompositeFieldContainer[StartedModel]
    cancelled: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, plans: _Optional[_Iterable[_Union[PlanDefinition, _Mapping]]] = ..., openings: _Optional[_Iterable[_Union[Opening, _Mapping]]] = ..., lost: _Optional[_Iterable[_Union[LostModel, _Mapping]]] = ..., sent_ns: _Optional[int] = ..., started: _Optional[_Iterable[_Union[StartedModel, _Mapping]]] = ..., cancelled: _Optional[_Iterable[int]] = ...) -> None: ...

class PlanDefinition(_message.Message):
    __slots__ = ("key", "plan", "qualities", "wanted")
    KEY_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    QUALITIES_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    key: int
    plan: _plans_pb2.Plan
    qualities: _containers.RepeatedScalarFieldContainer[float]
    wanted: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, key: _Optional[int] = ..., plan: _Optional[_Union[_plans_pb2.Plan, _Mapping]] = ..., qualities: _Optional[_Iterable[float]] = ..., wanted: _Optional[_Iterable[int]] = ...) -> None: ...

class Opening(_message.Message):
    __slots__ = ("plan_key", "versions", "tasks", "held", "no_time", "progress")
    PLAN_KEY_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    NO_TIME_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    plan_key: int
    versions: _containers.RepeatedScalarFieldContainer[int]
    tasks: _containers.RepeatedCompositeFieldContainer[OpenTask]
    held: int
    no_time: int
    progress: bool
    def __init__(self, plan_key: _Optional[int] = ..., versions: _Optional[_Iterable[int]] = ..., tasks: _Optional[_Iterable[_Union[OpenTask, _Mapping]]] = ..., held: _Optional[int] = ..., no_time: _Optional[int] = ..., progress: bool = ...) -> None: ...

class StartedModel(_message.Message):
    __slots__ = ("model", "task_ids")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TASK_IDS_FIELD_NUMBER: _ClassVar[int]
    model: int
    task_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, model: _Optional[int] = ..., task_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class OpenTask(_message.Message):
    __slots__ = ("id", "admitted_ns", "deadline_ns", "rows", "explain", "trace")
    ID_FIELD_NUMBER: _ClassVar[int]
    ADMITTED_NS_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_NS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    id: int
    admitted_ns: int
    deadline_ns: int
    rows: int
    explain: bool
    trace: _records_pb2.TraceContext
    def __init__(self, id: _Optional[int] = ..., admitted_ns: _Optional[int] = ..., deadline_ns: _Optional[int] = ..., rows: _Optional[int] = ..., explain: bool = ..., trace: _Optional[_Union[_records_pb2.TraceContext, _Mapping]] = ...) -> None: ...

class LostModel(_message.Message):
    __slots__ = ("model", "reason", "task_ids", "not_started")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TASK_IDS_FIELD_NUMBER: _ClassVar[int]
    NOT_STARTED_FIELD_NUMBER: _ClassVar[int]
    model: int
    reason: str
    task_ids: _containers.RepeatedScalarFieldContainer[int]
    not_started: bool
    def __init__(self, model: _Optional[int] = ..., reason: _Optional[str] = ..., task_ids: _Optional[_Iterable[int]] = ..., not_started: bool = ...) -> None: ...

class CollectResponse(_message.Message):
    __slots__ = ("decisions", "progress", "heartbeat")
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    decisions: _containers.RepeatedCompositeFieldContainer[TaskDecision]
    progress: _containers.RepeatedCompositeFieldContainer[TaskProgress]
    heartbeat: _duration_pb2.Duration
    def __init__(self, decisions: _Optional[_Iterable[_Union[TaskDecision, _Mapping]]] = ..., progress: _Optional[_Iterable[_Union[TaskProgress, _Mapping]]] = ..., heartbeat: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class TaskProgress(_message.Message):
    __slots__ = ("task_id", "ended", "undecided")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    UNDECIDED_FIELD_NUMBER: _ClassVar[int]
    task_id: int
    ended: int
    undecided: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, task_id: _Optional[int] = ..., ended: _Optional[int] = ..., undecided: _Optional[_Iterable[int]] = ...) -> None: ...

class TaskDecision(_message.Message):
    __slots__ = ("task_id", "decision", "deadline_reached", "outstanding")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_REACHED_FIELD_NUMBER: _ClassVar[int]
    OUTSTANDING_FIELD_NUMBER: _ClassVar[int]
    task_id: int
    decision: _scoring_pb2.Decision
    deadline_reached: bool
    outstanding: int
    def __init__(self, task_id: _Optional[int] = ..., decision: _Optional[_Union[_scoring_pb2.Decision, _Mapping]] = ..., deadline_reached: bool = ..., outstanding: _Optional[int] = ...) -> None: ...

class ReportRequest(_message.Message):
    __slots__ = ("model", "version", "results", "predictions", "scoring", "data_type", "more")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    SCORING_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: int
    results: _containers.RepeatedCompositeFieldContainer[TaskResult]
    predictions: _records_pb2.Predictions
    scoring: _duration_pb2.Duration
    data_type: str
    more: _containers.RepeatedCompositeFieldContainer[ReportRequest]
    def __init__(self, model: _Optional[str] = ..., version: _Optional[int] = ..., results: _Optional[_Iterable[_Union[TaskResult, _Mapping]]] = ..., predictions: _Optional[_Union[_records_pb2.Predictions, _Mapping]] = ..., scoring: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., data_type: _Optional[str] = ..., more: _Optional[_Iterable[_Union[ReportRequest, _Mapping]]] = ...) -> None: ...

class TaskResult(_message.Message):
    __slots__ = ("task_id", "rows", "queued_seconds", "failure", "records")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    QUEUED_SECONDS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    task_id: int
    rows: int
    queued_seconds: float
    failure: str
    records: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, task_id: _Optional[int] = ..., rows: _Optional[int] = ..., queued_seconds: _Optional[float] = ..., failure: _Optional[str] = ..., records: _Optional[_Iterable[int]] = ...) -> None: ...

class ReportResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
