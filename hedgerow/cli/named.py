"""How commands are told which model is meant: `wine/wine-tree@3`, or `wine-tree@3 --data-type wine`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, NamedTuple

import typer

Model = Annotated[str, typer.Argument(help="wine-tree@3, or wine/wine-tree@3.", show_default=False)]
DataType = Annotated[
    str, typer.Option("--data-type", help="Its data type, if it is not said with the model.")
]


def _checked(alias: str) -> str:
    from hedgerow.references import check_alias

    with _asked_wrongly():
        check_alias(alias)
    return alias


Alias = Annotated[
    str, typer.Argument(help="'champion', say.", show_default=False, callback=_checked)
]


class Named(NamedTuple):
    """A model, a version of it, or that of an alias. `str` gives it without the data type."""

    data_type: str
    name: str
    version: int
    """0: that of the alias, or the newest."""
    alias: str

    def __str__(self) -> str:
        from hedgerow.references import Reference

        return str(Reference(self.name, self.version, self.alias))


def named(model: str, data_type: str) -> Named:
    """Return what is meant. Raises a usage error unless it can be, and its data type is said once."""
    from hedgerow.references import check_name, parse_qualified

    with _asked_wrongly():
        said, reference = parse_qualified(model)
    if said and data_type and said != data_type:
        raise typer.BadParameter(
            f"{model!r} is of another data type than {data_type!r}", param_hint="--data-type"
        )
    if not said and not data_type:
        raise typer.BadParameter(
            f"say of which data type {model} is, here or before a slash: wine/{model}",
            param_hint="--data-type",
        )
    with _asked_wrongly():
        check_name("data type", said or data_type)
    return Named(said or data_type, *reference)


def named_version(model: str, data_type: str) -> Named:
    """Return the very version that is meant, and none that may be another tomorrow. Raises as `named`."""
    from hedgerow.references import parse_version

    with _asked_wrongly():
        parse_version(model.rpartition("/")[2])
    return named(model, data_type)


def named_model(model: str, data_type: str) -> Named:
    """Return the model that is meant, of which no version is said. Raises as `named`."""
    found = named(model, data_type)
    if found.version or found.alias:
        raise typer.BadParameter(
            f"{model!r}: a model is meant, and no version of it; write {found.name}"
        )
    return found


@contextmanager
def _asked_wrongly() -> Iterator[None]:
    """Have what nothing can be named be a usage error: no mesh needs to be asked for it."""
    from hedgerow.references import InvalidName

    try:
        yield
    except InvalidName as error:
        raise typer.BadParameter(str(error)) from error
