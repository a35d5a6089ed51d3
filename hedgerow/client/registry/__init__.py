"""The registry's client: pushes models, moves aliases, applies plans, asks what there is.

    async with AsyncRegistry("localhost:8401") as registry:
        tree = Path("wine-tree.pmml")
        pushed = await registry.push_model(tree, data_type="wine", name="tree", model_type="pmml")
        await registry.set_alias("wine", "tree", pushed.model.version, "champion")

`hedgerow.client.sync.Registry` is the same for code that is not asynchronous.
"""

from hedgerow.client.registry.description import Description
from hedgerow.client.registry.life import Deleted
from hedgerow.client.registry.models import Progress, Pushed, Tracked
from hedgerow.client.registry.plans import Applied
from hedgerow.client.registry.registry import AsyncRegistry

__all__ = ["Applied", "AsyncRegistry", "Deleted", "Description", "Progress", "Pushed", "Tracked"]
