"""MLServer with the models inside: `python -m bench.peers.servers.mlserver PORT FOLDER`.

Without its parallel workers: one, which is its default, or two answered half as many single records and no
more of batches on two cores, for each request crosses to a worker and back.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from bench.peers.wine import Ensemble, batch_of
from hedgerow.local.ports import Ports

_START = "from mlserver.cli import main; main()"


class Wine(MLModel):  # type: ignore[misc]
    """A custom runtime, as MLServer's documentation has it."""

    async def load(self) -> bool:
        self._ensemble = Ensemble()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        vote = await self._ensemble.vote(batch_of(NumpyCodec.decode_input(payload.inputs[0])))
        return InferenceResponse(
            model_name=self.name,
            outputs=[
                NumpyCodec.encode_output("label", vote.said.labels),
                NumpyCodec.encode_output("confidence", vote.said.confidences),
            ],
        )


def main(port: str, folder: str) -> None:
    """Become MLServer."""
    ports = Ports.free()
    settings = {
        "host": "127.0.0.1",
        "debug": False,
        "grpc_port": int(port),
        "http_port": ports.log,
        "metrics_port": ports.router,
        "parallel_workers": 0,
    }
    model = {"name": "wine", "implementation": "bench.peers.servers.mlserver.Wine"}
    Path(folder, "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    Path(folder, "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    os.chdir(folder)
    os.execv(sys.executable, [sys.executable, "-c", _START, "start", folder])  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
