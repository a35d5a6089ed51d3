import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hedgerow.v1 import events_pb2 as _events_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BackupPiece(_message.Message):
    __slots__ = ("head", "data_type", "chunk", "end", "members")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    head: BackupHead
    data_type: BackupDataType
    chunk: BackupChunk
    end: BackupEnd
    members: BackupMembers
    def __init__(self, head: _Optional[_Union[BackupHead, _Mapping]] = ..., data_type: _Optional[_Union[BackupDataType, _Mapping]] = ..., chunk: _Optional[_Union[BackupChunk, _Mapping]] = ..., end: _Optional[_Union[BackupEnd, _Mapping]] = ..., members: _Optional[_Union[BackupMembers, _Mapping]] = ...) -> None: ...

class BackupHead(_message.Message):
    __slots__ = ("format", "mesh", "at")
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    MESH_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    format: int
    mesh: str
    at: _timestamp_pb2.Timestamp
    def __init__(self, format: _Optional[int] = ..., mesh: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BackupDataType(_message.Message):
    __slots__ = ("data_type", "snapshot")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    data_type: str
    snapshot: _events_pb2.Snapshot
    def __init__(self, data_type: _Optional[str] = ..., snapshot: _Optional[_Union[_events_pb2.Snapshot, _Mapping]] = ...) -> None: ...

class BackupChunk(_message.Message):
    __slots__ = ("sha256", "number", "chunks", "data")
    SHA256_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    sha256: str
    number: int
    chunks: int
    data: bytes
    def __init__(self, sha256: _Optional[str] = ..., number: _Optional[int] = ..., chunks: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class BackupEnd(_message.Message):
    __slots__ = ("pieces", "sha256")
    PIECES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    pieces: int
    sha256: str
    def __init__(self, pieces: _Optional[int] = ..., sha256: _Optional[str] = ...) -> None: ...

class BackupMembers(_message.Message):
    __slots__ = ("service", "addresses")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    service: str
    addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, service: _Optional[str] = ..., addresses: _Optional[_Iterable[str]] = ...) -> None: ...
