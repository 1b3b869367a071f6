"""Runs the mock: python -m tools.mock_frameio --help."""

import argparse
import asyncio
import contextlib
import signal
from pathlib import Path

from aiohttp import web

from . import assets, authorization, control, control_authorization, rest, tls, wire, wire_control
from .device_socket import upgrade
from .service import Service
from .tokens import Lives, Tokens

_HOST = "127.0.0.1"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.mock_frameio",
        description="A mock of Frame.io's device side, on loopback only.",
        epilog=control.HELP + control_authorization.HELP + wire_control.HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port", type=int, default=8080, help="port; 0 picks a free one, which is printed"
    )
    parser.add_argument(
        "--tls",
        action="store_true",
        help="https and wss; the CA lies in --tls-dir as ca.der and ca.pem",
    )
    parser.add_argument(
        "--tls-dir",
        type=Path,
        default=tls.DEFAULT_FOLDER,
        help="folder of the CA, kept between runs",
    )
    parser.add_argument(
        "--token",
        default="mock-access-token",
        help="an access token that is accepted without pairing",
    )
    parser.add_argument(
        "--client-secret",
        default="mock-client-secret",
        help="the device model's secret, for pairing",
    )
    parser.add_argument(
        "--token-life-s",
        type=float,
        default=Lives.access_s,
        help="life of the access tokens in seconds",
    )
    parser.add_argument(
        "--refresh-life-s",
        type=float,
        default=Lives.refresh_s,
        help="life of the refresh tokens in seconds",
    )
    parser.add_argument(
        "--code-life-s", type=float, default=Lives.code_s, help="life of a device code in seconds"
    )
    parser.add_argument(
        "--interval-s",
        type=float,
        default=Lives.interval_s,
        help="seconds between two polls of a device code",
    )
    parser.add_argument(
        "--idle-s", type=float, default=60, help="a silent socket is closed after so many seconds"
    )
    parser.add_argument(
        "--identity-bytes", type=int, default=0, help="pad the identity to this size"
    )
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    lives = Lives(
        arguments.token_life_s,
        arguments.refresh_life_s,
        arguments.code_life_s,
        arguments.interval_s,
    )
    tokens = Tokens(arguments.token, lives)
    service = Service(tokens, arguments.client_secret, arguments.idle_s, arguments.identity_bytes)
    app = web.Application(middlewares=[wire.spoil])
    app[rest.SERVICE] = service
    rest.add_routes(app)
    assets.add_routes(app)
    authorization.add_routes(app)
    control.add_routes(app)
    control_authorization.add_routes(app)
    wire_control.add_routes(app)
    app.router.add_get("/devices/websocket", upgrade)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    context = tls.server_context(arguments.tls_dir) if arguments.tls else None
    listener = await wire.listen(runner, service, _HOST, arguments.port, context)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    port = listener.sockets[0].getsockname()[1]
    address = f"https://localhost:{port}" if arguments.tls else f"http://{_HOST}:{port}"
    print(f"mock Frame.io listens on {address}", flush=True)
    await stop.wait()
    listener.close()
    service.clear_faults()
    for connection in list(service.wires):
        connection.close()  # aiohttp would be deaf on them for a second first
    await runner.cleanup()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(_arguments()))
