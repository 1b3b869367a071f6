"""What is generated is not stale, and the generators see when it is."""

from pathlib import Path

import pytest

from tools import make_config_doc, make_readme, make_trust_roots


def test_the_readme_is_not_stale() -> None:
    text = make_readme.README.read_text()
    assert make_readme.generated(text) == text


def test_a_stale_ladder_and_a_stale_diagram_are_seen() -> None:
    text = make_readme.README.read_text()
    for old, new in (
        ("checks Wi-Fi", "checks nothing"),
        ("connect --> join: upgraded", "connect --> serve: upgraded"),
    ):
        assert old in text
        assert make_readme.generated(text.replace(old, new)) == text


def test_a_readme_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks of ladder"):
        make_readme.generated("# Pilotlight\n")


def test_the_trust_roots_are_not_stale() -> None:
    assert make_trust_roots.TARGET.read_text() == make_trust_roots.source()


def test_a_lost_root_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(make_trust_roots, "NAMES", ("No Such Root",))
    with pytest.raises(KeyError):
        make_trust_roots.source()


def test_the_table_of_the_configuration_is_not_stale() -> None:
    assert make_config_doc.TARGET.read_text() == make_config_doc.page()


def test_a_stale_table_of_the_configuration_is_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stale = tmp_path / "config.md"
    monkeypatch.setattr(make_config_doc, "TARGET", stale)
    monkeypatch.setattr("sys.argv", ["make_config_doc", "--check"])
    assert make_config_doc.main() == 1 and not stale.exists()
    stale.write_text(make_config_doc.page())
    assert make_config_doc.main() == 0
    stale.write_text(make_config_doc.page().replace("`100`", "`99`"))
    assert make_config_doc.main() == 1


def test_an_example_that_the_firmware_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(make_config_doc.ON_A_BOARD, "brightness", 101)
    with pytest.raises(Exception, match="brightness is 101"):
        make_config_doc.page()
    with pytest.raises(ValueError, match="nothing is wrong"):
        make_config_doc.error({"brightness": 100})
