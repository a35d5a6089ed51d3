"""Finds the installed formats by entry point."""

from functools import cache
from importlib.metadata import entry_points
from pathlib import PurePath

from hedgerow.errors import InvalidModel
from hedgerow.formats.interface import ModelFactory

GROUP = "hedgerow.formats"


@cache
def factories() -> dict[str, ModelFactory]:
    """Return every installed format by its model type."""
    found: list[ModelFactory] = [point.load()() for point in entry_points(group=GROUP)]
    return {factory.model_type: factory for factory in found}


def factory_of(model_type: str) -> ModelFactory:
    """Return the format of a model type. Raises InvalidModel if it is not installed."""
    known = factories()
    if model_type not in known:
        raise InvalidModel(
            f"no format {model_type!r} is installed; there are: {', '.join(sorted(known))}"
        )
    return known[model_type]


def type_of_file(file: PurePath) -> str | None:
    """Return the model type that a file's name suggests, if there is exactly one."""
    name = file.name.lower()
    types = [f.model_type for f in factories().values() if name.endswith(f.suffixes or ("\0",))]
    return types[0] if len(types) == 1 else None
