"""`hedgerow models push`: register a model."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from hedgerow.cli import options
from hedgerow.cli.models.remarks import lines_for, remark
from hedgerow.cli.models.tag import parse_tags
from hedgerow.cli.models.told import as_dict
from hedgerow.cli.named import DataType, named_model
from hedgerow.cli.options import AsJson, Executors, Registry, Router, Wait, WaitSeconds
from hedgerow.cli.waiting import waiting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hedgerow.client.registry import AsyncRegistry, Description, Pushed
    from hedgerow.v1.events_pb2 import PlanLine
    from hedgerow.v1.models_pb2 import Metric, Verification
    from hedgerow.v1.rules_pb2 import Tolerance


class _Source(NamedTuple):
    """Where the bytes are: in a file that is pushed, or at a location."""

    file: Path | None
    location: str
    sha256: str
    is_uploaded: bool = False
    """We have put it there."""

    @property
    def name(self) -> str:
        """What the file is called."""
        return self.file.name if self.file else self.location.rpartition("/")[2]


def push(
    name: Annotated[str, typer.Option(help="Its name: wine-tree, or wine/wine-tree.")],
    file: Annotated[
        Path | None, typer.Argument(help="The model's definition.", show_default=False)
    ] = None,
    data_type: DataType = "",
    model_type: Annotated[
        str, typer.Option("--type", help="Its format; by default, what the file's name suggests.")
    ] = "",
    description: Annotated[str, typer.Option(help="For people.")] = "",
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Measured: accuracy=0.97, or accuracy=0.97@data-set. Repeatable."),
    ] = None,
    lower_metric: Annotated[
        list[str] | None, typer.Option(help="The same, where lower is better: rmse=0.31.")
    ] = None,
    parent: Annotated[str, typer.Option(help="The version it was made from: wine-tree@1.")] = "",
    tag: Annotated[
        list[str] | None, typer.Option(help="Whatever belongs to it: run=4711. Repeatable.")
    ] = None,
    verify: Annotated[
        Path | None,
        typer.Option(help="Records with expected answers: it serves if it reproduces them."),
    ] = None,
    tolerance: Annotated[
        str, typer.Option(help="How far numbers of --verify may be off: 0.01, or 1%.")
    ] = "",
    location: Annotated[
        str, typer.Option(help="Where its bytes are (s3://...), in place of a file.")
    ] = "",
    sha256: Annotated[str, typer.Option(help="The hash that its bytes must have.")] = "",
    upload: Annotated[
        str, typer.Option(help="Put the file there (s3://models/), and push that location.")
    ] = "",
    features: Annotated[str, typer.Option(help="TensorFlow: features, a,b,c, in order.")] = "",
    classes: Annotated[str, typer.Option(help="TensorFlow: labels, in the scores' order.")] = "",
    input: Annotated[str, typer.Option(help="TensorFlow: the tensor of the features.")] = "",
    output: Annotated[str, typer.Option(help="TensorFlow: the tensor of the scores.")] = "",
    wait: Wait = False,
    executors: Executors = 0,
    wait_seconds: WaitSeconds = options.WAIT_SECONDS,
    registry: Registry = options.REGISTRY,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Register a model. The same again keeps its version; anything else makes a new one."""
    from hedgerow.client.registry import AsyncRegistry
    from hedgerow.client.serving import VersionGoal

    meant = named_model(name, data_type)
    how = waiting(wait, executors, wait_seconds, router)
    metrics = _metrics(metric or [], lower_metric or [])
    tags = parse_tags(tag or [], "--tag")
    source = _source(file, location, sha256, upload)
    said: Description = {
        "data_type": meant.data_type,
        "name": meant.name,
        "model_type": model_type or _guess_type(source.name),
        "description": description,
        "metrics": metrics,
        "parent": _parent(parent, meant.data_type),
        "tags": tags,
        "verification": _verification(verify, tolerance, meant.data_type),
        "features": options.split(features),
        "classes": options.split(classes),
        "input": input,
        "output": output,
    }
    if source.file and upload:
        source = _uploaded(source.file, upload)

    async def run() -> Pushed:
        async with AsyncRegistry(registry) as client:
            pushed = await _push(client, source, said)
            if not as_json:
                _tell(pushed, await lines_for(client, pushed))
            if how is not None:
                version = pushed.model.version
                await how.until_serving(VersionGoal(client, meant.data_type, meant.name, version))
            return pushed

    pushed = asyncio.run(run())
    if as_json:
        _tell_scripts(pushed)


async def _push(client: AsyncRegistry, source: _Source, said: Description) -> Pushed:
    from hedgerow.cli.output import progress_of_bytes

    if source.sha256:
        said["sha256"] = source.sha256
    if source.file is None:
        said["location"] = source.location
        with _told_if_it_stays(source):
            return await client.push_model(**said)
    with progress_of_bytes(f"pushing {source.name}") as progress:
        return await client.push_model(source.file, progress=progress, **said)


def _tell(pushed: Pushed, lines: Sequence[PlanLine]) -> None:
    name, version = pushed.model.descriptor.name, pushed.model.version
    print(f"{name}@{version}{remark(pushed, lines)}", flush=True)


def _tell_scripts(pushed: Pushed) -> None:
    from hedgerow.cli.output import print_json

    said = {
        "created": pushed.created,
        "newest": pushed.newest,
        "lacks_metric": pushed.lacks_metric or None,
    }
    print_json({**as_dict(pushed.model), **said})


# -- where the bytes are -----------------------------------------------------------------------------------


def _source(file: Path | None, location: str, sha256: str, upload: str) -> _Source:
    """Return where the bytes are. Raises a usage error if that is said twice or not at all."""
    if (file is None) == (not location):
        raise typer.BadParameter("give the file of a model, or --location", param_hint="FILE")
    if file is not None:
        _check_readable(file)
        return _Source(file, "", sha256)
    if upload:
        raise typer.BadParameter(
            "goes with a file; what is at a location is there", param_hint="--upload"
        )
    if not sha256:
        raise typer.BadParameter(
            "--location needs the hash of what is there: `sha256sum` of the file tells it",
            param_hint="--sha256",
        )
    return _Source(None, location, sha256)


def _uploaded(file: Path, to: str) -> _Source:
    """Put a file to where it is to be fetched from."""
    from hedgerow.cli.output import progress_of_bytes
    from hedgerow.locations.uploads import upload

    with progress_of_bytes(f"uploading {file.name}") as progress:
        location, sha256 = upload(file, to, progress)
    return _Source(None, location, sha256, is_uploaded=True)


@contextmanager
def _told_if_it_stays(source: _Source) -> Iterator[None]:
    """Say where a file is that was uploaded for a push which fails: it may be large."""
    from hedgerow.cli.output import print_note
    from hedgerow.errors import HedgerowError

    try:
        yield
    except HedgerowError:
        if source.is_uploaded:
            where = f"--location {source.location} --sha256 {source.sha256}"
            print_note(f"note: the file was uploaded and stays there; {where} pushes it from there")
        raise


def _check_readable(file: Path) -> None:
    """Raise InvalidInput if there is no such file."""
    from hedgerow.errors import InvalidInput

    if file.is_dir():
        raise InvalidInput(
            f"{file} is a directory; push a zip of what is in it (`cd {file} && zip -r ../model.zip .`)"
        )
    if not file.exists():
        raise InvalidInput(f"there is no file {file}; give the path of the model's definition")


def _guess_type(name: str) -> str:
    from hedgerow.errors import InvalidInput
    from hedgerow.formats.factories import factories, type_of_file

    guess = type_of_file(Path(name))
    if guess is None:
        known = ", ".join(sorted(factories()))
        raise InvalidInput(f"{name} does not tell its format; give --type: {known}")
    return guess


# -- what is said of it ------------------------------------------------------------------------------------


def _metrics(higher: list[str], lower: list[str]) -> list[Metric]:
    from hedgerow.errors import InvalidInput
    from hedgerow.metrics import parse_metric

    try:
        return [
            *(parse_metric(text) for text in higher),
            *(parse_metric(text, lower_is_better=True) for text in lower),
        ]
    except InvalidInput as error:
        raise typer.BadParameter(str(error), param_hint="--metric") from error


def _parent(parent: str, data_type: str) -> str:
    """Return the parent without its data type, which is that of the model."""
    from hedgerow.cli.named import named_version

    return str(named_version(parent, data_type)) if parent else ""


def _verification(file: Path | None, tolerance: str, data_type: str) -> Verification | None:
    if file is None:
        if tolerance:
            raise typer.BadParameter(
                "it is of --verify, which is not given", param_hint="--tolerance"
            )
        return None
    from hedgerow.cli.models.verification_file import read_verification

    verification: Verification = read_verification(file, data_type, _tolerance(tolerance))
    return verification


def _tolerance(text: str) -> Tolerance | None:
    from hedgerow.errors import InvalidInput
    from hedgerow.plans.tolerances import check_tolerance, tolerance_from

    if not text:
        return None
    try:
        said: object = text if text.endswith("%") else float(text)
        tolerance = tolerance_from("--tolerance", said)
        check_tolerance("--tolerance", tolerance)
    except (ValueError, InvalidInput) as error:
        raise typer.BadParameter(
            f"{text!r} is none; give a number such as 0.01, or a share such as 1%",
            param_hint="--tolerance",
        ) from error
    return tolerance
