"""What is generated is not stale, and the generators see when it is."""

from pathlib import Path
from types import ModuleType

import pytest

from tools.generate import config_doc, files, readme, trust_roots


@pytest.mark.parametrize("generator", [config_doc, readme, trust_roots])
def test_nothing_is_stale(generator: ModuleType) -> None:
    assert files.stale(generator.files()) == []


def test_a_stale_ladder_and_a_stale_diagram_are_seen() -> None:
    text = readme.README.read_text()
    for old, new in (
        ("checks Wi-Fi", "checks nothing"),
        ("connect --> join: upgraded", "connect --> serve: upgraded"),
    ):
        assert old in text
        assert readme.generated(text.replace(old, new)) == text


def test_a_readme_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks of ladder"):
        readme.generated("# Pilotlight\n")


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
