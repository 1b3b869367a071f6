"""docs/security.md can't rot: each file and test that it names exists, it knows every file that the
firmware writes, and its bounds are those of the code."""

import ast
import re

import pytest

from tests.host.test_certification import has_test
from tools.on_cpython import device_module
from tools.rig import ROOT

DOCUMENT = ROOT / "docs/security.md"
OURS = re.compile(r"`((?:docs|firmware|lib|tests|tools)/[^`]*)`")
# Where a bound is in the code, and how the document has it.
BOUNDS = (
    ("lib/pilotlight/net/http_message.py", "_HEAD_BYTES = const({})", "an HTTP head {} bytes"),
    ("lib/pilotlight/link.py", "_MESSAGE_BYTES = const({})", "a WebSocket message {},"),
    ("lib/pilotlight/net/json_pick.py", "_TEXT_BYTES = const({})", "a text in JSON {} characters"),
    ("lib/pilotlight/token_text.py", "TOKEN_BYTES = {}", "a token {};"),
    ("firmware/storage.py", "_LARGEST_BYTES = const({})", "LARGEST_BYTES = {} "),
    ("firmware/event_log.py", "_ENTRIES = const({})", "the last {} changes"),
)


def text() -> str:
    """The document, on one line."""
    return " ".join(DOCUMENT.read_text().split())


def named() -> list[str]:
    """Files, FILE::TEST and folders that the document names."""
    return OURS.findall(DOCUMENT.read_text())


@pytest.mark.parametrize("name", named())
def test_what_it_names_exists(name: str) -> None:
    assert has_test(name) if "::" in name else (ROOT / name).exists()


def written() -> set[str]:
    """What the firmware writes: its records and the files beside main.py."""
    sources = [
        path.read_text() for folder in ("lib", "firmware") for path in (ROOT / folder).rglob("*.py")
    ]
    names = set()
    for source in sources:
        for constant, name in re.findall(
            r'^(_[A-Z]+) = const\("([a-z_]+)"\)', source, re.MULTILINE
        ):
            if re.search(rf"(?:load|save)\({constant}\b", source):
                names.add(f"state/{name}.json")
        names |= {f"state/{name}.json" for name in re.findall(r'Record\(\S+, "([a-z]+)"\)', source)}
    return (
        names
        | set(device_module("firmware.guard.crash_log").FILES)
        | {device_module("firmware.guard.rescued_config").REMEMBERED}
    )


def test_it_knows_every_file_that_the_firmware_writes() -> None:
    files = written()
    assert {"state/authorization.json", "state/log.json", "crash.1.txt", "board.txt"} < files
    assert not [name for name in files if f"`{name}`" not in DOCUMENT.read_text()]
    in_table = set(re.findall(r"`(state/\w+\.json)`", DOCUMENT.read_text()))
    assert in_table <= files


@pytest.mark.parametrize(("path", "code", "words"), BOUNDS, ids=[path for path, _, _ in BOUNDS])
def test_its_bounds_are_those_of_the_code(path: str, code: str, words: str) -> None:
    found = re.search(re.escape(code).replace(r"\{\}", "([0-9a-fx_]+)"), (ROOT / path).read_text())
    assert found
    assert words.format(int(found[1], 0)) in text()


def test_its_times_are_those_of_the_code() -> None:
    times = device_module("pilotlight.times").Times()
    assert (
        f"ends after {times.total_ms // 1000} s ({times.tls_total_ms // 1000} s with TLS), "
        f"or {times.stall_ms // 1000} s without a byte" in text()
    )


def test_device_code_listens_in_setup_mode_only_and_runs_nothing_that_it_was_sent() -> None:
    listening = {"listen", "bind", "accept", "start_server"}
    calls = set()
    for folder in ("lib", "firmware"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    name = ast.unparse(node.func).rpartition(".")[2]
                    calls.add(name)
                    assert name not in listening or path.parent.name == "setup", path
    assert {"connect", "close", "open", "bind"} < calls
    assert not calls & {"eval", "exec", "compile"}


def test_every_secret_key_is_in_it() -> None:
    for key in device_module("firmware.config").SECRETS:
        assert f"`{key}`" in text() or key == "wifi"
