"""Eight boards on one mock, which restarts: what each of them asks, counted; not how soon."""

from pathlib import Path

from tools.fleet import KINDS, Fleet, by_second, memory_kib

BOARDS = 8
_LONGEST_S = 120


def test_boards_come_back_to_a_mock_that_restarts(tmp_path: Path) -> None:
    with Fleet(tmp_path, BOARDS) as fleet:
        fleet.power_on()
        fleet.wait_online(_LONGEST_S)
        at_start = by_second(fleet.mock.records(kind="request"))
        assert sum(at_start["identity"].values()) == BOARDS
        assert len({board.pid for board in fleet.boards}) == BOARDS
        assert all(rss > pss > 0 for rss, pss in (memory_kib(board.pid) for board in fleet.boards))
        back = fleet.restart_mock(_LONGEST_S)
        upgrades = fleet.mock.records(kind="upgrade")
    assert [record["status"] for record in upgrades] == [101] * BOARDS
    asked = {kind: sum(counts.values()) for kind, counts in back.counts.items()}
    assert asked.keys() == set(KINDS)
    assert asked["socket"] == BOARDS
    assert asked["identity"] <= BOARDS  # those of the power-on may be less than 60 s ago
    assert asked["token"] == asked["heartbeat"] == 0
    assert asked["health"] <= 2 * BOARDS
