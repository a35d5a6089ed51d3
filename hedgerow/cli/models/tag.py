"""`hedgerow models tag`: tags of a version are set and removed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.models.told import as_dict
from hedgerow.cli.named import DataType, Model, named_version
from hedgerow.cli.options import AsJson, Registry

if TYPE_CHECKING:
    from hedgerow.v1.models_pb2 import ModelVersion


def tag(
    model: Model,
    tags: Annotated[
        list[str] | None, typer.Argument(help="Tags to set: run=4711.", show_default=False)
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(help="The key of a tag to remove. Repeatable.")
    ] = None,
    data_type: DataType = "",
    registry: Registry = options.REGISTRY,
    as_json: AsJson = False,
) -> None:
    """Set and remove tags of a version. Nothing else of a version ever changes."""
    from hedgerow.cli.output import print_json, printable
    from hedgerow.client.registry import AsyncRegistry

    meant = named_version(model, data_type)
    wanted = parse_tags(tags or [], "TAGS")
    if not wanted and not remove:
        raise typer.BadParameter("say what to set or to remove: run=4711", param_hint="TAGS")

    async def run() -> ModelVersion:
        async with AsyncRegistry(registry) as client:
            where = (meant.data_type, meant.name, meant.version)
            return await client.set_tags(*where, wanted, remove or [])

    tagged = asyncio.run(run())
    if as_json:
        print_json(as_dict(tagged))
    else:
        now = ", ".join(f"{key}={value}" for key, value in sorted(tagged.tags.items()))
        print(printable(f"{meant}: {now or 'no tags'}"))


def parse_tags(said: list[str], hint: str) -> dict[str, str]:
    """Return tags that are written `key=value`. Raises a usage error."""
    wrong = next((text for text in said if not text.partition("=")[1]), None)
    if wrong is not None:
        raise typer.BadParameter(f"{wrong!r} is no tag; write key=value", param_hint=hint)
    return {key: value for key, _, value in (text.partition("=") for text in said)}
