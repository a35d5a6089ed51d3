"""Options that several commands have."""

from typing import Annotated

import typer

ROUTER = "localhost:8400"
REGISTRY = "localhost:8401"

Router = Annotated[
    str, typer.Option("--router", envvar="HEDGEROW_ROUTER", help="Address of a router.")
]
Registry = Annotated[
    str, typer.Option("--registry", envvar="HEDGEROW_REGISTRY", help="Address of the registry.")
]
Wait = Annotated[
    bool, typer.Option("--wait", help="Return when it serves, or with an error if it cannot.")
]
Executors = Annotated[
    int,
    typer.Option(
        "--executors",
        min=0,
        help="--wait: on so many executors it is to serve. 0: on all that run such models.",
    ),
]
WaitSeconds = Annotated[
    float, typer.Option("--wait-seconds", min=0.0, help="--wait: the longest that is waited.")
]
LAST_REVISION = 2**32 - 1
"""A plan may have no higher one."""

WAIT_SECONDS = 120.0
"""An executor gives a model as much time to load, by default."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def split(text: str) -> list[str]:
    """Return the parts of `a,b,c`."""
    return [part.strip() for part in text.split(",") if part.strip()]
