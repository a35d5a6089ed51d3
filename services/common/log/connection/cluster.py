"""A Redis Cluster: each command goes to the node that has its key's slot.

Not redis-py's own client. That one sends commands again after errors; sends ASKING on one connection
and the command on another as soon as a node has two; asks the cluster itself for the keys of each XREAD,
in a round trip before it; and never looks for a new primary when it was our time limit that ended a
command, as it is of a primary that hangs.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Literal

from redis.exceptions import (
    AskError,
    AuthenticationError,
    ClusterDownError,
    ClusterError,
    ConnectionError,
    MasterDownError,
    MovedError,
    ReadOnlyError,
    ResponseError,
    TimeoutError,
    TryAgainError,
)

from services.common.log.connection.commands import Command, KeyedCommands, Pipeline, raise_first
from services.common.log.connection.slots import Slots, slot_of
from services.common.log.connection.urls import Address

_TRIES = 20
"""How often a command is sent at the most: each time a node said that it did nothing but knows better."""

_PAUSE = 0.05
"""Seconds before a command is sent again whose keys are on two nodes, for one of them is moving."""

_PATIENCE = 0.3
"""Seconds that a node has to say who has which slots, before another one is asked."""

_AILING = (ClusterDownError, MasterDownError, ReadOnlyError)
"""What a node says that may not be the one to ask any more."""


class NotACluster(ResponseError):
    """It is a Redis, but not one of a cluster."""


class Cluster(KeyedCommands):
    """Has the commands that redis-py's client of a single Redis has, as far as they name a key.

    A command is sent again only if a node refused it because the slot is elsewhere. Which node has which
    slot is asked at the first command, and anew after whatever may mean that it has changed.
    """

    def __init__(self, addresses: Sequence[Address], connect: Callable[[Address], Any]) -> None:
        self._seeds = addresses
        self._connect = connect
        self._nodes: dict[Address, Any] = {}
        self._slots = Slots()
        self._doubts = 1
        self._settled = 0
        """How many of the doubts there were when the slots were asked for."""
        self._asking = asyncio.Lock()
        self._ask_first: Address | None = None

    async def __aenter__(self) -> Cluster:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        for node in self._nodes.values():
            await node.aclose()

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command to the node that has the slot of its key."""
        slot, asks = slot_of(args), False
        await self._know()
        address = self._slots.owner(slot)
        refusal: AskError | TryAgainError
        for _ in range(_TRIES):
            try:
                return await self._send(address, (args, options), asks)
            except MovedError as error:
                refusal, address, asks = error, _target(error, address), False
                self._slots.move(slot, address)
                self._doubt(ask_first=address)
            except AskError as error:
                refusal, address, asks = error, _target(error, address), True
            except TryAgainError as error:
                refusal = error
                await asyncio.sleep(_PAUSE)
        raise refusal if isinstance(refusal, TryAgainError) else ClusterError(str(refusal))

    def pipeline(self, transaction: Literal[False]) -> Pipeline:
        """Return what gathers commands and sends them together. There are no transactions over nodes."""
        return Pipeline(self.execute_all)

    async def execute_all(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands, those for a node in one go, and return their answers in order.

        Raises the first error of any, when all have been answered.
        """
        await self._know()
        parts: dict[Address, list[int]] = defaultdict(list)
        for at, (args, _) in enumerate(commands):
            parts[self._slots.owner(slot_of(args))].append(at)
        answers: list[Any] = [None] * len(commands)

        async def send(address: Address, part: list[int]) -> None:
            found = await self._send_all(address, [commands[at] for at in part])
            for at, answer in zip(part, found, strict=True):
                answers[at] = answer

        done = await asyncio.gather(
            *(send(*part) for part in parts.items()), return_exceptions=True
        )
        raise_first(done)
        for at, (args, options) in enumerate(commands):
            if isinstance(answers[at], AskError | TryAgainError):
                answers[at] = await self.execute_command(*args, **options)
        raise_first(answers)
        return answers

    # -- a node ------------------------------------------------------------------------------------

    async def _send(self, address: Address, command: Command, asks: bool) -> Any:
        if asks:  # on the connection of the command itself: it is for the next one there
            asking: Command = (("ASKING",), {})
            answer = (await self._send_all(address, [asking, command]))[1]
            raise_first([answer])
            return answer
        args, options = command
        try:
            return await self._node(address).execute_command(*args, **options)
        except BaseException as error:
            self._judge(error)
            raise

    async def _send_all(self, address: Address, commands: Sequence[Command]) -> list[Any]:
        """Send commands to a node, and return their answers, errors among them."""
        try:
            async with self._node(address).pipeline(transaction=False) as pipeline:
                for args, options in commands:
                    pipeline.execute_command(*args, **options)
                answers: list[Any] = await pipeline.execute(raise_on_error=False)
        except BaseException as error:
            self._judge(error)
            raise
        for answer in answers:
            if isinstance(answer, Exception):
                self._judge(answer)
        return answers

    def _node(self, address: Address) -> Any:
        if address not in self._nodes:
            self._nodes[address] = self._connect(address)
        return self._nodes[address]

    # -- who has what ------------------------------------------------------------------------------

    def _judge(self, error: BaseException) -> None:
        """Doubt who has what, after an error that may not be one of another node.

        A cancellation is one: it comes from a time limit.
        """
        if not isinstance(error, ResponseError) or isinstance(error, _AILING):
            self._doubt()

    def _doubt(self, ask_first: Address | None = None) -> None:
        self._doubts += 1
        self._ask_first = ask_first or self._ask_first

    async def _know(self) -> None:
        """Ask who has which slots, if there is a doubt."""
        if self._settled == self._doubts:
            return
        async with self._asking:
            if self._settled != (doubts := self._doubts):
                self._slots = await self._ask()
                self._settled = doubts

    async def _ask(self) -> Slots:
        first, self._ask_first = self._ask_first, None
        known = list(self._slots.nodes.union(self._seeds) - {first})
        random.shuffle(known)
        problem: Exception = ClusterDownError("no node has any slot")
        for address in known if first is None else [first, *known]:
            try:
                if slots := await self._ask_node(address):
                    return slots
            except AuthenticationError:
                raise
            except (ConnectionError, TimeoutError, OSError) as error:
                problem = error
        raise problem

    async def _ask_node(self, address: Address) -> Slots:
        try:
            async with asyncio.timeout(_PATIENCE):
                # Two words, or redis-py would answer in a form of its own.
                told = await self._node(address).execute_command("CLUSTER", "SLOTS")
        except ResponseError as error:
            if "cluster support disabled" in str(error):
                raise NotACluster(str(error)) from error
            raise
        return Slots.told(told, address)


def _target(error: AskError, asked: Address) -> Address:
    """Return where a node sends us; one that does not know its own address leaves the host out."""
    return (error.host if error.host not in ("", "?") else asked[0]), error.port
