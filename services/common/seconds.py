"""Seconds as the wire carries them."""

from google.protobuf.duration_pb2 import Duration


def duration_of(seconds: float) -> Duration:
    """Return a number of seconds as a message, to the nanosecond."""
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration


def seconds_of(duration: Duration) -> float:
    """Return a message as a number of seconds."""
    return duration.seconds + duration.nanos * 1e-9
