"""Log lines of a service. Light, for model hosts import it before they are forked.

A line says in a sentence what happened, and who by keys: `service` and `pid` are those of the process that
writes it. `collector`, `executor` and `host` are the addresses of others, `host_pid` is a host's process;
`data_type`, `model` and `version` name a model version, `models` those that share a host; `reason` is why,
in the words of who knows.
"""

import logging
import os
import sys

import structlog

from hedgerow.v1.models_pb2 import ModelVersion


def configure_logging(service: str, level: str, form: str) -> None:
    """Write log lines to stderr, as JSON or for people."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if form == "console"
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            *([] if form == "console" else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        # A line in one write: an executor and its hosts share what they write to.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(service=service, pid=os.getpid())


_NAMED = 6
"""So many versions are named where there are several."""


def fields_of(model: ModelVersion, *others: ModelVersion) -> dict[str, str | int]:
    """Return the keys that name a model version, or several that share a host, in a log line."""
    if others:
        models = model, *others
        names = [f"{m.descriptor.name}@{m.version}" for m in models[:_NAMED]]
        more = [f"{len(models) - _NAMED} more"] if len(models) > _NAMED else []
        return {"models": ", ".join([*names, *more])}
    descriptor = model.descriptor
    return {
        "data_type": descriptor.data_type,
        "model": descriptor.name,
        "version": model.version,
    }
