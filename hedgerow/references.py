"""Names of data types and models, and references to models: `wine-net`, `wine-net@3`."""

from __future__ import annotations

import re
from typing import NamedTuple

from hedgerow.errors import InvalidInput

NAME_LENGTH = 64

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.-]{{0,{NAME_LENGTH - 1}}}")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


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


class Reference(NamedTuple):
    """A model, or one version of it. `str` gives it as users write it."""

    name: str
    version: int = 0
    """0: the newest."""

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version else self.name


def parse_reference(text: str) -> Reference:
    """Parse `wine-net` or `wine-net@3`. Raises InvalidName."""
    name, at, version = text.partition("@")
    check_name("model", name)
    if not at:
        return Reference(name)
    if not _VERSION.fullmatch(version):
        raise InvalidName(
            f"{text!r}: after '@' comes a version: 1, 2, 3 ..., as in '{name}@3'; "
            "there are no aliases such as '@champion'"
        )
    return Reference(name, int(version))
