"""The life of a model host, from the fork to its exit.

It loads, verifies and warms the model, then serves it (`services.executor.host.server`) until the agent
says DRAIN or is gone. gRPC is imported only after the fork: a process that has it must not be forked.
"""

import contextlib
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import structlog
import uvloop

from hedgerow.errors import HedgerowError, Unavailable
from hedgerow.formats import Model, ModelFactory
from hedgerow.formats.factories import factory_of
from hedgerow.formats.verification import answered_records, verify
from hedgerow.formats.warmup import warm_up
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion, Verification
from services.common.logs import configure_logging, fields_of
from services.executor.heartbeat import Heartbeat
from services.executor.host.spec import Failed, HostSpec, ModelSpec

_log = structlog.get_logger()

_CIRCUMSTANCES = (OSError, MemoryError, Unavailable)
"""What may prevent any model from being loaded, and passes."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def host_main(spec: HostSpec, pipe: Connection) -> None:
    """Run a host; the target of its process."""
    # A terminal's Ctrl-C goes to the whole group; the agent decides when its hosts end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    _die_before_others()
    versions = [ModelVersion.FromString(one.model) for one in spec.models]
    configure_logging("host", spec.log_level, spec.log_format)
    structlog.contextvars.bind_contextvars(**fields_of(*versions))
    heartbeat = Heartbeat(spec.heartbeat)
    loaded: list[_Loaded] = []
    for number, (version, one) in enumerate(zip(versions, spec.models, strict=True)):
        try:
            loaded.append(_load(version, one, spec.row_limit))
            heartbeat.beat()
        except Exception as error:
            if not isinstance(error, HedgerowError):
                _log.error("the model could not be loaded", exc_info=error, **fields_of(version))
            reason = " ".join(str(error).split()) or type(error).__name__
            pipe.send(Failed(reason, not isinstance(error, _CIRCUMSTANCES), number))
            return
    code = _serve(spec, versions, loaded, heartbeat, pipe)
    for done in loaded:
        done.model.cleanup()
    # The JVM and TensorFlow have threads that outlive the interpreter; there is nothing left to do.
    os._exit(code)


class _Loaded(NamedTuple):
    """A model that may serve."""

    model: Model
    row_seconds: float | None


def _serve(
    spec: HostSpec,
    versions: list[ModelVersion],
    loaded: list[_Loaded],
    heartbeat: Heartbeat,
    pipe: Connection,
) -> int:
    from services.executor.host.server import HostServer

    # What is loaded by now stays; the garbage collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    models = [one.model for one in loaded]
    row_seconds = tuple([one.row_seconds for one in loaded])
    return uvloop.run(HostServer(spec, versions, models, heartbeat, pipe, row_seconds).run())


def _load(version: ModelVersion, spec: ModelSpec, row_limit: int) -> _Loaded:
    descriptor = ModelDescriptor()
    descriptor.CopyFrom(version.descriptor)
    descriptor.signature.CopyFrom(version.signature)
    factory = factory_of(descriptor.model_type)
    verifications = list(_verifications(factory, descriptor, spec))
    model = factory.create(descriptor, spec.definition)
    for verification in verifications:
        verify(model, verification)
        checked = verification.records.rows
        _log.info("the model reproduces its verification", records=checked, **fields_of(version))
    known = [records for v in verifications if (records := answered_records(v)) is not None]
    warmth = warm_up(model, known[-1] if known else None, spec.batch_rows, row_limit)
    if warmth.refused:
        _log.warning(
            "the model takes no made-up records and was not warmed up; records to verify it by, pushed"
            " with it, would do",
            reason=warmth.refused,
            **fields_of(version),
        )
    return _Loaded(model, warmth.row_seconds)


def _verifications(
    factory: ModelFactory, descriptor: ModelDescriptor, spec: ModelSpec
) -> Iterator[Verification]:
    """Yield what the definition itself has to verify the model by, and what was pushed with it."""
    own = factory.own_verification(descriptor, spec.definition)
    if own is not None:
        yield own
    if spec.verification is not None:
        yield Verification.FromString(spec.verification.read_bytes())


def _die_before_others() -> None:
    """Have the kernel, when memory is short, end hosts before the agent and the fork servers."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _die_with_parent() -> None:
    """Have the kernel end this process with the fork server, which ends with the agent."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
