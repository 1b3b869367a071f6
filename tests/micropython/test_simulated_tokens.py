"""The simulated token endpoints keep Frame.io's rules, so that a device is judged by them."""

from pilotlight.oauth_api import form_encode
from tests.simulation.frameio_tokens import SECRET, Tokens, call_of, decoded
from tests.support.expect import raises
from tools.virtual_board.virtual_time import Clock

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def post(tokens, path, secret=SECRET, client_id="unit-1", **fields):
    """What a request is answered with."""
    form = form_encode([("client_id", client_id), ("client_secret", secret)] + list(fields.items()))
    return tokens.answer(call_of("/v2/auth/" + path, form), form)


def new_code(tokens):
    status, body = post(tokens, "device/code", scope="asset_create offline")
    assert status == 200 and body["user_code"] == tokens.user_codes[-1]
    return body


def poll(tokens, code, **others):
    return post(tokens, "token", grant_type=DEVICE_GRANT, device_code=code["device_code"], **others)


def refresh(tokens, pair, **others):
    return post(
        tokens, "token", grant_type="refresh_token", refresh_token=pair["refresh_token"], **others
    )


def paired(tokens):
    code = new_code(tokens)
    tokens.enter(code["user_code"])
    status, pair = poll(tokens, code)
    assert status == 200
    return pair


def refused(word, status=400):
    return status, {"error": word}


def test_a_code_is_polled_until_it_is_entered_and_works_once():
    tokens = Tokens()
    code = new_code(tokens)
    assert poll(tokens, code) == refused("authorization_pending")
    Clock.now_ms += 4000
    assert poll(tokens, code) == refused("slow_down")
    Clock.now_ms += 5000
    assert poll(tokens, code) == refused("slow_down")  # it is 10 s now
    Clock.now_ms += 15_000
    assert poll(tokens, code) == refused("authorization_pending")
    assert poll(tokens, code, client_id="unit-2") == refused("invalid_grant")
    with raises(ValueError):
        tokens.enter("000000")
    tokens.enter(code["user_code"])
    status, pair = poll(tokens, code)
    assert (
        status == 200
        and tokens.accepts(pair["access_token"])
        and tokens.live == 1
        and not tokens.user_codes
    )
    assert poll(tokens, code) == refused("invalid_grant")


def test_a_code_that_is_denied_or_too_old():
    tokens = Tokens()
    code, other = new_code(tokens), new_code(tokens)
    tokens.enter(code["user_code"], "denied")
    assert poll(tokens, code) == refused("access_denied")
    Clock.now_ms += 120_000
    assert poll(tokens, other) == refused("expired_token")
    assert not tokens.user_codes
    with raises(ValueError):
        tokens.enter(other["user_code"])


def test_a_refresh_kills_the_old_pair_and_a_second_one_is_refused():
    tokens = Tokens()
    old = paired(tokens)
    status, new = refresh(tokens, old)
    assert status == 200 and tokens.live == 2
    assert tokens.accepts(new["access_token"]) and not tokens.accepts(old["access_token"])
    assert refresh(tokens, old) == refused("invalid_request")
    assert refresh(tokens, new, client_id="unit-2") == refused("invalid_grant", 401)
    assert refresh(tokens, {"refresh_token": new["refresh_token"][:-1]}) == refused(
        "invalid_grant", 401
    )
    assert tokens.live == 2
    assert tokens.uses == {1: 2, 2: 2}


def test_tokens_die_of_age():
    tokens = Tokens()
    pair = paired(tokens)
    Clock.now_ms += 8 * 3600 * 1000
    assert not tokens.accepts(pair["access_token"])
    assert tokens.live == 1
    Clock.now_ms += 14 * 24 * 3600 * 1000
    assert not tokens.live
    tokens.lost_status = 400
    assert refresh(tokens, pair) == refused("invalid_grant")


def test_a_device_that_is_removed_or_revoked():
    tokens = Tokens()
    pair = paired(tokens)
    tokens.removed = True
    assert not tokens.accepts(pair["access_token"])
    assert refresh(tokens, pair) == refused("invalid_grant", 401)
    pair = paired(tokens)
    assert tokens.accepts(pair["access_token"])
    assert post(tokens, "revoke", client_id="unit-2", token=pair["access_token"])[0] == 200
    assert tokens.live
    assert post(tokens, "revoke", token=pair["refresh_token"]) == (200, {"success": True})
    assert not tokens.live and not tokens.accepts(pair["access_token"])


def test_answers_that_are_lost_and_faults_on_order():
    tokens = Tokens()
    tokens.loses_token_answers = 1
    code = new_code(tokens)
    tokens.says = ["slow_down"]
    assert poll(tokens, code) == refused("slow_down")
    assert poll(tokens, code) == refused("authorization_pending")
    tokens.enter(code["user_code"])
    assert poll(tokens, code) is None
    assert poll(tokens, code) == refused("invalid_grant")
    pair = paired(tokens)
    tokens.loses_refresh_answers = 1
    assert refresh(tokens, pair) is None
    assert refresh(tokens, pair) == refused("invalid_request")
    tokens.refuses = "invalid_client"
    for answer in (
        refresh(tokens, pair),
        poll(tokens, code),
        post(tokens, "device/code", scope="asset_create offline"),
    ):
        assert answer == refused("invalid_client")


def test_who_asks_must_know_the_secret():
    tokens = Tokens()
    assert post(tokens, "device/code", secret="wrong", scope="asset_create offline") == refused(
        "invalid_client"
    )
    assert post(tokens, "device/code", client_id="", scope="asset_create offline") == refused(
        "invalid_client"
    )
    assert post(tokens, "device/code", scope="offline") == refused("invalid_request")
    assert not tokens.user_codes and not tokens.live


def test_forms():
    assert decoded("a%20b+c%2Bd%7e%3d") == "a b c+d~="
    assert (
        call_of("/v2/auth/token", b"grant_type=" + DEVICE_GRANT.replace(":", "%3A").encode())
        == "token"
    )
    assert call_of("/v2/auth/token", b"grant_type=refresh_token") == "refresh"
    assert call_of("/v2/auth/device/code", b"") == "code"
    assert call_of("/v2/devices/me", b"") is None
