from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REASON_UNSPECIFIED: _ClassVar[Reason]
    REASON_PREFERRED: _ClassVar[Reason]
    REASON_BEST_AVAILABLE: _ClassVar[Reason]
    REASON_CONSENSUS: _ClassVar[Reason]
    REASON_PLURALITY: _ClassVar[Reason]
    REASON_BEST_QUALITY: _ClassVar[Reason]
    REASON_GOOD_ENOUGH: _ClassVar[Reason]
    REASON_DEFAULT: _ClassVar[Reason]
    REASON_NO_ANSWER: _ClassVar[Reason]
    REASON_BEST_QUALITY_IN_TIME: _ClassVar[Reason]
    REASON_PLURALITY_IN_TIME: _ClassVar[Reason]
REASON_UNSPECIFIED: Reason
REASON_PREFERRED: Reason
REASON_BEST_AVAILABLE: Reason
REASON_CONSENSUS: Reason
REASON_PLURALITY: Reason
REASON_BEST_QUALITY: Reason
REASON_GOOD_ENOUGH: Reason
REASON_DEFAULT: Reason
REASON_NO_ANSWER: Reason
REASON_BEST_QUALITY_IN_TIME: Reason
REASON_PLURALITY_IN_TIME: Reason

class Rule(_message.Message):
    __slots__ = ("timeout", "consensus", "quality", "otherwise")
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    CONSENSUS_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    OTHERWISE_FIELD_NUMBER: _ClassVar[int]
    timeout: TimeoutRule
    consensus: ConsensusRule
    quality: QualityRule
    otherwise: Rule
    def __init__(self, timeout: _Optional[_Union[TimeoutRule, _Mapping]] = ..., consensus: _Optional[_Union[ConsensusRule, _Mapping]] = ..., quality: _Optional[_Union[QualityRule, _Mapping]] = ..., otherwise: _Optional[_Union[Rule, _Mapping]] = ...) -> None: ...

class TimeoutRule(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ConsensusRule(_message.Message):
    __slots__ = ("quorum", "tolerance", "weights")
    class WeightsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    QUORUM_FIELD_NUMBER: _ClassVar[int]
    TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    quorum: Quorum
    tolerance: Tolerance
    weights: _containers.ScalarMap[str, float]
    def __init__(self, quorum: _Optional[_Union[Quorum, _Mapping]] = ..., tolerance: _Optional[_Union[Tolerance, _Mapping]] = ..., weights: _Optional[_Mapping[str, float]] = ...) -> None: ...

class Quorum(_message.Message):
    __slots__ = ("majority", "all", "votes")
    MAJORITY_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    VOTES_FIELD_NUMBER: _ClassVar[int]
    majority: bool
    all: bool
    votes: float
    def __init__(self, majority: bool = ..., all: bool = ..., votes: _Optional[float] = ...) -> None: ...

class Tolerance(_message.Message):
    __slots__ = ("absolute", "relative")
    ABSOLUTE_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_FIELD_NUMBER: _ClassVar[int]
    absolute: float
    relative: float
    def __init__(self, absolute: _Optional[float] = ..., relative: _Optional[float] = ...) -> None: ...

class QualityRule(_message.Message):
    __slots__ = ("metric", "confidence", "data_set", "good_enough")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    DATA_SET_FIELD_NUMBER: _ClassVar[int]
    GOOD_ENOUGH_FIELD_NUMBER: _ClassVar[int]
    metric: str
    confidence: bool
    data_set: str
    good_enough: float
    def __init__(self, metric: _Optional[str] = ..., confidence: bool = ..., data_set: _Optional[str] = ..., good_enough: _Optional[float] = ...) -> None: ...
