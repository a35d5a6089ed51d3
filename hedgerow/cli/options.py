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
WAIT_SECONDS = 120.0
"""The longest that is waited: an executor gives a model as much time to load, by default."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def split(text: str) -> list[str]:
    """Return the parts of `a,b,c`."""
    return [part.strip() for part in text.split(",") if part.strip()]
