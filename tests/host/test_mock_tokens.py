"""The mock's device codes and pairs of tokens, on a clock of our own."""

from collections.abc import Callable

import pytest

from tools.mock_frameio.tokens import Lives, Pair, Refused, Tokens

UNIT = "unit-1"


class Clock:
    """Seconds that pass when we say so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now_s


def made(**lives: float) -> tuple[Tokens, Clock]:
    """Tokens, and the clock on which they live."""
    clock = Clock()
    return Tokens("fixed", Lives(**lives), clock), clock


def paired(tokens: Tokens, client_id: str = UNIT) -> Pair:
    """Pair a unit."""
    code = tokens.new_code(client_id)
    tokens.decide(code.user_code, "approved")
    return tokens.poll(code.device_code, client_id)


def refusal(action: Callable[[], object]) -> tuple[str, int]:
    """Word and status of the refusal in which this ends."""
    with pytest.raises(Refused) as caught:
        action()
    return caught.value.word, caught.value.status


def test_the_lives_that_are_documented() -> None:
    lives = Lives()
    assert (
        lives.access_expires_in(),
        lives.refresh_s,
        lives.code_expires_in(),
        lives.interval(),
    ) == (28800, 1209600, 120, 5)


def test_what_is_said_is_whole_seconds_and_never_tempts_to_be_too_fast() -> None:
    lives = Lives(access_s=1.9, code_s=2.9, interval_s=0.2)
    said = lives.access_expires_in(), lives.code_expires_in(), lives.interval()
    assert said == (1, 2, 1)
    assert all(isinstance(value, int) for value in said)
    lives = Lives(said_access_s=0, said_code_s=7, said_interval_s=5.5)
    assert (lives.access_expires_in(), lives.code_expires_in(), lives.interval()) == (0, 7, 5.5)


def test_a_refresh_rotates_and_each_refresh_token_serves_once() -> None:
    tokens, _ = made()
    pairs = [paired(tokens)]
    for number in range(1, 4):
        pairs.append(tokens.refresh(pairs[-1].refresh_token, UNIT))
        assert pairs[-1].generation == number + 1 == tokens.status()["generation"]
        assert [tokens.accepts(pair.access_token) for pair in pairs] == [False] * number + [True]
        for old in pairs[:-1]:
            assert refusal(lambda: tokens.refresh(old.refresh_token, UNIT)) == (
                "invalid_request",
                400,
            )
    assert len({token for pair in pairs for token in (pair.access_token, pair.refresh_token)}) == 8
    assert [tokens.generation_of(pair.refresh_token) for pair in pairs] == [1, 2, 3, 4]
    assert tokens.generation_of("unknown") is None
    assert all(
        token not in repr(pairs)
        for pair in pairs
        for token in (pair.access_token, pair.refresh_token)
    )


def test_lives() -> None:
    tokens, clock = made(access_s=10, refresh_s=20)
    pair = paired(tokens)
    clock.now_s += 9.9
    assert tokens.accepts("fixed") and tokens.accepts(pair.access_token)
    clock.now_s += 0.1
    assert not tokens.accepts("fixed") and not tokens.accepts(pair.access_token)
    clock.now_s += 9.9
    pair = tokens.refresh(pair.refresh_token, UNIT)
    assert tokens.accepts(pair.access_token)
    clock.now_s += 20
    assert refusal(lambda: tokens.refresh(pair.refresh_token, UNIT)) == ("unauthorized", 401)


def test_expire_and_renew_touch_access_tokens_only() -> None:
    tokens, _ = made()
    old = paired(tokens)
    pair = tokens.refresh(old.refresh_token, UNIT)
    tokens.expire()
    assert not any(tokens.accepts(token) for token in ("fixed", pair.access_token))
    tokens.renew()
    assert all(tokens.accepts(token) for token in ("fixed", pair.access_token))
    assert not tokens.accepts(old.access_token)
    tokens.expire()
    assert tokens.accepts(tokens.refresh(pair.refresh_token, UNIT).access_token)


@pytest.mark.parametrize(("status", "word"), [(401, "unauthorized"), (400, "invalid_request")])
def test_what_is_lost_is_refused_as_ordered(status: int, word: str) -> None:
    tokens, _ = made()
    tokens.lost_status = status
    pair = paired(tokens)
    assert refusal(lambda: tokens.refresh("unknown", UNIT)) == (word, status)
    assert refusal(lambda: tokens.refresh(pair.refresh_token, "another unit")) == (word, status)
    newer = paired(tokens, "unit-2")
    assert tokens.accepts(pair.access_token)  # another device's pairing ends nothing
    repaired = paired(tokens)  # the same device's does
    assert not tokens.accepts(pair.access_token) and tokens.accepts(repaired.access_token)
    assert refusal(lambda: tokens.refresh(pair.refresh_token, UNIT)) == (word, status)
    tokens.revoke(newer.access_token, UNIT)  # not of this client: nothing happens
    assert tokens.accepts(newer.access_token)
    tokens.revoke(newer.refresh_token, "unit-2")
    assert not tokens.accepts(newer.access_token)
    assert refusal(lambda: tokens.refresh(newer.refresh_token, "unit-2")) == (word, status)
    removed = paired(tokens)
    tokens.remove()
    assert not tokens.accepts("fixed") and not tokens.accepts(removed.access_token)
    assert refusal(lambda: tokens.refresh(removed.refresh_token, UNIT)) == (word, status)
    tokens.renew()
    assert tokens.accepts("fixed") and not tokens.accepts(removed.access_token)


def test_each_poll_that_comes_too_fast_adds_to_the_interval() -> None:
    tokens, clock = made(interval_s=5, slow_down_s=5, code_s=120)
    code = tokens.new_code(UNIT)

    def poll(after_s: float) -> str:
        clock.now_s += after_s
        return refusal(lambda: tokens.poll(code.device_code, UNIT))[0]

    assert poll(0) == "authorization_pending"
    assert poll(5) == "authorization_pending"
    assert poll(4.5) == "slow_down"  # from now on 10 s
    assert poll(5) == "slow_down"  # 15 s
    assert poll(14) == "slow_down"  # 20 s, counted from this poll
    assert poll(20) == "authorization_pending"
    tokens.decide(None, "approved")
    assert tokens.poll(code.device_code, UNIT).generation == 1  # slow_down is for the pending only


def test_a_code_ends_used_denied_or_expired() -> None:
    tokens, clock = made(code_s=10)
    used, denied, expired = (tokens.new_code(UNIT) for _ in range(3))
    assert tokens.status() == {
        "user_codes": [used.user_code, denied.user_code, expired.user_code],
        "generation": None,
    }
    tokens.decide(used.user_code, "approved")
    tokens.decide(denied.user_code, "denied")
    assert refusal(lambda: tokens.poll(used.device_code, "another unit")) == ("invalid_grant", 400)
    assert tokens.accepts(tokens.poll(used.device_code, UNIT).access_token)
    assert refusal(lambda: tokens.poll(used.device_code, UNIT)) == ("invalid_grant", 400)
    assert refusal(lambda: tokens.poll("unknown", UNIT)) == ("invalid_grant", 400)
    assert refusal(lambda: tokens.poll(denied.device_code, UNIT)) == ("access_denied", 400)
    clock.now_s += 10
    assert refusal(lambda: tokens.poll(expired.device_code, UNIT)) == ("expired_token", 400)
    assert tokens.status()["user_codes"] == []
    for user_code in (None, expired.user_code, used.user_code):
        with pytest.raises(LookupError):
            tokens.decide(user_code, "approved")
    assert expired.device_code not in repr(expired)


def test_a_user_code_keeps_its_leading_zeros_and_is_not_pending_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = iter([42, 42, 7])
    monkeypatch.setattr("secrets.randbelow", lambda below: next(drawn))
    tokens, _ = made()
    assert [tokens.new_code(UNIT).user_code for _ in range(2)] == ["000042", "000007"]


def test_the_newest_code_is_entered_when_none_is_named() -> None:
    tokens, _ = made()
    tokens.next_user_code = "000042"
    older, newer = tokens.new_code(UNIT), tokens.new_code(UNIT)
    assert (older.user_code, newer.user_code == "000042") == ("000042", False)
    tokens.decide(None, "approved")
    assert (older.state, newer.state) == ("pending", "approved")
