"""The synchronous client of the registry: each method is that of AsyncRegistry, waited for."""

from __future__ import annotations

from hedgerow.client.channels import REGISTRY
from hedgerow.client.registry import AsyncRegistry
from hedgerow.client.sync.background import Front
from hedgerow.client.sync.waited import waited


class Registry(Front):
    """Pushes models, moves aliases and applies plans; see AsyncRegistry, whose words hold here."""

    def __init__(self, target: str = REGISTRY, caller: str | None = None) -> None:
        self._core = AsyncRegistry(target, caller)
        super().__init__(self._core)

    push_model = waited(AsyncRegistry.push_model)
    list_models = waited(AsyncRegistry.list_models)
    list_tracked = waited(AsyncRegistry.list_tracked)
    get_model = waited(AsyncRegistry.get_model)
    show_model = waited(AsyncRegistry.show_model)
    pull_model = waited(AsyncRegistry.pull_model)

    set_tags = waited(AsyncRegistry.set_tags)
    retire_model = waited(AsyncRegistry.retire_model)
    delete_model = waited(AsyncRegistry.delete_model)
    retry_model = waited(AsyncRegistry.retry_model)

    set_alias = waited(AsyncRegistry.set_alias)
    rollback_alias = waited(AsyncRegistry.rollback_alias)
    delete_alias = waited(AsyncRegistry.delete_alias)
    list_aliases = waited(AsyncRegistry.list_aliases)

    apply_plan = waited(AsyncRegistry.apply_plan)
    get_plan = waited(AsyncRegistry.get_plan)
    get_plan_lines = waited(AsyncRegistry.get_plan_lines)
    list_plans = waited(AsyncRegistry.list_plans)
    rollback_plan = waited(AsyncRegistry.rollback_plan)
