"""`--wait`: until it serves, with a line of progress whenever something has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import typer

if TYPE_CHECKING:
    from hedgerow.client.serving import Goal


class Waiting(NamedTuple):
    """How a command is to wait."""

    router: str
    executors: int
    """0: all that can."""
    seconds: float

    async def until_serving(self, goal: Goal) -> None:
        """Wait. Raises Refused or Unavailable, with the reason, if it does not come to serve."""
        from hedgerow.cli.output import print_note
        from hedgerow.client.serving import wait_until_serving

        await wait_until_serving(
            self.router,
            goal,
            executors=self.executors or None,
            seconds=self.seconds,
            told=print_note,
        )


def waiting(wait: bool, executors: int, seconds: float, router: str) -> Waiting | None:
    """Return how to wait, by the options of a command; None: not at all."""
    if executors and not wait:
        raise typer.BadParameter("goes with --wait", param_hint="--executors")
    return Waiting(router, executors, seconds) if wait else None
