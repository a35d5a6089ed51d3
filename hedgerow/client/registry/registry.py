"""All calls to a registry in one client."""

from __future__ import annotations

from hedgerow.client.registry.aliases import AliasCalls
from hedgerow.client.registry.life import LifeCalls
from hedgerow.client.registry.models import ModelCalls
from hedgerow.client.registry.plans import PlanCalls


class AsyncRegistry(ModelCalls, LifeCalls, AliasCalls, PlanCalls):
    """Speaks to one registry. Use it in one event loop, and `async with` or `close` it.

    `caller` is who does what it does, as the registry remembers it: by default the name in HEDGEROW_CALLER,
    else `user@host`. Every method raises Unavailable when the registry, or its log, is out of reach.
    """
