"""What a model format must provide.

Three processes meet a format, and each calls its own part:

- the registry calls `inspect` and `own_verification`, on bytes that nobody trusts, and must not load an
  engine for it;
- a fork server of the executor imports `preload` once, so that a host starts in a tenth of a second;
- a model host, a process of its own, calls `create` and `own_verification` once and then `score` for as
  long as it lives.
"""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from google.protobuf.message import DecodeError

from hedgerow.data.predictions import Predictions
from hedgerow.data.records import Batch, Value
from hedgerow.errors import Corrupt
from hedgerow.v1.events_pb2 import ModelPushed
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion, Signature, Verification


class Model(ABC):
    """One version of a model, ready to score. Used by one thread, in a process of its own."""

    model_type: str

    warm_up_seconds: float = 0.0
    """The longest that it may get faster by being used after loading, as compiled code does. It is warmed
    up until it gets no faster, at most for so long, and once in any case."""

    examples: Mapping[str, Sequence[Value]] = MappingProxyType({})
    """Values that it takes, by feature, where it knows them; made-up records are made of these."""

    def __init__(self, descriptor: ModelDescriptor, definition: Path | bytes) -> None:
        self.descriptor = descriptor
        self.signature: Signature = descriptor.signature
        self._definition = definition

    @abstractmethod
    def score(self, batch: Batch, *, explain: bool = False) -> Predictions:
        """Score all rows of `batch` and return as many predictions, in order.

        The batch has every feature of the signature that is not unused and may have others. A value may
        be missing only where the signature says so. `explain` asks for raw outputs as well.

        A row the model has no answer for is listed as absent; any exception means that it could score
        no row at all, and its text is the reason that is reported. InvalidModel says that this is no
        matter of the records, but of the model: one that raises it while it warms up never serves.
        """

    def to_bytes(self) -> bytes:
        """Return all that `ModelFactory.restore` needs to make an equal model, in any process.

        The bytes are a serialized ModelPushed. The definition is read again from where it was loaded.
        """
        definition = self._definition
        data = definition if isinstance(definition, bytes) else definition.read_bytes()
        version = ModelVersion(descriptor=self.descriptor, signature=self.signature)
        return ModelPushed(model=version, inline=data).SerializeToString()

    def cleanup(self) -> None:  # noqa: B027 - most formats have nothing to give back
        """Give back what the model holds. Called once, before its process ends."""


class ModelFactory(ABC):
    """A model format. Stateless; made without arguments."""

    model_type: str
    """The name users push with (`pmml`)."""

    suffixes: tuple[str, ...] = ()
    """File endings that suggest this format to the command line (`.pmml`)."""

    preload: tuple[str, ...] = ()
    """Modules worth importing before a host is forked. They must not start threads.

    Formats that name the same modules are forked from the same process, others never.
    """

    @abstractmethod
    def inspect(self, descriptor: ModelDescriptor, definition: Path) -> Signature:
        """Check a definition without loading an engine, and return its complete signature.

        `descriptor.signature` holds what the user said; what the definition says itself wins, and a
        contradiction is refused. Raises InvalidModel with a line that says what is wrong and what to do.
        """

    @abstractmethod
    def create(self, descriptor: ModelDescriptor, definition: Path) -> Model:
        """Load the definition. `descriptor.signature` is the complete one that `inspect` returned.

        Raises InvalidModel if it cannot be loaded.
        """

    def own_verification(
        self, descriptor: ModelDescriptor, definition: Path
    ) -> Verification | None:
        """Return the records with answers that the definition itself has; None if it has none.

        Loads no engine. A version that does not reproduce them never serves. At most 1,000 records; they
        must be as `check_verification` wants them. `descriptor.signature` is the complete one that
        `inspect` returned. Raises InvalidModel if they cannot be understood, as `inspect` must then.
        """
        return None

    def restore(self, data: bytes) -> Model:
        """Make the model again of what `Model.to_bytes` returned. Raises Corrupt if it is not that."""
        try:
            pushed = ModelPushed.FromString(data)
        except DecodeError as exc:
            raise Corrupt("these bytes are no model that was written by to_bytes") from exc
        with tempfile.TemporaryDirectory(prefix="hedgerow-restore-") as folder:
            definition = Path(folder) / "definition"
            definition.write_bytes(pushed.inline)
            model = self.create(pushed.model.descriptor, definition)
        model._definition = pushed.inline
        return model
