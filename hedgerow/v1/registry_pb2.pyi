from hedgerow.v1 import backup_pb2 as _backup_pb2
from hedgerow.v1 import events_pb2 as _events_pb2
from hedgerow.v1 import models_pb2 as _models_pb2
from hedgerow.v1 import plans_pb2 as _plans_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PushModelRequest(_message.Message):
    __slots__ = ("descriptor", "chunk", "verification", "tags")
    DESCRIPTOR_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    VERIFICATION_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    descriptor: _models_pb2.ModelDescriptor
    chunk: bytes
    verification: _models_pb2.Verification
    tags: Tags
    def __init__(self, descriptor: _Optional[_Union[_models_pb2.ModelDescriptor, _Mapping]] = ..., chunk: _Optional[bytes] = ..., verification: _Optional[_Union[_models_pb2.Verification, _Mapping]] = ..., tags: _Optional[_Union[Tags, _Mapping]] = ...) -> None: ...

class Tags(_message.Message):
    __slots__ = ("tags",)
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TAGS_FIELD_NUMBER: _ClassVar[int]
    tags: _containers.ScalarMap[str, str]
    def __init__(self, tags: _Optional[_Mapping[str, str]] = ...) -> None: ...

class PushModelResponse(_message.Message):
    __slots__ = ("model", "created", "newest", "lacks_metric")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    NEWEST_FIELD_NUMBER: _ClassVar[int]
    LACKS_METRIC_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.ModelVersion
    created: bool
    newest: int
    lacks_metric: str
    def __init__(self, model: _Optional[_Union[_models_pb2.ModelVersion, _Mapping]] = ..., created: bool = ..., newest: _Optional[int] = ..., lacks_metric: _Optional[str] = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ("data_type", "name", "version", "alias")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    name: str
    version: int
    alias: str
    def __init__(self, data_type: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[int] = ..., alias: _Optional[str] = ...) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("model", "life")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    LIFE_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.ModelVersion
    life: _models_pb2.VersionLife
    def __init__(self, model: _Optional[_Union[_models_pb2.ModelVersion, _Mapping]] = ..., life: _Optional[_Union[_models_pb2.VersionLife, _Mapping]] = ...) -> None: ...

class ListModelsRequest(_message.Message):
    __slots__ = ("data_type", "page_size", "page_token")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    page_size: int
    page_token: str
    def __init__(self, data_type: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListModelsResponse(_message.Message):
    __slots__ = ("models", "next_page_token", "lives")
    MODELS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    LIVES_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[_models_pb2.ModelVersion]
    next_page_token: str
    lives: _containers.RepeatedCompositeFieldContainer[_models_pb2.VersionLife]
    def __init__(self, models: _Optional[_Iterable[_Union[_models_pb2.ModelVersion, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., lives: _Optional[_Iterable[_Union[_models_pb2.VersionLife, _Mapping]]] = ...) -> None: ...

class PullModelRequest(_message.Message):
    __slots__ = ("data_type", "name", "version", "alias")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    name: str
    version: int
    alias: str
    def __init__(self, data_type: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[int] = ..., alias: _Optional[str] = ...) -> None: ...

class PullModelResponse(_message.Message):
    __slots__ = ("model", "chunk")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.ModelVersion
    chunk: bytes
    def __init__(self, model: _Optional[_Union[_models_pb2.ModelVersion, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class ApplyPlanRequest(_message.Message):
    __slots__ = ("plan", "expected_revision", "dry_run")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    plan: _plans_pb2.Plan
    expected_revision: int
    dry_run: bool
    def __init__(self, plan: _Optional[_Union[_plans_pb2.Plan, _Mapping]] = ..., expected_revision: _Optional[int] = ..., dry_run: bool = ...) -> None: ...

class ApplyPlanResponse(_message.Message):
    __slots__ = ("plan", "versions", "loads", "ends")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    LOADS_FIELD_NUMBER: _ClassVar[int]
    ENDS_FIELD_NUMBER: _ClassVar[int]
    plan: _plans_pb2.Plan
    versions: _containers.RepeatedScalarFieldContainer[int]
    loads: _containers.RepeatedCompositeFieldContainer[_models_pb2.VersionName]
    ends: _containers.RepeatedCompositeFieldContainer[_models_pb2.VersionName]
    def __init__(self, plan: _Optional[_Union[_plans_pb2.Plan, _Mapping]] = ..., versions: _Optional[_Iterable[int]] = ..., loads: _Optional[_Iterable[_Union[_models_pb2.VersionName, _Mapping]]] = ..., ends: _Optional[_Iterable[_Union[_models_pb2.VersionName, _Mapping]]] = ...) -> None: ...

class GetPlanRequest(_message.Message):
    __slots__ = ("data_type", "revision")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    revision: int
    def __init__(self, data_type: _Optional[str] = ..., revision: _Optional[int] = ...) -> None: ...

class GetPlanResponse(_message.Message):
    __slots__ = ("plan", "lines")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    plan: _plans_pb2.Plan
    lines: _containers.RepeatedCompositeFieldContainer[_events_pb2.PlanLine]
    def __init__(self, plan: _Optional[_Union[_plans_pb2.Plan, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[_events_pb2.PlanLine, _Mapping]]] = ...) -> None: ...

class SetTagsRequest(_message.Message):
    __slots__ = ("data_type", "model", "set", "remove")
    class SetEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SET_FIELD_NUMBER: _ClassVar[int]
    REMOVE_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    model: _models_pb2.VersionName
    set: _containers.ScalarMap[str, str]
    remove: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, data_type: _Optional[str] = ..., model: _Optional[_Union[_models_pb2.VersionName, _Mapping]] = ..., set: _Optional[_Mapping[str, str]] = ..., remove: _Optional[_Iterable[str]] = ...) -> None: ...

class SetTagsResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.ModelVersion
    def __init__(self, model: _Optional[_Union[_models_pb2.ModelVersion, _Mapping]] = ...) -> None: ...

class RetireModelRequest(_message.Message):
    __slots__ = ("data_type", "model", "force")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    model: _models_pb2.VersionName
    force: bool
    def __init__(self, data_type: _Optional[str] = ..., model: _Optional[_Union[_models_pb2.VersionName, _Mapping]] = ..., force: bool = ...) -> None: ...

class RetireModelResponse(_message.Message):
    __slots__ = ("model", "life")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    LIFE_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.ModelVersion
    life: _models_pb2.VersionLife
    def __init__(self, model: _Optional[_Union[_models_pb2.ModelVersion, _Mapping]] = ..., life: _Optional[_Union[_models_pb2.VersionLife, _Mapping]] = ...) -> None: ...

class DeleteModelRequest(_message.Message):
    __slots__ = ("data_type", "model", "force")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    model: _models_pb2.VersionName
    force: bool
    def __init__(self, data_type: _Optional[str] = ..., model: _Optional[_Union[_models_pb2.VersionName, _Mapping]] = ..., force: bool = ...) -> None: ...

class DeleteModelResponse(_message.Message):
    __slots__ = ("model", "life", "freed")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    LIFE_FIELD_NUMBER: _ClassVar[int]
    FREED_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.ModelVersion
    life: _models_pb2.VersionLife
    freed: int
    def __init__(self, model: _Optional[_Union[_models_pb2.ModelVersion, _Mapping]] = ..., life: _Optional[_Union[_models_pb2.VersionLife, _Mapping]] = ..., freed: _Optional[int] = ...) -> None: ...

class RetryModelRequest(_message.Message):
    __slots__ = ("data_type", "model")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    model: _models_pb2.VersionName
    def __init__(self, data_type: _Optional[str] = ..., model: _Optional[_Union[_models_pb2.VersionName, _Mapping]] = ...) -> None: ...

class RetryModelResponse(_message.Message):
    __slots__ = ("model", "life")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    LIFE_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.ModelVersion
    life: _models_pb2.VersionLife
    def __init__(self, model: _Optional[_Union[_models_pb2.ModelVersion, _Mapping]] = ..., life: _Optional[_Union[_models_pb2.VersionLife, _Mapping]] = ...) -> None: ...

class SetAliasRequest(_message.Message):
    __slots__ = ("data_type", "model", "alias")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    model: _models_pb2.VersionName
    alias: str
    def __init__(self, data_type: _Optional[str] = ..., model: _Optional[_Union[_models_pb2.VersionName, _Mapping]] = ..., alias: _Optional[str] = ...) -> None: ...

class SetAliasResponse(_message.Message):
    __slots__ = ("alias", "changed")
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    alias: _events_pb2.TrackedAlias
    changed: bool
    def __init__(self, alias: _Optional[_Union[_events_pb2.TrackedAlias, _Mapping]] = ..., changed: bool = ...) -> None: ...

class RollbackAliasRequest(_message.Message):
    __slots__ = ("data_type", "name", "alias")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    name: str
    alias: str
    def __init__(self, data_type: _Optional[str] = ..., name: _Optional[str] = ..., alias: _Optional[str] = ...) -> None: ...

class RollbackAliasResponse(_message.Message):
    __slots__ = ("alias",)
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    alias: _events_pb2.TrackedAlias
    def __init__(self, alias: _Optional[_Union[_events_pb2.TrackedAlias, _Mapping]] = ...) -> None: ...

class DeleteAliasRequest(_message.Message):
    __slots__ = ("data_type", "name", "alias")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    name: str
    alias: str
    def __init__(self, data_type: _Optional[str] = ..., name: _Optional[str] = ..., alias: _Optional[str] = ...) -> None: ...

class DeleteAliasResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListAliasesRequest(_message.Message):
    __slots__ = ("data_type", "name")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    name: str
    def __init__(self, data_type: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class ListAliasesResponse(_message.Message):
    __slots__ = ("aliases",)
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    aliases: _containers.RepeatedCompositeFieldContainer[ModelAlias]
    def __init__(self, aliases: _Optional[_Iterable[_Union[ModelAlias, _Mapping]]] = ...) -> None: ...

class ModelAlias(_message.Message):
    __slots__ = ("name", "alias")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    name: str
    alias: _events_pb2.TrackedAlias
    def __init__(self, name: _Optional[str] = ..., alias: _Optional[_Union[_events_pb2.TrackedAlias, _Mapping]] = ...) -> None: ...

class ListPlansRequest(_message.Message):
    __slots__ = ("data_type",)
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    def __init__(self, data_type: _Optional[str] = ...) -> None: ...

class ListPlansResponse(_message.Message):
    __slots__ = ("plans",)
    PLANS_FIELD_NUMBER: _ClassVar[int]
    plans: _containers.RepeatedCompositeFieldContainer[_plans_pb2.Plan]
    def __init__(self, plans: _Optional[_Iterable[_Union[_plans_pb2.Plan, _Mapping]]] = ...) -> None: ...

class RollbackPlanRequest(_message.Message):
    __slots__ = ("data_type", "revision", "expected_revision")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    revision: int
    expected_revision: int
    def __init__(self, data_type: _Optional[str] = ..., revision: _Optional[int] = ..., expected_revision: _Optional[int] = ...) -> None: ...

class RollbackPlanResponse(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: _plans_pb2.Plan
    def __init__(self, plan: _Optional[_Union[_plans_pb2.Plan, _Mapping]] = ...) -> None: ...

class WatchModelsRequest(_message.Message):
    __slots__ = ("data_type", "after", "from_beginning")
    class AfterEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    FROM_BEGINNING_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    after: _containers.ScalarMap[str, str]
    from_beginning: bool
    def __init__(self, data_type: _Optional[str] = ..., after: _Optional[_Mapping[str, str]] = ..., from_beginning: bool = ...) -> None: ...

class WatchModelsResponse(_message.Message):
    __slots__ = ("data_type", "id", "event", "snapshot", "after")
    class AfterEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    id: str
    event: _events_pb2.ModelEvent
    snapshot: _events_pb2.Snapshot
    after: _containers.ScalarMap[str, str]
    def __init__(self, data_type: _Optional[str] = ..., id: _Optional[str] = ..., event: _Optional[_Union[_events_pb2.ModelEvent, _Mapping]] = ..., snapshot: _Optional[_Union[_events_pb2.Snapshot, _Mapping]] = ..., after: _Optional[_Mapping[str, str]] = ...) -> None: ...

class BackupRequest(_message.Message):
    __slots__ = ("skip_lost",)
    SKIP_LOST_FIELD_NUMBER: _ClassVar[int]
    skip_lost: bool
    def __init__(self, skip_lost: bool = ...) -> None: ...

class BackupResponse(_message.Message):
    __slots__ = ("piece",)
    PIECE_FIELD_NUMBER: _ClassVar[int]
    piece: _backup_pb2.BackupPiece
    def __init__(self, piece: _Optional[_Union[_backup_pb2.BackupPiece, _Mapping]] = ...) -> None: ...

class RestoreRequest(_message.Message):
    __slots__ = ("piece",)
    PIECE_FIELD_NUMBER: _ClassVar[int]
    piece: _backup_pb2.BackupPiece
    def __init__(self, piece: _Optional[_Union[_backup_pb2.BackupPiece, _Mapping]] = ...) -> None: ...

class RestoreResponse(_message.Message):
    __slots__ = ("versions", "blobs", "without_bytes")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    BLOBS_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_BYTES_FIELD_NUMBER: _ClassVar[int]
    versions: int
    blobs: int
    without_bytes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, versions: _Optional[int] = ..., blobs: _Optional[int] = ..., without_bytes: _Optional[_Iterable[str]] = ...) -> None: ...
