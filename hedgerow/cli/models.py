"""`hedgerow models`: push, list and pull models."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Registry, Router, Wait

if TYPE_CHECKING:
    from hedgerow.client.registry import Pushed
    from hedgerow.v1.models_pb2 import ModelVersion

app = typer.Typer(no_args_is_help=True, help="Push, list and pull models.")


@app.command()
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
        print_json({**_as_dict(pushed.model), **said})
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


@app.command("list")
def list_models(
    data_type: Annotated[str, typer.Argument(help="Of this data type only.")] = "",
    registry: Registry = options.REGISTRY,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """List all versions of all models, and how their hosts are."""
    from hedgerow.cli.hosts import HostStates
    from hedgerow.cli.output import print_json, print_table
    from hedgerow.client.registry import AsyncRegistry

    async def run() -> tuple[list[ModelVersion], HostStates]:
        async with AsyncRegistry(registry) as client:
            models = await client.list_models(data_type)
        return models, await HostStates.ask(router, data_type)

    found, hosts = asyncio.run(run())
    if as_json:
        print_json([{**_as_dict(model), "hosts": hosts.listed(model)} for model in found])
    elif found:
        columns = ("MODEL", "FORMAT", "QUALITY", "SIZE", "PUSHED", "HOSTS", "DESCRIPTION")
        print_table(columns, [_as_row(model, hosts.text(model)) for model in found])
        hosts.note()
    else:
        print("no models yet; push one with `hedgerow models push`")


@app.command()
def pull(
    model: Annotated[str, typer.Argument(help="wine-tree, or wine-tree@2.", show_default=False)],
    data_type: Annotated[str, typer.Option(help="Its data type.", show_default=False)],
    to: Annotated[Path | None, typer.Option(help="File to write; by default, its name.")] = None,
    registry: Registry = options.REGISTRY,
    as_json: AsJson = False,
) -> None:
    """Fetch the definition of a model."""
    from hedgerow.cli.output import print_json, progress_of_bytes, size_text
    from hedgerow.client.registry import AsyncRegistry
    from hedgerow.references import parse_reference

    name, version = parse_reference(model)
    target = to or Path(name)

    async def run() -> ModelVersion:
        with progress_of_bytes(f"pulling {name}") as progress, _replacing(target) as file:
            async with AsyncRegistry(registry) as client:
                return await client.pull_model(data_type, name, version, to=file, progress=progress)

    pulled = asyncio.run(run())
    if as_json:
        print_json({**_as_dict(pulled), "file": str(target)})
    else:
        print(f"{target}: {name}@{pulled.version}, {size_text(pulled.size)}")


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


@contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    """Write a file under another name first, so that half of it never stands under its own."""
    from hedgerow.errors import InvalidInput

    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
            try:
                yield file  # type: ignore[misc]
                os.replace(file.name, target)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise InvalidInput(f"cannot write {target}: {error.strerror or error}") from error


def _as_row(model: ModelVersion, hosts: str) -> list[str]:
    from hedgerow.cli.output import date_text, size_text

    said = model.descriptor
    return [
        f"{said.data_type}/{said.name}@{model.version}",
        said.model_type,
        f"{said.quality:.4g}" if said.HasField("quality") else "",
        size_text(model.size),
        date_text(model.pushed_at.ToDatetime()),
        hosts,
        said.description,
    ]


def _as_dict(model: ModelVersion) -> dict[str, Any]:
    said = model.descriptor
    return {
        "data_type": said.data_type,
        "name": said.name,
        "version": model.version,
        "type": said.model_type,
        "description": said.description,
        "quality": said.quality if said.HasField("quality") else None,
        "features": [feature.name for feature in model.signature.features],
        "classes": list(model.signature.classes),
        "sha256": model.sha256,
        "size": model.size,
        "pushed_at": model.pushed_at.ToJsonString(),
    }
