"""The services of the mesh. None imports another; they meet in `protos/` and in the log."""

import os

# gRPC's core writes lines of its own, a paragraph for each attempt to reach a peer that is gone. What is
# worth knowing of it is in ours. It reads this once, before anything of it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
