import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hedgerow.v1 import models_pb2 as _models_pb2
from hedgerow.v1 import plans_pb2 as _plans_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelEvent(_message.Message):
    __slots__ = ("at", "pushed", "plan_applied", "alias_set", "alias_deleted", "tags_changed", "retired", "deleted", "reported", "retried", "abandoned", "numbers_used", "restored", "by")
    AT_FIELD_NUMBER: _ClassVar[int]
    PUSHED_FIELD_NUMBER: _ClassVar[int]
    PLAN_APPLIED_FIELD_NUMBER: _ClassVar[int]
    ALIAS_SET_FIELD_NUMBER: _ClassVar[int]
    ALIAS_DELETED_FIELD_NUMBER: _ClassVar[int]
    TAGS_CHANGED_FIELD_NUMBER: _ClassVar[int]
    RETIRED_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    REPORTED_FIELD_NUMBER: _ClassVar[int]
    RETRIED_FIELD_NUMBER: _ClassVar[int]
    ABANDONED_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_USED_FIELD_NUMBER: _ClassVar[int]
    RESTORED_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    pushed: ModelPushed
    plan_applied: _plans_pb2.Plan
    alias_set: AliasSet
    alias_deleted: AliasDeleted
    tags_changed: TagsChanged
    retired: _models_pb2.VersionName
    deleted: _models_pb2.VersionName
    reported: VersionReported
    retried: _models_pb2.VersionName
    abandoned: ChangeAbandoned
    numbers_used: NumbersUsed
    restored: Snapshot
    by: _models_pb2.Identity
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., pushed: _Optional[_Union[ModelPushed, _Mapping]] = ..., plan_applied: _Optional[_Union[_plans_pb2.Plan, _Mapping]] = ..., alias_set: _Optional[_Union[AliasSet, _Mapping]] = ..., alias_deleted: _Optional[_Union[AliasDeleted, _Mapping]] = ..., tags_changed: _Optional[_Union[TagsChanged, _Mapping]] = ..., retired: _Optional[_Union[_models_pb2.VersionName, _Mapping]] = ..., deleted: _Optional[_Union[_models_pb2.VersionName, _Mapping]] = ..., reported: _Optional[_Union[VersionReported, _Mapping]] = ..., retried: _Optional[_Union[_models_pb2.VersionName, _Mapping]] = ..., abandoned: _Optional[_Union[ChangeAbandoned, _Mapping]] = ..., numbers_used: _Optional[_Union[NumbersUsed, _Mapping]] = ..., restored: _Optional[_Union[Snapshot, _Mapping]] = ..., by: _Optional[_Union[_models_pb2.Identity, _Mapping]] = ...) -> None: ...

class ModelPushed(_message.Message):
    __slots__ = ("model", "inline", "chunks", "verification_chunks")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    INLINE_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    VERIFICATION_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.ModelVersion
    inline: bytes
    chunks: int
    verification_chunks: int
    def __init__(self, model: _Optional[_Union[_models_pb2.ModelVersion, _Mapping]] = ..., inline: _Optional[bytes] = ..., chunks: _Optional[int] = ..., verification_chunks: _Optional[int] = ...) -> None: ...

class AliasSet(_message.Message):
    __slots__ = ("model", "alias", "rollback")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    ROLLBACK_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.VersionName
    alias: str
    rollback: bool
    def __init__(self, model: _Optional[_Union[_models_pb2.VersionName, _Mapping]] = ..., alias: _Optional[str] = ..., rollback: bool = ...) -> None: ...

class AliasDeleted(_message.Message):
    __slots__ = ("name", "alias")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    name: str
    alias: str
    def __init__(self, name: _Optional[str] = ..., alias: _Optional[str] = ...) -> None: ...

class TagsChanged(_message.Message):
    __slots__ = ("model", "set", "removed")
    class SetEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SET_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.VersionName
    set: _containers.ScalarMap[str, str]
    removed: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, model: _Optional[_Union[_models_pb2.VersionName, _Mapping]] = ..., set: _Optional[_Mapping[str, str]] = ..., removed: _Optional[_Iterable[str]] = ...) -> None: ...

class VersionReported(_message.Message):
    __slots__ = ("model", "report")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.VersionName
    report: _models_pb2.ExecutorReport
    def __init__(self, model: _Optional[_Union[_models_pb2.VersionName, _Mapping]] = ..., report: _Optional[_Union[_models_pb2.ExecutorReport, _Mapping]] = ...) -> None: ...

class ChangeAbandoned(_message.Message):
    __slots__ = ("reference", "version", "reason")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    reference: str
    version: int
    reason: str
    def __init__(self, reference: _Optional[str] = ..., version: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class NumbersUsed(_message.Message):
    __slots__ = ("versions", "revision")
    class VersionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.ScalarMap[str, int]
    revision: int
    def __init__(self, versions: _Optional[_Mapping[str, int]] = ..., revision: _Optional[int] = ...) -> None: ...

class Snapshot(_message.Message):
    __slots__ = ("last_id", "models", "plans", "lines", "highest_revision")
    LAST_ID_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    PLANS_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_REVISION_FIELD_NUMBER: _ClassVar[int]
    last_id: str
    models: _containers.RepeatedCompositeFieldContainer[TrackedModel]
    plans: _containers.RepeatedCompositeFieldContainer[_plans_pb2.Plan]
    lines: _containers.RepeatedCompositeFieldContainer[PlanLine]
    highest_revision: int
    def __init__(self, last_id: _Optional[str] = ..., models: _Optional[_Iterable[_Union[TrackedModel, _Mapping]]] = ..., plans: _Optional[_Iterable[_Union[_plans_pb2.Plan, _Mapping]]] = ..., lines: _Optional[_Iterable[_Union[PlanLine, _Mapping]]] = ..., highest_revision: _Optional[int] = ...) -> None: ...

class TrackedModel(_message.Message):
    __slots__ = ("name", "versions", "aliases", "highest_version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    versions: _containers.RepeatedCompositeFieldContainer[TrackedVersion]
    aliases: _containers.RepeatedCompositeFieldContainer[TrackedAlias]
    highest_version: int
    def __init__(self, name: _Optional[str] = ..., versions: _Optional[_Iterable[_Union[TrackedVersion, _Mapping]]] = ..., aliases: _Optional[_Iterable[_Union[TrackedAlias, _Mapping]]] = ..., highest_version: _Optional[int] = ...) -> None: ...

class TrackedVersion(_message.Message):
    __slots__ = ("pushed", "entry_id", "life")
    PUSHED_FIELD_NUMBER: _ClassVar[int]
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    LIFE_FIELD_NUMBER: _ClassVar[int]
    pushed: ModelPushed
    entry_id: str
    life: _models_pb2.VersionLife
    def __init__(self, pushed: _Optional[_Union[ModelPushed, _Mapping]] = ..., entry_id: _Optional[str] = ..., life: _Optional[_Union[_models_pb2.VersionLife, _Mapping]] = ...) -> None: ...

class TrackedAlias(_message.Message):
    __slots__ = ("alias", "changes", "before", "version")
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    alias: str
    changes: _containers.RepeatedCompositeFieldContainer[AliasChange]
    before: _containers.RepeatedScalarFieldContainer[int]
    version: int
    def __init__(self, alias: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[AliasChange, _Mapping]]] = ..., before: _Optional[_Iterable[int]] = ..., version: _Optional[int] = ...) -> None: ...

class AliasChange(_message.Message):
    __slots__ = ("at", "version", "rollback", "by")
    AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ROLLBACK_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    version: int
    rollback: bool
    by: _models_pb2.Identity
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., rollback: bool = ..., by: _Optional[_Union[_models_pb2.Identity, _Mapping]] = ...) -> None: ...

class PlanLine(_message.Message):
    __slots__ = ("reference", "targets", "abandoned", "took_over")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    ABANDONED_FIELD_NUMBER: _ClassVar[int]
    TOOK_OVER_FIELD_NUMBER: _ClassVar[int]
    reference: str
    targets: _containers.RepeatedScalarFieldContainer[int]
    abandoned: ChangeAbandoned
    took_over: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, reference: _Optional[str] = ..., targets: _Optional[_Iterable[int]] = ..., abandoned: _Optional[_Union[ChangeAbandoned, _Mapping]] = ..., took_over: _Optional[_Iterable[int]] = ...) -> None: ...
