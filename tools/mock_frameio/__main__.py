"""Runs the mock: python -m tools.mock_frameio --help."""

import _signal  # the interpreter's own: `signal` takes its time to import

# Ctrl-C while the imports take their time: an end without a traceback.
_signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from . import assets, authorization, control_api, rest, same_origin, server_log, tls, wire
from .device_socket import upgrade
from .service import Service
from .tokens import Lives, Tokens

_HOST = "127.0.0.1"
_LONGEST_S = 1e10
_LARGEST_IDENTITY_BYTES = 8 << 20


def _within(
    low: float, high: float, kind: type[int] | type[float] = float
) -> Callable[[str], float]:
    """An argument's type: a number from low to high."""

    def number(argument: str) -> float:
        value = kind(argument)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{argument} is not from {low:g} to {high:g}")
        return value

    return number


_seconds = _within(0, _LONGEST_S)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.mock_frameio",
        description="A mock of Frame.io's device side, on loopback only.",
        epilog=control_api.HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port",
        type=_within(0, 65_535, int),
        default=8080,
        help="port; 0 picks a free one, which is printed",
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
        type=_seconds,
        default=Lives.access_s,
        help="life of the access tokens in seconds",
    )
    parser.add_argument(
        "--refresh-life-s",
        type=_seconds,
        default=Lives.refresh_s,
        help="life of the refresh tokens in seconds",
    )
    parser.add_argument(
        "--code-life-s",
        type=_seconds,
        default=Lives.code_s,
        help="life of a device code in seconds",
    )
    parser.add_argument(
        "--interval-s",
        type=_seconds,
        default=Lives.interval_s,
        help="seconds between two polls of a device code",
    )
    parser.add_argument(
        "--idle-s",
        type=_seconds,
        default=60,
        help="a silent socket is closed after so many seconds",
    )
    parser.add_argument(
        "--identity-bytes",
        type=_within(0, _LARGEST_IDENTITY_BYTES, int),
        default=0,
        help="pad the identity to this size",
    )
    parser.add_argument(
        "--end-with-stdin",
        action="store_true",
        help="end when stdin does, which is a pipe from the process that must not be outlived",
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
    app = web.Application(middlewares=[same_origin.refuse_foreign, wire.spoil])
    app[same_origin.HOST_NAMES] = same_origin.LOOPBACK
    app[rest.SERVICE] = service
    rest.add_routes(app)
    assets.add_routes(app)
    authorization.add_routes(app)
    control_api.add_routes(app)
    app.router.add_get("/devices/websocket", upgrade)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    context = tls.server_context(arguments.tls_dir) if arguments.tls else None
    listener = await wire.listen(runner, service, _HOST, arguments.port, context)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if arguments.end_with_stdin:
        threading.Thread(target=_wait_for_end_of_stdin, args=(loop, stop), daemon=True).start()
    port = listener.sockets[0].getsockname()[1]
    address = f"https://localhost:{port}" if arguments.tls else f"http://{_HOST}:{port}"
    print(f"mock Frame.io listens on {address}", flush=True)
    await stop.wait()
    listener.close()
    service.clear_faults()
    for connection in list(service.wires):
        connection.close()  # aiohttp would be deaf on them for a second first
    await runner.cleanup()


def _wait_for_end_of_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """A thread: asyncio would make the other end of the pipe non-blocking, too."""
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    with contextlib.suppress(RuntimeError):  # the loop has just been closed
        loop.call_soon_threadsafe(stop.set)


def main() -> int:
    """Run until Ctrl-C; the exit code."""
    arguments = _arguments()
    server_log.install()
    try:
        asyncio.run(_serve(arguments))
    except BrokenPipeError:
        pass  # nobody reads the address
    except (OSError, ValueError) as error:
        print(f"the mock can't start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
