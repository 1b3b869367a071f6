"""What is generated is not stale, and the generators see when it is."""

from pathlib import Path

import pytest

from tools import make_readme, make_trust_roots


def test_the_readme_is_not_stale() -> None:
    text = make_readme.README.read_text()
    assert make_readme.generated(text) == text


def test_a_stale_ladder_and_a_stale_diagram_are_seen() -> None:
    text = make_readme.README.read_text()
    for old, new in (("checks Wi-Fi", "checks nothing"), ("connect --> join: upgraded", "connect --> serve: upgraded")):
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
