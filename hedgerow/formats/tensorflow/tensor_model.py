"""A model of numbers in and scores out, whatever runs it."""

from pathlib import Path
from typing import TYPE_CHECKING

from hedgerow.data.predictions import Predictions
from hedgerow.data.records import Batch
from hedgerow.formats.columns import Columns
from hedgerow.formats.interface import Model
from hedgerow.formats.tensorflow.scores import TensorScores
from hedgerow.formats.tensorflow.signature import stacked
from hedgerow.v1.models_pb2 import ModelDescriptor

if TYPE_CHECKING:
    from hedgerow.formats.tensorflow.session import TensorFlowSession


class TensorModel(Model):
    """Stacks the features into one matrix, has it scored, and reads the scores."""

    # TensorFlow rewrites the graph in its first run and allocates in the first of each size.
    warm_up_seconds = 0.1

    def __init__(
        self, descriptor: ModelDescriptor, definition: Path, session: "TensorFlowSession"
    ) -> None:
        super().__init__(descriptor, definition)
        self.model_type = descriptor.model_type
        self._session = session
        self._columns = Columns(stacked(self.signature))
        self._scores = TensorScores(self.signature)

    def score(self, batch: Batch, *, explain: bool = False) -> Predictions:
        rows = self._columns.matrix(batch, self._session.dtype)
        return self._scores.predictions(self._session.run(rows), explain=explain)

    def cleanup(self) -> None:
        self._session.close()
