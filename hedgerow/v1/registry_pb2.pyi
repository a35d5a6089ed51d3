from hedgerow.v1 import models_pb2 as _models_pb2
from hedgerow.v1 import plans_pb2 as _plans_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PushModelRequest(_message.Message):
    __slots__ = ("descriptor", "chunk")
    DESCRIPTOR_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    descriptor: _models_pb2.ModelDescriptor
    chunk: bytes
    def __init__(self, descriptor: _Optional[_Union[_models_pb2.ModelDescriptor, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class PushModelResponse(_message.Message):
    __slots__ = ("model", "created", "newest", "quality_inherited")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    NEWEST_FIELD_NUMBER: _ClassVar[int]
    QUALITY_INHERITED_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.ModelVersion
    created: bool
    newest: int
    quality_inherited: bool
    def __init__(self, model: _Optional[_Union[_models_pb2.ModelVersion, _Mapping]] = ..., created: bool = ..., newest: _Optional[int] = ..., quality_inherited: bool = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ("data_type", "name", "version")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    name: str
    version: int
    def __init__(self, data_type: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.ModelVersion
    def __init__(self, model: _Optional[_Union[_models_pb2.ModelVersion, _Mapping]] = ...) -> None: ...

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
    __slots__ = ("models", "next_page_token")
    MODELS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[_models_pb2.ModelVersion]
    next_page_token: str
    def __init__(self, models: _Optional[_Iterable[_Union[_models_pb2.ModelVersion, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class PullModelRequest(_message.Message):
    __slots__ = ("data_type", "name", "version")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    name: str
    version: int
    def __init__(self, data_type: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class PullModelResponse(_message.Message):
    __slots__ = ("model", "chunk")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    model: _models_pb2.ModelVersion
    chunk: bytes
    def __init__(self, model: _Optional[_Union[_models_pb2.ModelVersion, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class ApplyPlanRequest(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: _plans_pb2.Plan
    def __init__(self, plan: _Optional[_Union[_plans_pb2.Plan, _Mapping]] = ...) -> None: ...

class ApplyPlanResponse(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: _plans_pb2.Plan
    def __init__(self, plan: _Optional[_Union[_plans_pb2.Plan, _Mapping]] = ...) -> None: ...

class GetPlanRequest(_message.Message):
    __slots__ = ("data_type",)
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    def __init__(self, data_type: _Optional[str] = ...) -> None: ...

class GetPlanResponse(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: _plans_pb2.Plan
    def __init__(self, plan: _Optional[_Union[_plans_pb2.Plan, _Mapping]] = ...) -> None: ...
