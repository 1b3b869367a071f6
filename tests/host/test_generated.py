"""What is generated is not stale, and the generators see when it is."""

import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from tools.generate import (
    api,
    architecture,
    badges,
    config_doc,
    files,
    packages,
    printed_card,
    proofs,
    readme,
    trust_roots,
)
from tools.on_cpython import ROOT


@pytest.mark.parametrize(
    "generator",
    [api, architecture, badges, config_doc, packages, printed_card, proofs, readme, trust_roots],
)
def test_nothing_is_stale(generator: ModuleType) -> None:
    assert files.stale(generator.files()) == []


@pytest.mark.parametrize(
    ("generator", "target", "old", "new"),
    [
        (readme, "README", "check the cable", "cut the cable"),
        (api, "TARGET", "End `run`: tokens under way", "End `run`: no tokens under way"),
        (api, "TARGET", "| `heartbeat_ms` | 15 000 |", "| `heartbeat_ms` | 16 000 |"),
        (architecture, "TARGET", "connect --> join: upgraded", "connect --> serve: upgraded"),
        (architecture, "TARGET", "    poller --> identity\n", ""),
        (architecture, "TARGET", "**identity** `begin`, ", "**identity** "),
        (architecture, "TARGET", "parts --> config", "config --> parts"),
        (architecture, "TARGET", "`joined`, `link_reason`", "`joined`"),
    ],
)
def test_a_stale_part_is_seen(
    generator: ModuleType,
    target: str,
    old: str,
    new: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    text = getattr(generator, target).read_text()
    assert old in text
    path = tmp_path / "document.md"
    path.write_text(text.replace(old, new))
    monkeypatch.setattr(generator, target, path)
    assert generator.files()[path] == text
    assert files.stale(generator.files()) == [path]


def test_each_state_is_read_from_the_code_and_has_a_light() -> None:
    assert readme.LADDER[:3] == ["fault", "starting", "no_network"]
    assert readme.LADDER[-3:] == ["joining", "paused", "online"]
    assert sorted(readme.LADDER) == sorted(readme.LIGHTS)


def test_what_an_integrator_does_in_a_state_is_kept_and_a_new_state_has_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = readme.EMBEDDING.read_text().replace("uploads wait |", "nothing |")
    monkeypatch.setattr(readme, "LADDER", ["no_network", "paused"])
    monkeypatch.setattr(
        readme, "STATES", {"no_network": ("no link", "waits"), "paused": ("paused", "looks")}
    )
    kept = readme.embedding_states(text).splitlines()
    assert kept[2] == "| `no_network` | nothing |" and "go on uploading" in kept[3]
    new = readme.embedding_states(text.replace("| `no_network`", "| `before`")).splitlines()
    assert new[2] == "| `no_network` | no link; the user: waits |" and len(new) == 4


def test_a_text_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks of ladder"):
        files.replaced("# Pilotlight\n", {"ladder": ""})


def test_a_badge_says_what_is_true() -> None:
    assert badges.badges()["licence"] == ("licence", "MIT")
    readme_text = readme.README.read_text()
    for name, (what, value) in badges.badges().items():
        assert f"![{what} {value}](docs/badges/{name}.svg)" in readme_text
        assert f"<title>{what}: {value}</title>" in badges.picture(what, value)


def test_a_lost_root_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(trust_roots, "NAMES", ("No Such Root",))
    with pytest.raises(KeyError):
        trust_roots.source()


def test_check_tells_what_is_stale_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["config_doc", "--check"])
    missing, changed = tmp_path / "docs/missing.md", tmp_path / "changed.md"
    superfluous, fresh = tmp_path / "superfluous.md", tmp_path / "fresh.md"
    for path in (changed, superfluous, fresh):
        path.write_text("as before")
    wanted = {missing: "new", changed: "new", superfluous: None, fresh: "as before"}
    assert files.main(wanted, None) == 1
    told = capsys.readouterr().err
    assert [str(path) in told for path in wanted] == [True, True, True, False]
    assert not missing.exists()
    assert changed.read_text() == superfluous.read_text() == "as before"
    monkeypatch.setattr("sys.argv", ["config_doc"])
    assert files.main(wanted, None) == 0
    assert missing.read_text() == changed.read_text() == "new"
    assert not superfluous.exists()
    monkeypatch.setattr("sys.argv", ["config_doc", "--check"])
    assert files.main(wanted, None) == 0


def test_an_example_that_the_firmware_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(config_doc.ON_A_BOARD, "brightness", 101)
    with pytest.raises(Exception, match="brightness is 101"):
        config_doc.page()
    with pytest.raises(ValueError, match="nothing is wrong"):
        config_doc.error({"brightness": 100})


def test_a_docstring_as_markdown() -> None:
    """Items of a list are lines that begin with a name, but not inside a sentence."""
    words = """Does it.

        It says `on_done(result)` once, to whom it may
        concern: the caller.
        name, other: two texts. third: a number, which is so long that it does not
        fit.
        on_done(result): called at the end.
        Raises OSError.

            code(1)
    """
    assert api.markdown(inspect.cleandoc(words)).split("\n") == [
        "Does it.",
        "",
        "It says `on_done(result)` once, to whom it may",
        "concern: the caller.",
        "",
        "- `name`, `other`: two texts.",
        "- `third`: a number, which is so long that it does not fit.",
        "- `on_done(result)`: called at the end.",
        "",
        "Raises OSError.",
        "",
        "```python",
        "code(1)",
        "```",
    ]


def test_what_the_package_exports_is_in_the_document() -> None:
    package = ROOT / "lib/pilotlight"
    exported = re.findall(r"as (\w+)$", (package / "__init__.pyi").read_text(), re.M)
    loaded = re.findall(r'^    "(\w+)": "', (package / "__init__.py").read_text(), re.M)
    assert {"Agent", "Settings", "Times"} <= set(exported)
    headings = re.findall(r"^### (\w+)$", api.TARGET.read_text(), re.M)
    assert sorted(set(exported) - set(headings)) == []
    assert sorted(exported) == sorted(loaded)
