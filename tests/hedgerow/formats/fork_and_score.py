"""Scores a record on each model in a process forked from one with every engine; run by a test.

Standard input has the models and the records' file as JSON, and standard output gets the answers.
"""

import csv
import json
import multiprocessing
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from hedgerow.data.predictions import Labels
from hedgerow.data.records import Batch
from hedgerow.formats.factories import factories, factory_of
from hedgerow.formats.warmup import warm_up
from hedgerow.v1.models_pb2 import ModelDescriptor


def host(file: str, descriptor: str, records: str, pipe: Connection) -> None:
    """Do what a host does, in its order."""
    imported = {"jpype", "tensorflow"} <= set(sys.modules)
    said = ModelDescriptor.FromString(bytes.fromhex(descriptor))
    model = factory_of(said.model_type).create(said, Path(file))
    warm_up(model)
    import grpc.aio
    import uvloop

    with Path(records).open() as lines:
        record = {name: float(value) for name, value in next(csv.DictReader(lines)).items()}

    async def serve() -> str:
        server = grpc.aio.server()
        server.add_insecure_port("127.0.0.1:0")
        await server.start()
        values = model.score(Batch.from_records("wine", [record])).values
        await server.stop(None)
        assert isinstance(values, Labels)
        return values.to_list()[0]

    pipe.send({"label": uvloop.run(serve()), "engine_was_imported": imported})
    model.cleanup()
    os._exit(0)


def main() -> None:
    """Fork a host a model, one after the other."""
    given = json.load(sys.stdin)
    context = multiprocessing.get_context("forkserver")
    engines = [module for factory in factories().values() for module in factory.preload]
    context.set_forkserver_preload([*engines, "hedgerow.formats.preloaded"])
    answers = {}
    for file, descriptor in given["models"]:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=host, args=(file, descriptor, given["records"], theirs))
        process.start()
        theirs.close()
        answers[Path(file).name] = ours.recv()
        process.join()
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
