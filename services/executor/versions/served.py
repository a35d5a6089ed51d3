"""Which models are an executor's own. What a group of executors serves is said in its settings."""

from __future__ import annotations

from dataclasses import dataclass

from hedgerow.v1.models_pb2 import ModelVersion

EVERY = "*"


@dataclass(frozen=True)
class Served:
    """Data types and model types, `*` in a set standing for all; a model's both must be in."""

    data_types: frozenset[str] = frozenset({EVERY})
    model_types: frozenset[str] = frozenset({EVERY})

    def has_data_type(self, data_type: str) -> bool:
        """Tell whether models of a data type may be served."""
        return bool({EVERY, data_type} & self.data_types)

    def has(self, model: ModelVersion) -> bool:
        """Tell whether a version is served.

        By its own model type: when a model goes over to another one, the executors of the old type keep
        its newest version of that type, and those of the new type take the next.
        """
        said = model.descriptor
        return self.has_data_type(said.data_type) and bool(
            {EVERY, said.model_type} & self.model_types
        )
