"""Names of data types and models, and references: `wine-net`, `wine-net@3`, `wine/wine-net@champion`."""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol

from hedgerow.errors import InvalidInput

NAME_LENGTH = 64

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.-]{{0,{NAME_LENGTH - 1}}}")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_ALIAS = re.compile(rf"[A-Za-z][A-Za-z0-9_.-]{{0,{NAME_LENGTH - 1}}}")


class InvalidName(InvalidInput, ValueError):
    """A name or reference that nothing can have. A ValueError, so that settings report it as theirs."""


def check_name(kind: str, name: str) -> None:
    """Raise InvalidName unless `name` may name a `kind` ("data type", "model").

    Names become parts of keys, of paths and of commands, so they begin with a letter or digit.
    """
    if not _NAME.fullmatch(name):
        raise InvalidName(
            f"{name[: 2 * NAME_LENGTH]!r} cannot name a {kind}; use letters, digits, '_', '-' and '.', "
            f"at most {NAME_LENGTH}, the first a letter or digit"
        )


def check_alias(alias: str) -> None:
    """Raise InvalidName unless versions may go by `alias` ("champion"): it must not look like a version."""
    if not _ALIAS.fullmatch(alias):
        raise InvalidName(
            f"{alias[: 2 * NAME_LENGTH]!r} cannot be an alias; use letters, digits, '_', '-' and '.', "
            f"at most {NAME_LENGTH}, the first a letter"
        )


class Referring(Protocol):
    """A message that refers to a version, as PlanModel does."""

    name: str
    version: int
    alias: str


class Reference(NamedTuple):
    """A model, one version of it, or that of an alias. `str` gives it as users write it."""

    name: str
    version: int = 0
    """0: that of the alias, or the newest."""
    alias: str = ""

    def __str__(self) -> str:
        which = str(self.version) if self.version else self.alias
        return f"{self.name}@{which}" if which else self.name

    @staticmethod
    def of(model: Referring) -> Reference:
        """Return the reference of a message."""
        return Reference(model.name, model.version, model.alias)


def parse_reference(text: str) -> Reference:
    """Parse `wine-net`, `wine-net@3` or `wine-net@champion`. Raises InvalidName."""
    name, at, which = text.partition("@")
    check_name("model", name)
    if not at:
        return Reference(name)
    if _VERSION.fullmatch(which):
        return Reference(name, int(which))
    if not _ALIAS.fullmatch(which):
        raise InvalidName(
            f"{text!r}: after '@' comes a version, as in '{name}@3', or an alias, as in '{name}@champion'"
        )
    return Reference(name, alias=which)


def parse_qualified(text: str) -> tuple[str, Reference]:
    """Parse `wine/wine-net@3`: a data type, "" if it is left out, and a reference. Raises InvalidName."""
    data_type, slash, reference = text.rpartition("/")
    if slash:
        check_name("data type", data_type)
    return data_type, parse_reference(reference)


def parse_version(text: str) -> Reference:
    """Parse `wine-net@3`, and nothing that may be another version tomorrow. Raises InvalidName."""
    reference = parse_reference(text)
    if not reference.version:
        raise InvalidName(f"{text!r}: say which version, as in '{reference.name}@3'")
    return reference
