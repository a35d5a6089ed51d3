"""The measurements, a file each. Each starts a mesh of its own."""

from bench.sizes.parts import fetch, frames, large, log, memory, processor, spread, start, streams

PARTS = {
    "memory": memory.run,
    "large": large.run,
    "processor": processor.run,
    "frames": frames.run,
    "spread": spread.run,
    "streams": streams.run,
    "log": log.run,
    "fetch": fetch.run,
    "start": start.run,
}
"""By their names on the command line."""
