"""A version as the commands tell it to scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hedgerow.v1.models_pb2 import ModelVersion


def as_dict(model: ModelVersion) -> dict[str, Any]:
    """Return what is known of a version, for JSON."""
    said = model.descriptor
    return {
        "data_type": said.data_type,
        "name": said.name,
        "version": model.version,
        "type": said.model_type,
        "description": said.description,
        "quality": said.quality if said.HasField("quality") else None,
        "features": [feature.name for feature in model.signature.features],
        "classes": list(model.signature.classes),
        "sha256": model.sha256,
        "size": model.size,
        "pushed_at": model.pushed_at.ToJsonString(),
    }
