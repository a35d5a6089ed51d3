"""Methods of an asynchronous client, as those of its front."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from hedgerow.client.sync.background import background

Core = TypeVar("Core")
P = ParamSpec("P")
T = TypeVar("T")


def waited(
    method: Callable[Concatenate[Core, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Any, P], T]:
    """Return a method that waits for one of the front's `_core`, with its words and its arguments."""

    @functools.wraps(method)
    def call(self: Any, *args: P.args, **kwargs: P.kwargs) -> T:
        return background.run(method(self._core, *args, **kwargs))

    return call  # type: ignore[return-value]  # what `wraps` returns is more than a function
