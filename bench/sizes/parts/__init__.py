"""The measurements, a file each. Each starts a mesh of its own."""

from bench.sizes.parts import fetch, large, log, memory, processor, start, streams

PARTS = {
    "memory": memory.run,
    "large": large.run,
    "processor": processor.run,
    "streams": streams.run,
    "log": log.run,
    "fetch": fetch.run,
    "start": start.run,
}
"""By their names on the command line."""
