"""Runs the mock: python -m tools.mock_frameio --help."""

import _signal  # the interpreter's own: `signal` takes its time to import

# Ctrl-C while the imports take their time: an end without a traceback.
_signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import argparse
import asyncio
import contextlib
import errno
import functools
import ipaddress
import json
import secrets
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from tools.command_line import CommandLine

from . import (
    assets,
    authorization,
    control_api,
    page_routes,
    rest,
    same_origin,
    server_log,
    storage,
    tls,
    wire,
)
from .board import Board
from .device_socket import upgrade
from .lan_host import lan_host
from .service import Service
from .tokens import Lives, Tokens

_LOOPBACK = "127.0.0.1"
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
    parser = CommandLine(
        "tools.mock_frameio",
        "A mock of Frame.io's device side, on loopback unless --host says more, and the bench page "
        "at /.",
    )
    parser.epilog = control_api.HELP
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
        "--state",
        metavar="FILE",
        type=Path,
        help="keep devices and their tokens in it from the end of a run to the next, until this "
        "computer restarts",
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
        "--host",
        metavar="NAME",
        type=lan_host,
        help="listen beyond loopback, too, at this name or address of this computer: with --tls "
        "and a --port, and a key for the page and the control API",
    )
    parser.add_argument(
        "--page-port",
        type=_within(0, 65_535, int),
        help="the bench page in plain HTTP on loopback, too, so that no browser warns of the CA",
    )
    parser.add_argument(
        "--with-board",
        action="store_true",
        help="a virtual board's process is at stdin and stdout: see board.py",
    )
    parser.add_argument(
        "--end-with-stdin",
        action="store_true",
        help="end when stdin does, which is a pipe from the process that must not be outlived",
    )
    arguments = parser.parse_args()
    if arguments.host and not (arguments.tls and arguments.port):
        parser.error("--host needs --tls and a --port")
    return arguments


async def _serve(arguments: argparse.Namespace) -> None:
    lives = Lives(
        arguments.token_life_s,
        arguments.refresh_life_s,
        arguments.code_life_s,
        arguments.interval_s,
    )
    tokens = Tokens(arguments.token, lives)
    service = Service(tokens, arguments.client_secret, arguments.idle_s, arguments.identity_bytes)
    if arguments.state:
        _restore(arguments.state, service)
    key = secrets.token_urlsafe(16) if arguments.host else ""
    app = web.Application(
        middlewares=[same_origin.refuse_foreign, page_routes.require_key, wire.spoil]
    )
    host = (arguments.host or "").lower()
    app[same_origin.HOST_NAMES] = same_origin.LOOPBACK | ({_in_url(host)} if host else set())
    app[page_routes.KEY] = key
    app[rest.SERVICE] = service
    for part in (rest, assets, authorization, control_api, page_routes):
        part.add_routes(app)
    app.router.add_get("/devices/websocket", upgrade)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    context = tls.server_context(arguments.tls_dir, host) if arguments.tls else None
    if context and not host:
        service.change_certificate = functools.partial(
            tls.change_certificate, context, arguments.tls_dir
        )
    hosts = _addresses(host)
    listeners = [await wire.listen(runner, service, hosts, arguments.port, context)]
    # An address for its name: on many computers no second name leads to loopback.
    storage_host = host or _LOOPBACK
    context = tls.storage_context(arguments.tls_dir, storage_host) if arguments.tls else None
    listener, storage_runner = await storage.serve(
        service, _in_url(storage_host), hosts[-1], context
    )
    listeners.append(listener)
    port = listeners[0].sockets[0].getsockname()[1]
    address = f"https://localhost:{port}" if arguments.tls else f"http://{_LOOPBACK}:{port}"
    page = f"https://{_in_url(host)}:{port}/?key={key}" if host else f"{address}/"
    if arguments.page_port is not None:
        listeners.append(await wire.listen(runner, service, [_LOOPBACK], arguments.page_port, None))
        page = f"http://{_LOOPBACK}:{listeners[-1].sockets[0].getsockname()[1]}/"
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if arguments.with_board:
        service.board = Board(lambda line: print(line, flush=True), tokens.client_of_code)
    if arguments.with_board or arguments.end_with_stdin:
        threading.Thread(target=_read_stdin, args=(service, loop, stop), daemon=True).start()
    print(f"mock Frame.io listens on {address}\nthe bench page is at {page}", flush=True)
    await stop.wait()
    for listener in listeners:
        listener.close()
    service.feed.touch()  # so that the page's feeds notice
    service.clear_faults()
    for connection in list(service.wires):
        connection.close()  # aiohttp would be deaf on them for a second first
    await runner.cleanup()
    await storage_runner.cleanup()
    if arguments.state:
        _keep(arguments.state, service)


def _restore(file: Path, service: Service) -> None:
    """Raises OSError, or ValueError if another program has written it."""
    if not file.exists():
        return
    try:
        state = json.loads(file.read_bytes())
        service.tokens.restore(state["tokens"])
        service.devices.restore(state["devices"])
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{file} holds no state of a mock") from error


def _keep(file: Path, service: Service) -> None:
    """Raises OSError."""
    state = {"tokens": service.tokens.state(), "devices": service.devices.state()}
    file.touch(mode=0o600)  # the tokens are secret
    file.write_text(json.dumps(state))


def _addresses(host: str) -> list[str]:
    """Where to listen: for a name everywhere, as it often is loopback's on its own computer."""
    if not host:
        return [_LOOPBACK]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return ["0.0.0.0"]
    return [_LOOPBACK, host]


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _read_stdin(service: Service, loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """A thread: asyncio would make the other end of the pipe non-blocking, too."""

    def heard(text: str) -> None:
        if service.board is not None:
            service.board.heard(text, service.feed, service.since_begun_ms)

    with contextlib.suppress(OSError, RuntimeError):
        for line in sys.stdin:
            loop.call_soon_threadsafe(heard, line)
    with contextlib.suppress(RuntimeError):  # the loop has just been closed
        loop.call_soon_threadsafe(stop.set)


def _why(error: OSError | ValueError, arguments: argparse.Namespace) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRNOTAVAIL:
        return f"{arguments.host} is no address of this computer: name one that it has"
    if number == errno.EADDRINUSE:
        return "its port is taken: end what listens there, perhaps an earlier run"
    return str(error)


def main() -> int:
    """Run until Ctrl-C; the exit code."""
    arguments = _arguments()
    server_log.install()
    try:
        asyncio.run(_serve(arguments))
    except BrokenPipeError:
        pass  # the address is not read
    except (OSError, ValueError) as error:
        print(f"the mock can't start: {_why(error, arguments)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
