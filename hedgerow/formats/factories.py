"""Finds the installed formats by entry point."""

from functools import cache
from importlib.metadata import entry_points
from pathlib import PurePath

from hedgerow.errors import InvalidModel
from hedgerow.formats.interface import ModelFactory

GROUP = "hedgerow.formats"


def factories() -> dict[str, ModelFactory]:
    """Return every installed format by its model type."""
    return _load()[0]


def factory_of(model_type: str) -> ModelFactory:
    """Return the format of a model type. Raises InvalidModel if it is not installed, or does not load."""
    known, broken = _load()
    if model_type in known:
        return known[model_type]
    if model_type in broken:
        raise InvalidModel(f"format {model_type!r} is installed but broken: {broken[model_type]}")
    raise InvalidModel(
        f"no format {model_type!r} is installed; there are: {', '.join(sorted(known))}"
    )


def type_of_file(file: PurePath) -> str | None:
    """Return the model type that a file's name suggests, if there is exactly one."""
    name = file.name.lower()
    types = [f.model_type for f in factories().values() if name.endswith(f.suffixes or ("\0",))]
    return types[0] if len(types) == 1 else None


@cache
def _load() -> tuple[dict[str, ModelFactory], dict[str, str]]:
    """Return the formats that load, and why the others do not, by the name of the entry point."""
    known: dict[str, ModelFactory] = {}
    broken: dict[str, str] = {}
    for point in entry_points(group=GROUP):
        try:
            factory: ModelFactory = point.load()()
        except Exception as exc:
            # Somebody else's package must not take the other formats down with it.
            broken[point.name] = f"{type(exc).__name__}: {exc}"
        else:
            known[factory.model_type] = factory
    return known, broken
