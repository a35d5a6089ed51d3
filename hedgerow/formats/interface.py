"""What a model format must provide.

Three processes meet a format, and each calls its own part:

- the registry calls `inspect`, on bytes that nobody trusts, and must not load an engine for it;
- the executor's fork server imports `preload` once, so that a host starts in a tenth of a second;
- a model host, a process of its own, calls `create` once and then `score` for as long as it lives.
"""

from abc import ABC, abstractmethod
from pathlib import Path

from hedgerow.predictions import Predictions
from hedgerow.records import Batch
from hedgerow.v1.models_pb2 import ModelDescriptor, Signature


class Model(ABC):
    """One version of a model, ready to score. Used by one thread, in a process of its own."""

    model_type: str
    signature: Signature

    @abstractmethod
    def score(self, batch: Batch, *, explain: bool = False) -> Predictions:
        """Score all rows of `batch` and return as many predictions, in order.

        The batch has every feature of the signature that is not unused and may have others. A value may
        be missing only where the signature says so. `explain` asks for raw outputs as well.

        A row the model has no answer for is listed as absent; any exception means that it could score
        no row at all, and its text is the reason that is reported.
        """

    @abstractmethod
    def to_bytes(self) -> bytes:
        """Return the definition, such that `ModelFactory.restore` makes an equal model of it."""

    def cleanup(self) -> None:  # noqa: B027 - most formats have nothing to give back
        """Give back what the model holds. Called once, before its process ends."""


class ModelFactory(ABC):
    """A model format. Stateless; made without arguments."""

    model_type: str
    """The name users push with (`pmml`)."""

    suffixes: tuple[str, ...] = ()
    """File endings that suggest this format to the command line (`.pmml`)."""

    preload: tuple[str, ...] = ()
    """Modules worth importing before a host is forked. They must not start threads."""

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

    @abstractmethod
    def restore(self, data: bytes) -> Model:
        """Make the model again of what `Model.to_bytes` returned."""
