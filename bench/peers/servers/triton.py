"""Triton with an ensemble of four Python models: `python -m bench.peers.servers.triton PORT FOLDER`.

Three have a PMML model each and score all that waits in one call; the fourth takes the vote. Each is a
process of its own. The server is the one that comes with PyTriton, with its Python backend.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.peers.servers.triton_home import BACKEND, SERVER, STUB, environment
from bench.peers.wine import FEATURES, MODELS, Array, Said, Scorer, Vote, batch_of, settle

_ROOT = Path(__file__).parents[3]
_LARGEST_BATCH = 4096
_SLOWEST = "wine-boosting"
"""It takes three quarters of the models' time, so it has two processes: by that large batches are scored on
two cores. Two of each model were no faster."""
_RECORDS = [("records", "FP64", len(FEATURES))]
_SAID = [("said", "FP64", 2)]
_VOTE = [("label", "INT64", 1), ("confidence", "FP64", 1)]

_Tensors = Sequence[tuple[str, str, int]]


class Wine:
    """One of the models, as Triton's Python backend calls it."""

    def initialize(self, arguments: dict[str, str]) -> None:
        """Load it."""
        self._scorer = Scorer(arguments["model_name"])
        settle()

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Score all records that wait."""
        (records,), rows = _joined(requests, ["records"])
        said = self._scorer(batch_of(records))
        return _responses(rows, {"said": np.column_stack([said.labels, said.confidences])})


class WineVote:
    """The vote."""

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Take the vote on all records that wait."""
        answers, rows = _joined(requests, MODELS)
        vote = Vote.of([Said(said[:, 0].astype(np.int64), said[:, 1]) for said in answers])
        label, confidence = vote.said.labels, vote.said.confidences
        return _responses(rows, {"label": label[:, None], "confidence": confidence[:, None]})


def _joined(requests: Sequence[Any], names: Iterable[str]) -> tuple[list[Array], list[int]]:
    """Return the inputs of all requests by name, and how many records each request has."""
    from triton_python_backend_utils import get_input_tensor_by_name as tensor

    parts = [[tensor(request, name).as_numpy() for request in requests] for name in names]
    return [np.concatenate(part) for part in parts], [len(array) for array in parts[0]]


def _responses(rows: Sequence[int], outputs: dict[str, Array]) -> list[Any]:
    from triton_python_backend_utils import InferenceResponse, Tensor

    ends = np.cumsum(rows).tolist()
    return [
        InferenceResponse([Tensor(name, array[end - n : end]) for name, array in outputs.items()])
        for n, end in zip(rows, ends, strict=True)
    ]


def _write_models(repository: Path) -> None:
    for name in MODELS:
        _write_python(repository / name, "Wine", _RECORDS, _SAID)
    _write_python(repository / "vote", "WineVote", [(name, "FP64", 2) for name in MODELS], _VOTE)
    steps = [_step(name, {"records": "records"}, {"said": name}) for name in MODELS]
    steps.append(_step("vote", {n: n for n in MODELS}, {n: n for n, _, _ in _VOTE}))
    ensemble = f'platform: "ensemble"\nensemble_scheduling {{ step [ {", ".join(steps)} ] }}'
    _write_config(repository / "wine", ensemble, _RECORDS, _VOTE)


def _write_python(folder: Path, kind: str, inputs: _Tensors, outputs: _Tensors) -> None:
    count = 2 if folder.name == _SLOWEST else 1
    config = (
        f'backend: "python"\ninstance_group [ {{ kind: KIND_CPU count: {count} }} ]\n'
        "dynamic_batching { }"
    )
    _write_config(folder, config, inputs, outputs)
    # The backend passes no PYTHONPATH on.
    path = f"import sys\n\nsys.path.insert(0, {str(_ROOT)!r})\n"
    code = f"from bench.peers.servers.triton import {kind} as TritonPythonModel\n"
    (folder / "1" / "model.py").write_text(path + code, encoding="utf-8")


def _write_config(folder: Path, config: str, inputs: _Tensors, outputs: _Tensors) -> None:
    (folder / "1").mkdir(parents=True)
    text = (
        f'name: "{folder.name}"\nmax_batch_size: {_LARGEST_BATCH}\n{config}\n'
        f"input {_declared(inputs)}\noutput {_declared(outputs)}\n"
    )
    (folder / "config.pbtxt").write_text(text, encoding="utf-8")


def _declared(tensors: _Tensors) -> str:
    entries = [
        f'{{ name: "{name}" data_type: TYPE_{kind} dims: [ {width} ] }}'
        for name, kind, width in tensors
    ]
    return f"[ {', '.join(entries)} ]"


def _step(model: str, inputs: dict[str, str], outputs: dict[str, str]) -> str:
    maps = [
        f'{kind}_map {{ key: "{name}" value: "{value}" }}'
        for kind, named in (("input", inputs), ("output", outputs))
        for name, value in named.items()
    ]
    return f'{{ model_name: "{model}" model_version: -1 {" ".join(maps)} }}'


def _link_backend(folder: Path) -> None:
    """Put the backend together with the stub for this Python."""
    folder.mkdir(parents=True)
    for file in (STUB, *BACKEND.iterdir()):
        (folder / file.name).symlink_to(file)


def main(port: str, folder: str) -> None:
    """Become Triton."""
    models, backends = Path(folder, "models"), Path(folder, "backends")
    _write_models(models)
    _link_backend(backends / "python")
    command = [
        str(SERVER),
        f"--model-repository={models}",
        f"--backend-directory={backends}",
        "--grpc-address=127.0.0.1",
        f"--grpc-port={port}",
        "--allow-http=false",
        "--allow-metrics=false",
    ]
    os.execve(command[0], command, environment())  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
