"""What `pilotlight` exports has types that an editor can show, and the firmware's parts fit them."""

import re
from collections.abc import Iterator

import pytest
from mypy import build
from mypy.main import process_options
from mypy.modulefinder import BuildSource
from mypy.nodes import FuncDef, TypeInfo
from mypy.types import CallableType

from tools.on_cpython import ROOT

EXPORTED = re.findall(
    r"^from (\S+) import (\w+) as", (ROOT / "lib/pilotlight/__init__.pyi").read_text(), re.M
)
PROTOCOLS = [("", name) for name in ("Network", "Storage", "Clock")]
GIVEN = [(".requests", "Slot"), (".status", "DeviceStatus")]  # by an Agent
JSON_OF_ANY_SHAPE = {"Agent.request: its answer"}
# What the firmware hands to an Agent. The last line is wrong.
PROGRAM = """\
from firmware.boards.host import Host
from firmware.network.clock import Clock as NtpClock
from firmware.network.ethernet import Ethernet
from firmware.network.wifi import Wifi
from firmware.storage import FileStorage
from pilotlight import Agent, Clock, Network, Settings, Storage, Times

def fits(wifi: Wifi, ethernet: Ethernet, clock: NtpClock, storage: FileStorage) -> None:
    networks: list[Network] = [wifi, ethernet, Host()]
    clocks: list[Clock] = [clock, Host()]
    settings = Settings("https://api.frame.io", "1.2.3", [b""], "secret")
    Agent(settings, networks[0], storage, clocks[0], Times(), print, check_in=print)
    Agent(settings, storage, storage, clock)
"""


@pytest.fixture(scope="module")
def checked() -> build.BuildResult:
    """The library and the program, as `make lint` checks the code of the device."""
    configuration = str(ROOT / "mypy-device.ini")
    library = str(ROOT / "lib/pilotlight")
    sources, options = process_options(["--config-file", configuration, library])
    options.incremental = False  # what comes from a cache has no trees
    options.mypy_path = [str(ROOT / path) for path in (*options.mypy_path, ".")]
    options.custom_typeshed_dir = str(ROOT / ".venv/device-stubs")
    return build.build([*sources, BuildSource("program.py", "program", PROGRAM)], options)


def members(found: TypeInfo) -> Iterator[tuple[str, object]]:
    """(Class.name: what it is, its type) of the class's public members and its constructor."""
    for name, symbol in found.names.items():
        if name.startswith("_") and name != "__init__":
            continue
        node, where = symbol.node, f"{found.name}.{name}"
        if isinstance(node, FuncDef) and isinstance(node.type, CallableType):
            arguments = zip(node.arguments[1:], node.type.arg_types[1:], strict=True)
            for argument, kind in arguments:
                yield f"{where}: {argument.variable.name}", kind
            yield f"{where}: its answer", node.type.ret_type
        else:
            yield f"{where}: its type", getattr(node, "type", None) or "Any"


def is_any(kind: object) -> bool:
    """Whether a type is Any or has one in it, but for what a coroutine is sent."""
    return bool(re.search(r"\bAny\b", str(kind).replace("Coroutine[Any, Any, ", "")))


def test_no_exported_type_is_any(checked: build.BuildResult) -> None:
    assert len(EXPORTED) > 6
    found = []
    for module, name in [*EXPORTED, *PROTOCOLS, *GIVEN]:
        node = checked.files["pilotlight" + module].names[name].node
        assert isinstance(node, TypeInfo)
        found += [where for where, kind in members(node) if is_any(kind)]
    assert set(found) == JSON_OF_ANY_SHAPE


def test_the_firmware_s_parts_fit_the_protocols(checked: build.BuildResult) -> None:
    errors = [line for line in checked.errors if ": error: " in line]
    assert len(errors) == 1, errors
    assert 'Argument 2 to "Agent" has incompatible type "FileStorage"' in errors[0]


def test_any_is_seen() -> None:
    assert is_any("dict[str, Any]") and is_any("Coroutine[Any, Any, Any]")
    assert not is_any("Coroutine[Any, Any, int]") and not is_any("Anything")
