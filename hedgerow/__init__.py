"""hedgerow: a gRPC service mesh for speculative model serving on data streams.

`Client` and `AsyncClient` score records, `Plan` and the errors are what they speak in; the rest of the
package is what the services share with them.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Answer", "AsyncClient", "Client", "HedgerowError", "__version__"]

if TYPE_CHECKING:
    from hedgerow.aio import AsyncClient
    from hedgerow.answers import Answer
    from hedgerow.client import Client
    from hedgerow.errors import HedgerowError

_HOMES = {
    "Answer": "hedgerow.answers",
    "AsyncClient": "hedgerow.aio",
    "Client": "hedgerow.client",
    "HedgerowError": "hedgerow.errors",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used.

    Processes that are forked must not have gRPC imported, yet import their parts of this package.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
