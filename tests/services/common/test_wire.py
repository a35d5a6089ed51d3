"""What our channels and servers agree on."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from services.common.wire import CHANNEL_OPTIONS, MAX_MESSAGE_BYTES, SERVER_OPTIONS


def server_of(**methods: Any) -> grpc.aio.Server:
    server = grpc.aio.server(options=SERVER_OPTIONS)
    handlers: dict[str, Any] = {
        name: grpc.unary_unary_rpc_method_handler(do) for name, do in methods.items()
    }
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("test.Service", handlers),)
    )
    return server


async def test_messages_far_above_grpcs_own_limit_pass_both_ways_and_no_larger_ones() -> None:
    async def echo(request: bytes, context: Any) -> bytes:
        return request

    server = server_of(Echo=echo)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS) as channel:
        call: Any = channel.unary_unary("/test.Service/Echo")
        large = bytes(20 * 1024 * 1024)
        assert await call(large) == large
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await call(bytes(MAX_MESSAGE_BYTES + 1))
        assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    await server.stop(None)


async def test_two_servers_cannot_share_a_port_in_silence() -> None:
    one, other = server_of(), server_of()
    port = one.add_insecure_port("127.0.0.1:0")
    await one.start()
    with pytest.raises(RuntimeError, match="Failed to bind"):
        other.add_insecure_port(f"127.0.0.1:{port}")
    await one.stop(None)
    await other.stop(None)


async def test_a_proxy_of_the_environment_does_not_take_addresses_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def hello(request: bytes, context: Any) -> bytes:
        return b"hello"

    server = server_of(Hello=hello)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS) as channel:
        call: Any = channel.unary_unary("/test.Service/Hello")
        assert await call(b"", timeout=10) == b"hello"
    await server.stop(None)


async def test_a_peer_that_is_back_is_reached_though_another_channel_still_pauses() -> None:
    async def hello(request: bytes, context: Any) -> bytes:
        return b"hello"

    def channel() -> grpc.aio.Channel:
        return grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS)

    async def call(channel: grpc.aio.Channel) -> bytes:
        method: Any = channel.unary_unary("/test.Service/Hello")
        answer: bytes = await method(b"", timeout=10)
        return answer

    gone = server_of()
    port = gone.add_insecure_port("127.0.0.1:0")
    await gone.start()
    await gone.stop(None)
    async with channel() as pausing, channel() as other:
        with pytest.raises(grpc.aio.AioRpcError):
            await call(pausing)
        server = server_of(Hello=hello)
        assert server.add_insecure_port(f"127.0.0.1:{port}") == port
        await server.start()
        with pytest.raises(grpc.aio.AioRpcError):
            await call(pausing)
        assert await call(other) == b"hello"
        await server.stop(None)
