"""Eight paired boards on one mock, which restarts: what each of them asks, counted; not how soon."""

from pathlib import Path

from tools.fleet import KINDS, Fleet, memory_kib, refreshes

BOARDS = 8
_LIFE_S, _FIRST_LIFE_S = 8 * 3600, 20
_LONGEST_S = 120


def test_paired_boards_come_back_to_a_mock_that_restarts(tmp_path: Path) -> None:
    with Fleet(tmp_path, BOARDS, _LIFE_S) as fleet:
        fleet.mock.control("lives", access_s=_FIRST_LIFE_S, interval_s=1)  # of the pairings
        fleet.power_on()
        fleet.pair(_LONGEST_S)
        fleet.mock.control("lives", access_s=_LIFE_S)
        early = len(refreshes(fleet.mock.records(kind="auth")))  # these come again
        fleet.mock.wait(
            lambda mock: (
                len({client_id for client_id, _, _ in refreshes(mock.records(kind="auth"))[early:]})
                == BOARDS
            )
        )
        fleet.wait_online(_LONGEST_S)
        used = refreshes(fleet.mock.records(kind="auth"))
        assert len({client_id for client_id, _, _ in used}) == BOARDS
        assert len({generation for _, generation, _ in used}) == len(used)
        assert {outcome for _, _, outcome in used} == {"issued"}
        assert len({board.pid for board in fleet.boards}) == BOARDS
        assert all(rss > pss > 0 for rss, pss in (memory_kib(board.pid) for board in fleet.boards))
        back = fleet.restart_mock(_LONGEST_S)
        upgrades = fleet.mock.records(kind="upgrade")
    assert [record["status"] for record in upgrades] == [101] * BOARDS
    asked = {kind: sum(counts.values()) for kind, counts in back.counts.items()}
    assert asked.keys() == set(KINDS)
    assert asked["socket"] == BOARDS
    assert asked["identity"] <= BOARDS  # those of the tokens may be less than 60 s ago
    assert asked["token"] == asked["heartbeat"] == 0
    assert asked["health"] <= 2 * BOARDS
