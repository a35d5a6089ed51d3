"""The life of a model host, from the fork to its exit.

It loads and warms the model, then serves it (`services.executor.host.server`) until the agent says
DRAIN or is gone. gRPC is imported only after the fork: a process that has it must not be forked.
"""

import contextlib
import ctypes
import gc
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import structlog
import uvloop

from hedgerow.errors import HedgerowError, Unavailable
from hedgerow.formats import Model
from hedgerow.formats.factories import factory_of
from hedgerow.formats.warmup import warm_up
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from services.common.logs import configure_logging, fields_of
from services.executor.heartbeat import Heartbeat
from services.executor.host.spec import Failed, HostSpec

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
    version = ModelVersion.FromString(spec.model)
    configure_logging("host", spec.log_level, spec.log_format)
    structlog.contextvars.bind_contextvars(**fields_of(version))
    try:
        model = _load(version, spec)
    except Exception as error:
        if not isinstance(error, HedgerowError):
            _log.error("the model could not be loaded", exc_info=error)
        reason = " ".join(str(error).split()) or type(error).__name__
        pipe.send(Failed(reason, is_final=not isinstance(error, _CIRCUMSTANCES)))
        return
    code = _serve(spec, version, model, pipe)
    model.cleanup()
    # The JVM and TensorFlow have threads that outlive the interpreter; there is nothing left to do.
    os._exit(code)


def _serve(spec: HostSpec, version: ModelVersion, model: Model, pipe: Connection) -> int:
    from services.executor.host.server import HostServer

    # What is loaded by now stays; the garbage collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    return uvloop.run(HostServer(spec, version, model, Heartbeat(spec.heartbeat), pipe).run())


def _load(version: ModelVersion, spec: HostSpec) -> Model:
    descriptor = ModelDescriptor()
    descriptor.CopyFrom(version.descriptor)
    descriptor.signature.CopyFrom(version.signature)
    model = factory_of(descriptor.model_type).create(descriptor, spec.definition)
    warm_up(model)
    return model


def _die_before_others() -> None:
    """Have the kernel, when memory is short, end hosts before the agent and the fork servers."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _die_with_parent() -> None:
    """Have the kernel end this process with the fork server, which ends with the agent."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
