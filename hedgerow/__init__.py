"""hedgerow: a gRPC service mesh for speculative model serving on data streams.

`Client` and `AsyncClient` score records, `Registry` and `AsyncRegistry` push models and apply plans; the
rest of the package is what the services share with them.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "Answers",
    "AsyncClient",
    "AsyncRegistry",
    "Client",
    "HedgerowError",
    "Registry",
    "__version__",
]

if TYPE_CHECKING:
    from hedgerow.aio import AsyncClient
    from hedgerow.answers import Answer, Answers
    from hedgerow.client import Client, Registry
    from hedgerow.errors import HedgerowError
    from hedgerow.registry_client import AsyncRegistry

_HOMES = {
    "Answer": "hedgerow.answers",
    "Answers": "hedgerow.answers",
    "AsyncClient": "hedgerow.aio",
    "AsyncRegistry": "hedgerow.registry_client",
    "Client": "hedgerow.client",
    "HedgerowError": "hedgerow.errors",
    "Registry": "hedgerow.client",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used.

    Processes that are forked must not have gRPC imported, yet import their parts of this package.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
