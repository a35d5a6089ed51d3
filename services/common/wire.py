"""gRPC options of all our channels and servers."""

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""A batch of a million values is 8 MB; gRPC's default of 4 MiB would stand in its way."""

CHANNEL_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # Addresses are ours and direct; a proxy variable of the environment must not take them over.
    ("grpc.enable_http_proxy", 0),
    # A peer that comes back is tried again soon: streams are the failure detector.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
    # In spite of its name: how long one attempt to connect may take.
    ("grpc.min_reconnect_backoff_ms", 5000),
)

SERVER_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # Without this, two servers may share a port in silence.
    ("grpc.so_reuseport", 0),
)
