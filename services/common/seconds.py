"""Seconds as the wire carries them."""

from google.protobuf.duration_pb2 import Duration


def duration_of(seconds: float) -> Duration:
    """Return a number of seconds as a message, to the nanosecond."""
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration
