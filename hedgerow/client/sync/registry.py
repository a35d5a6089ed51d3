"""The synchronous client of the registry: each method is that of AsyncRegistry, waited for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from hedgerow.client.channels import REGISTRY
from hedgerow.client.registry import AsyncRegistry
from hedgerow.client.sync.background import Front, background

P = ParamSpec("P")
T = TypeVar("T")


def _waited(
    method: Callable[Concatenate[AsyncRegistry, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Registry, P], T]:
    """Return a method that waits for one of AsyncRegistry, with its words and its arguments."""

    @functools.wraps(method)
    def call(self: Registry, *args: P.args, **kwargs: P.kwargs) -> T:
        return background.run(method(self._core, *args, **kwargs))

    return call  # type: ignore[return-value]  # what `wraps` returns is more than a function


class Registry(Front):
    """Pushes models, moves aliases and applies plans; see AsyncRegistry, whose words hold here."""

    def __init__(self, target: str = REGISTRY, caller: str | None = None) -> None:
        self._core = AsyncRegistry(target, caller)
        super().__init__(self._core)

    push_model = _waited(AsyncRegistry.push_model)
    list_models = _waited(AsyncRegistry.list_models)
    list_tracked = _waited(AsyncRegistry.list_tracked)
    get_model = _waited(AsyncRegistry.get_model)
    show_model = _waited(AsyncRegistry.show_model)
    pull_model = _waited(AsyncRegistry.pull_model)

    set_tags = _waited(AsyncRegistry.set_tags)
    retire_model = _waited(AsyncRegistry.retire_model)
    delete_model = _waited(AsyncRegistry.delete_model)
    retry_model = _waited(AsyncRegistry.retry_model)

    set_alias = _waited(AsyncRegistry.set_alias)
    rollback_alias = _waited(AsyncRegistry.rollback_alias)
    delete_alias = _waited(AsyncRegistry.delete_alias)
    list_aliases = _waited(AsyncRegistry.list_aliases)

    apply_plan = _waited(AsyncRegistry.apply_plan)
    get_plan = _waited(AsyncRegistry.get_plan)
    get_plan_lines = _waited(AsyncRegistry.get_plan_lines)
    list_plans = _waited(AsyncRegistry.list_plans)
    rollback_plan = _waited(AsyncRegistry.rollback_plan)
