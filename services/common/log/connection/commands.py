"""redis-py's commands, for what is not a connection to one server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from redis.commands.core import AsyncDataAccessCommands, AsyncScriptCommands

Command = tuple[tuple[Any, ...], dict[str, Any]]
"""Its words, and redis-py's options."""


class KeyedCommands(AsyncDataAccessCommands, AsyncScriptCommands):
    """Those that name a key. Each calls `execute_command`."""

    _event_dispatcher: Any = None  # redis-py's types ask for it, its commands do not


class Pipeline(KeyedCommands):
    """Gathers commands, and sends them when they are executed."""

    def __init__(self, send: Callable[[Sequence[Command]], Awaitable[list[Any]]]) -> None:
        self._send = send
        self._commands: list[Command] = []

    async def __aenter__(self) -> Pipeline:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._commands = []

    def execute_command(self, *args: Any, **options: Any) -> Pipeline:
        """Keep a command until then."""
        self._commands.append((args, options))
        return self

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Send all commands and return their answers.

        Raises the first error, when all are answered; redis-py's pipelines do what `raise_on_error` says.
        """
        commands, self._commands = self._commands, []
        return await self._send(commands)


async def executed(pipeline: Any) -> list[Any]:
    """Execute a pipeline and return the answers. Raises the first error, as Redis said it.

    redis-py puts the command before that, and in older versions in its place.
    """
    answers: list[Any] = await pipeline.execute(raise_on_error=False)
    raise_first(answers)
    return answers


def raise_first(answers: Iterable[Any]) -> None:
    """Raise the first of some answers that is an error."""
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
