"""`hedgerow models push`: register a model."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.models.told import as_dict
from hedgerow.cli.options import AsJson, Registry, Router, Wait

if TYPE_CHECKING:
    from hedgerow.client.registry import Pushed


def push(
    file: Annotated[Path, typer.Argument(help="The model's definition.", show_default=False)],
    data_type: Annotated[str, typer.Option(help="What it scores, 'wine' say.", show_default=False)],
    name: Annotated[str, typer.Option(help="Its name.", show_default=False)],
    model_type: Annotated[
        str, typer.Option("--type", help="Its format; by default, what the file's name suggests.")
    ] = "",
    description: Annotated[str, typer.Option(help="For people.")] = "",
    quality: Annotated[
        float | None, typer.Option(min=0, max=1, help="Measured quality, 0 to 1.")
    ] = None,
    features: Annotated[str, typer.Option(help="TensorFlow: features, a,b,c, in order.")] = "",
    classes: Annotated[str, typer.Option(help="TensorFlow: labels, in the scores' order.")] = "",
    input: Annotated[str, typer.Option(help="TensorFlow: the tensor of the features.")] = "",
    output: Annotated[str, typer.Option(help="TensorFlow: the tensor of the scores.")] = "",
    wait: Wait = False,
    registry: Registry = options.REGISTRY,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Register a model. The same again keeps its version; anything else makes a new one."""
    from hedgerow.cli.output import print_json, progress_of_bytes
    from hedgerow.client.registry import AsyncRegistry

    _check_readable(file)
    chosen_type = model_type or _guess_type(file)

    async def run() -> Pushed:
        with progress_of_bytes(f"pushing {file.name}") as progress:
            async with AsyncRegistry(registry) as client:
                return await client.push_model(
                    file,
                    data_type=data_type,
                    name=name,
                    model_type=chosen_type,
                    description=description,
                    quality=quality,
                    features=options.split(features),
                    classes=options.split(classes),
                    input=input,
                    output=output,
                    progress=progress,
                )

    pushed = asyncio.run(run())
    if wait:
        _wait_until_serving(router, data_type, (name, pushed.newest))
    if as_json:
        said = {
            "created": pushed.created,
            "newest": pushed.newest,
            "quality_inherited": pushed.quality_inherited,
        }
        print_json({**as_dict(pushed.model), **said})
    else:
        print(f"{name}@{pushed.model.version}{_remark(name, pushed)}")


def _wait_until_serving(router: str, data_type: str, reference: tuple[str, int]) -> None:
    from hedgerow.client.serving import wait_until_serving

    asyncio.run(wait_until_serving(router, data_type, [reference], options.WAIT_SECONDS))


def _remark(name: str, pushed: Pushed) -> str:
    """Say what somebody who pushes might not expect."""
    if pushed.newest != pushed.model.version:
        newest = f"{name}@{pushed.newest}"
        return f" was there already; {newest} is newer and serves where no plan says otherwise"
    if not pushed.created:
        return " was there already"
    if pushed.quality_inherited:
        quality = f"{pushed.model.descriptor.quality:g}"
        return f", of quality {quality} as the version before it; --quality says another"
    return ""


def _check_readable(file: Path) -> None:
    """Raise InvalidInput if there is no such file."""
    from hedgerow.errors import InvalidInput

    if file.is_dir():
        raise InvalidInput(
            f"{file} is a directory; push a zip of what is in it (`cd {file} && zip -r ../model.zip .`)"
        )
    if not file.exists():
        raise InvalidInput(f"there is no file {file}; give the path of the model's definition")


def _guess_type(file: Path) -> str:
    from hedgerow.errors import InvalidInput
    from hedgerow.formats.factories import factories, type_of_file

    guess = type_of_file(file)
    if guess is None:
        known = ", ".join(sorted(factories()))
        raise InvalidInput(f"{file.name} does not tell its format; give --type: {known}")
    return guess
