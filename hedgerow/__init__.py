"""hedgerow: a gRPC service mesh for speculative model serving on data streams.

`Client` and `AsyncClient` score records and speak to streams of them, `Registry` and `AsyncRegistry` push
models and apply plans; the rest of the package is what the services share with them.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "Answers",
    "AsyncClient",
    "AsyncRegistry",
    "Client",
    "DeadLetter",
    "HedgerowError",
    "Outgoing",
    "Registry",
    "StreamScore",
    "__version__",
]

if TYPE_CHECKING:
    from hedgerow.client.aio import AsyncClient
    from hedgerow.client.record_streams import Outgoing
    from hedgerow.client.registry import AsyncRegistry
    from hedgerow.client.sync import Client, Registry
    from hedgerow.data.answers import Answer, Answers
    from hedgerow.data.dead_letters import DeadLetter
    from hedgerow.data.stream_scores import StreamScore
    from hedgerow.errors import HedgerowError

_HOMES = {
    "Answer": "hedgerow.data.answers",
    "Answers": "hedgerow.data.answers",
    "AsyncClient": "hedgerow.client.aio",
    "AsyncRegistry": "hedgerow.client.registry",
    "Client": "hedgerow.client.sync",
    "DeadLetter": "hedgerow.data.dead_letters",
    "HedgerowError": "hedgerow.errors",
    "Outgoing": "hedgerow.client.record_streams",
    "Registry": "hedgerow.client.sync",
    "StreamScore": "hedgerow.data.stream_scores",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used.

    Processes that are forked must not have gRPC imported, yet import their parts of this package.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
