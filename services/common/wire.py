"""gRPC options of all our channels and servers."""

from datetime import timedelta

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""A batch of a million values is 8 MB; gRPC's default of 4 MiB would stand in its way."""

LARGEST_PART = MAX_MESSAGE_BYTES - 1024 * 1024
"""The largest single thing that is sent, a task or a result; the rest is for what is said of it."""

JOINED_BYTES = 16 * 1024 * 1024
"""Things that wait together go in one message as long as it is no larger; one alone may be."""

CHANNEL_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # Addresses are ours and direct; a proxy variable of the environment must not take them over.
    ("grpc.enable_http_proxy", 0),
    # A channel shares no connection with others of its address, and so none that has just failed and
    # makes calls fail until gRPC tries again. The pauses between attempts are ours: see `peer_stream`.
    ("grpc.use_local_subchannel_pool", 1),
    # In spite of its name: how long one attempt to connect may take.
    ("grpc.min_reconnect_backoff_ms", 5000),
    # A peer that is stopped, or cut off by the network, closes no connection. gRPC's own threads answer
    # pings, so a peer that is only busy in Python or in a model is not taken for dead.
    ("grpc.keepalive_time_ms", 1000),
    ("grpc.keepalive_timeout_ms", 1500),
    # In grpcio 1.85 this, and not the timeout above, is how long a ping may be without an answer: 60 s.
    ("grpc.http2.ping_timeout_ms", 1500),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)

SERVER_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # Without this, two servers may share a port in silence.
    ("grpc.so_reuseport", 0),
    # Bear our own channels' pings, and those of clients that do the same.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 500),
    ("grpc.http2.max_ping_strikes", 0),
)


def pending_limit(calls: int) -> tuple[tuple[str, int], ...]:
    """Return the options that have a server's core refuse calls of a method of which too many wait.

    Beyond `calls` some are refused, by chance, beyond twice as many all. They are refused before Python
    sees them, for about a tenth of what it costs there, but their callers are told CANCELLED and no more.
    """
    return (
        ("grpc.server.max_pending_requests", calls),
        ("grpc.server.max_pending_requests_hard_limit", 2 * calls),
    )


def connection_age(age: timedelta, grace: timedelta) -> tuple[tuple[str, int], ...]:
    """Return the options that have a server ask for another connection at `age`, give or take a tenth.

    What is still open when `grace` is over is cut off. Only for servers of clients: streams between
    services are long on purpose.
    """
    millisecond = timedelta(milliseconds=1)
    return (
        ("grpc.max_connection_age_ms", age // millisecond),
        ("grpc.max_connection_age_grace_ms", grace // millisecond),
    )
