"""What YAML gave, checked: each reader names the path of what is wrong and says what is allowed there."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

import yaml

from hedgerow.errors import InvalidInput, InvalidPlan

T = TypeVar("T")

_BOOLEAN = "tag:yaml.org,2002:bool"


def load(what: str, document: str) -> Any:
    """Read YAML. Raises InvalidPlan if it is none; `what` says what should be."""
    try:
        return yaml.load(document, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as exc:
        raise InvalidPlan(f"the {what} is not YAML: {' '.join(str(exc).split())}") from exc


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice; PyYAML keeps the last in silence. `on` is a key, and not true."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        for key, _ in node.value:
            if key.tag == _BOOLEAN and key.value == "on":  # as YAML 1.1 has it
                key.tag = self.DEFAULT_SCALAR_TAG
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"{key!r} stands twice in one mapping, {node.start_mark}")
        return super().construct_mapping(node, deep)


def mapping(path: str, item: object, allowed: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the fields at a path; nothing at all is an empty mapping, as in `timeout:`."""
    if item is None:
        return {}
    if not isinstance(item, dict):
        raise wrong(path, item, "keys with values")
    names = None if allowed is None else tuple(allowed)
    for key in item:
        if not isinstance(key, str) or (names is not None and key not in names):
            there = path if path != "plan" else "the plan"
            may = f"allowed are {', '.join(names)}" if names else "nothing is allowed here"
            raise InvalidPlan(f"{there}: there is no key {key!r}; {may}")
    return item


def sequence(path: str, item: object) -> list[Any]:
    """Return the models at a path."""
    if not isinstance(item, list):
        raise wrong(path, item, "a list of models, each with a name")
    return item


def text(path: str, item: object, allowed: str = "a name") -> str:
    """Return the text at a path."""
    if not isinstance(item, str):
        raise wrong(path, item, allowed)
    return item


def number(path: str, item: object, allowed: str) -> float:
    """Return the number at a path."""
    if isinstance(item, bool) or not isinstance(item, int | float):
        raise wrong(path, item, allowed)
    try:
        return float(item)
    except OverflowError as exc:
        raise wrong(path, item, allowed) from exc


def parsed(path: str, text: str, parse: Callable[[str], T]) -> T:
    """Return what `parse` makes of a text; its complaint names the path."""
    try:
        return parse(text)
    except InvalidInput as exc:
        raise InvalidPlan(f"{path}: {exc}") from exc


def wrong(path: str, item: object, allowed: str) -> InvalidPlan:
    """Return the refusal of what is at a path."""
    return InvalidPlan(f"{path}: {item!r} is not allowed; give {allowed}")


def refusal(path: str, problem: str) -> InvalidPlan:
    """Return the refusal of a plan for what it says at a path."""
    return InvalidPlan(f"{path}: {problem}")
