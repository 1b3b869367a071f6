"""docs/troubleshooting.md has each state's light, each reason, each log line, each refusal of make."""

import ast
import re
from pathlib import Path

import pytest

from tools.generate import light_card, readme
from tools.on_cpython import ROOT

ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in readme.TROUBLE.read_text().splitlines()
    if line.startswith("| ")
]


@pytest.mark.parametrize("state", readme.LADDER)
def test_each_light_is_in_it_with_its_meaning_and_a_remedy(state: str) -> None:
    description = light_card.description(state)
    picture = f"![{description}](light/{state}.svg)"
    (row,) = [row for row in ROWS if row[0] == picture]
    assert row[1] == description
    assert row[2].startswith(f"`{state}`: ") and len(row[3]) > 10


def test_the_lights_are_in_the_ladder_s_order() -> None:
    states = [row[2].split("`")[1] for row in ROWS if row[0].startswith("!")]
    assert states == readme.LADDER


def test_each_word_that_it_names_is_a_reason_and_has_a_row() -> None:
    words = set(readme.STRINGS.REASONS)
    assert {row[0].strip("`") for row in ROWS if len(row) == 3} - {"word", "---"} == words
    for row in ROWS:
        if len(row) == 4 and row[0].startswith("!"):
            for word in re.findall(r"`([a-z_]+)`[,:]", row[3]):
                assert word in words, word


# Who says what: a call of one of these, or a sentence that a function of these returns.
LOGS = {"log", "log_change"}
REFUSALS = {
    *("Refused", "EsptoolError", "Again", "BoardError", "ArgumentTypeError", "parser.error"),
    *("NoMicroPython", "SystemExit", "stderr"),
}
NEWS = {"say", "write"}  # may be in the document, and need not
REFUSING = {"refusal", "_no_answer", "lack_of_memory"}
WIDE = "…"  # what changes, in a message
TOOLS = [
    path
    for path in (ROOT / "tools").rglob("*.py")
    if not path.is_relative_to(ROOT / "tools/generate")
    and not path.is_relative_to(ROOT / "tools/bench")
    # Its refusals are words of OAuth, for a device.
    and path not in {ROOT / f"tools/mock_frameio/{name}.py" for name in ("authorization", "tokens")}
]
DEVICE = [*(ROOT / "lib").rglob("*.py"), *(ROOT / "firmware").rglob("*.py")]


def texts(node: ast.AST) -> list[str]:
    """What an expression may say, with … where it changes; [] if it has no text of its own."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [re.sub(r"%s", WIDE, node.value)]
    if isinstance(node, ast.JoinedStr):
        return ["".join("".join(texts(part)) or WIDE for part in node.values)]
    if isinstance(node, ast.IfExp):
        return texts(node.body) + texts(node.orelse)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return [re.sub(r"%\d*[sd]", WIDE, text) for text in texts(node.left)]
    if isinstance(node, ast.BinOp):
        return [
            left + right
            for left in texts(node.left) or [WIDE]
            for right in texts(node.right) or [WIDE]
        ]
    return []


def callee(call: ast.Call) -> str:
    """What is called: of `parser.error` both words, else the last one, be it private or not."""
    name = ast.unparse(call.func)
    if name == "print" and "file=sys.stderr" in ast.unparse(call):
        return "stderr"
    return name if name == "parser.error" else name.rpartition(".")[2].lstrip("_")


def said(paths: list[Path], names: set[str]) -> set[str]:
    """All that these files of Python say by calls of these names, or as functions of REFUSING."""
    found: list[str] = []
    for node in [one for path in paths for one in ast.walk(ast.parse(path.read_text()))]:
        if isinstance(node, ast.Call) and node.args and callee(node) in names:
            found += texts(node.args[0])
        elif isinstance(node, ast.FunctionDef) and node.name in REFUSING:
            for one in ast.walk(node):
                if isinstance(one, ast.Return) and one.value:
                    found += texts(one.value)
    target = re.compile(r"make \S+: …")  # before another message
    return {text for text in found if text.strip(" …") and not target.fullmatch(text)}


def said_by_make() -> set[str]:
    """What the Makefile and setup.sh say before they end."""
    makefile, script = ((ROOT / name).read_text() for name in ("Makefile", "tools/setup.sh"))
    found = [re.sub(r"\$\(\w+\)", WIDE, text) for text in re.findall(r"\(error (.*)\)\)", makefile)]
    script = re.sub(r'\$\("?\$python.*?\)|\$\(\.venv.*?\)|\$\(.*\)|\$\w+', WIDE, script)
    for arguments in re.findall(r'fail ((?:"[^"]*"[ \\\n]*)+)', script):
        found.append(re.sub(r'"[ \\\n]+"', " ", arguments).strip('" \n'))
    return set(found)


def patterns(heading: str) -> list[str]:
    """The messages in the first column of the table behind a heading of the document."""
    part = readme.TROUBLE.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?`) \| ", part, re.M)
    return [text for cell in cells for text in re.findall(r"`(.+?)`", cell)]


def is_one(message: str, pattern: str) -> bool:
    """Whether a message of the code is of a kind that the document has.

    One without letters is no kind: it is that message alone.
    """
    if not re.search(r"\w", pattern):
        return message == pattern
    return bool(re.fullmatch(re.escape(pattern).replace(WIDE, ".*"), message))


KINDS = {
    "A line on the serial console": (lambda: said(DEVICE, LOGS), lambda: said(DEVICE, NEWS)),
    "A sentence of make": (
        lambda: said(TOOLS, REFUSALS) | said_by_make(),
        lambda: said(TOOLS, NEWS),
    ),
}


@pytest.mark.parametrize("heading", KINDS)
def test_each_message_of_the_code_is_in_it_and_each_of_it_is_in_the_code(heading: str) -> None:
    needed, also = (read() for read in KINDS[heading])
    kinds = patterns(heading)
    assert len(needed) > 30 and len(kinds) > 30
    assert [text for text in sorted(needed) if not any(is_one(text, one) for one in kinds)] == []
    assert [one for one in kinds if not any(is_one(text, one) for text in needed | also)] == []


def test_what_is_seen_of_a_message() -> None:
    code = 'log("%s: lost" % name)\nself._log("a few " + b)\nraise Refused(f"no {a}: " "buy one")'
    tree = ast.parse(code)
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
    assert sorted(text for call in calls for text in texts(call.args[0])) == [
        "a few …",
        "no …: buy one",
        "…: lost",
    ]
    assert is_one("wifi: a: gone (status 201)", "wifi: …: … (status …)")
    assert not is_one("wifi: lost again", "wifi: lost")
    assert is_one("…: …", "…: …") and not is_one("clock: gone", "…: …")
