"""KServe's model server with the models inside: `python -m bench.peers.servers.kserve PORT FOLDER`."""

from __future__ import annotations

import logging
import sys
from typing import Any

from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer
from kserve.logging import logger

from bench.peers.wine import Ensemble, batch_of
from hedgerow.local.ports import Ports


class Wine(Model):  # type: ignore[misc]
    """A custom model, as KServe's documentation has it."""

    def __init__(self) -> None:
        super().__init__("wine")
        self._ensemble = Ensemble()
        self.ready = True

    async def predict(self, payload: InferRequest, *_: Any) -> InferResponse:
        """Answer a request of the Open Inference Protocol."""
        vote = await self._ensemble.vote(batch_of(payload.inputs[0].as_numpy()))
        outputs = []
        for name, datatype, values in (
            ("label", "INT64", vote.said.labels),
            ("confidence", "FP64", vote.said.confidences),
        ):
            output = InferOutput(name, list(values.shape), datatype)
            output.set_data_from_numpy(values)
            outputs.append(output)
        return InferResponse(payload.id, self.name, outputs)


if __name__ == "__main__":
    logger.setLevel(logging.WARNING)
    ModelServer(
        http_port=Ports.free().log,
        grpc_port=int(sys.argv[1]),
        enable_latency_logging=False,
    ).start([Wine()])
