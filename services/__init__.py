"""The services of the mesh. None imports another; they meet in `protos/` and in the log."""

import os
from importlib.metadata import version

# gRPC's core writes lines of its own, a paragraph for each attempt to reach a peer that is gone. What is
# worth knowing of it is in ours. It reads this once, before anything of it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

POLLER = {"1.85": "-event_engine_client,-event_engine_listener"}
"""How gRPC is told to wait for its sockets, by its version; it reads this once, too.

What has become its way in Python costs half as much again a message: 155 us an end of a stream instead of
98, and a record alone 2.0 ms of processor in the whole mesh instead of 1.8 (docs/performance.md). The
switch is gRPC's own and will go with what it switches to; versions that are not named here are left alone.
"""

if _said := POLLER.get(version("grpcio").rpartition(".")[0]):
    os.environ.setdefault("GRPC_EXPERIMENTS", _said)
