"""A board whose file has the storage of docs/security.md: paired, its tokens are in the NVS and in
no file, and are found again."""

import shutil
from pathlib import Path

from tests.support.safe_mode_board import Board
from tools.mock_frameio.tokens import MARK
from tools.rig import CLIENT_SECRET, CLIENT_VERSION, ROOT, Rig

BEGIN = "<!-- storage: run as a test -->\n```python\n"


def test_no_file_holds_a_token(rig: Rig, tmp_path: Path) -> None:
    mock = rig.mock()
    board = Board(tmp_path / "board")
    program = (ROOT / "docs/security.md").read_text().split(BEGIN)[1].split("```")[0]
    boards = board.code / "firmware/boards"
    shutil.copy(boards / "host.py", boards / "vault.py")
    with (boards / "vault.py").open("a") as file:
        file.write(program)
    (board.code / "lib/model_secret.py").write_text(f"CLIENT_SECRET = {CLIENT_SECRET!r}\n")
    board.configure(board="vault", frameio={"url": mock.url, "client_version": CLIENT_VERSION})
    board.power_on()
    board.wait_line(state="pairing")
    mock.approve()
    board.wait_line(state="online")
    board.cut_power()
    kept = {path.name: path.read_text() for path in tmp_path.rglob("flash/**/*") if path.is_file()}
    assert "identity.json" in kept and "authorization.json" not in kept
    for name, text in kept.items():
        assert MARK not in text and CLIENT_SECRET not in text, name
    nvs = (tmp_path / "board/nvs/pilotlight").read_text()
    assert MARK.encode().hex() in nvs
    seen = len(board.lines)
    board.power_on()
    board.wait_line(after=seen, state="online")
    board.cut_power()
    assert "pairing" not in {line["state"] for line in board.lines[seen:]}
    assert MARK not in board.output + board.errors
