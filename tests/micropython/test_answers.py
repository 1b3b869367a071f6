"""Frame.io's answers with fields of every kind and size: used, skipped or named, never a guess."""

from pilotlight.frameio_api import FrameioApi
from pilotlight.net.http_client import HttpClient
from pilotlight.oauth_api import OauthApi
from tests.support import server

ID = "a7e95254-8cd6-4d59-b54d-28c58570a8de"
IDENTITY = '{"id":"%s","status":"online","project":{"name":"Testbed"}}' % ID
CODE = '{"device_code":"secret","user_code":"123456","interval":5,"expires_in":120}'
TOKENS = '{"access_token":"one","refresh_token":"two","expires_in":28800}'
OLD = "old-refresh-token"


async def ask(call, body, head=b"", status=200):
    """What the call gives for this answer; a reason word if it raises."""

    async def script(reader, writer):
        for line in await server.read_head(reader):
            if line.startswith(b"Content-Length: "):
                await reader.readexactly(int(line[16:]))
        data = body if isinstance(body, bytes) else body.encode()
        start = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n" % (status, len(data))
        try:
            writer.write(start + head + b"\r\n" + data)
            await writer.drain()
        except OSError:
            pass  # the client has what it wants, and has closed
        await server.end(writer)

    listener, endpoint = await server.start(script)
    http = HttpClient(endpoint, server.Times)
    api, oauth = FrameioApi(http, "1.2.3"), OauthApi(http, "1.2.3", "secret", "unit")
    jobs = {
        "identity": lambda: api.identity("token"),
        "health": api.health,
        "code": oauth.device_code,
        "token": lambda: oauth.token("code"),
        "refresh": lambda: oauth.refresh(OLD, 0),
    }
    try:
        return await jobs[call]()
    except Exception as error:
        return error.reason
    finally:
        listener.close()


async def test_what_can_not_be_used_is_named():
    long, longer = "x" * 65, "x" * 3000
    for call, body, reason in (
        ("identity", IDENTITY.replace(ID, long), "too_large"),
        ("identity", IDENTITY.replace(ID, longer), "too_large"),
        ("identity", IDENTITY.replace(ID, "not/an/id"), "protocol"),
        ("identity", IDENTITY.replace(ID, ""), "protocol"),
        ("identity", IDENTITY.replace('"%s"' % ID, "7"), "protocol"),
        ("identity", IDENTITY.replace('"%s"' % ID, "null"), "protocol"),
        ("identity", IDENTITY.replace('"%s"' % ID, "1" * 50), "portal"),  # as if it were missing
        ("identity", IDENTITY[:-1], "protocol"),
        ("identity", IDENTITY + "}", "protocol"),
        ("identity", IDENTITY.replace('"online"', "NaN"), "protocol"),
        ("identity", IDENTITY.encode().replace(b"Testbed", b"\xff"), "protocol"),
        ("identity", IDENTITY[:-1] + ',"pad":"%s"}' % ("x" * 300_000), "too_large"),
        ("identity", "[" * 1000, "protocol"),
        ("identity", "{}", "portal"),
        ("identity", "[%s]" % IDENTITY, "portal"),
        ("identity", "<html>Sign in</html>", "portal"),
        ("identity", "Sign in", "portal"),
        ("identity", "", "portal"),
        ("health", '{"ok":false}', "portal"),
        ("code", CODE.replace("123456", "1" * 33), "too_large"),
        ("code", CODE.replace("123456", longer), "too_large"),
        ("code", CODE.replace("123456", "12 34"), "protocol"),
        ("code", CODE.replace('"123456"', "123456"), "protocol"),
        ("code", CODE.replace("secret", longer), "too_large"),
        ("code", CODE.replace("secret", "a\\nb"), "protocol"),
        ("code", IDENTITY, "portal"),
        ("token", TOKENS.replace("one", longer), "too_large"),
        ("token", TOKENS.replace("two", longer), "too_large"),
        ("token", TOKENS.replace("two", "€" * 1000), "protocol"),
        ("token", TOKENS.replace('"two"', "2"), "protocol"),
        ("token", TOKENS.replace('"two"', "null"), "protocol"),
        ("token", '{"access_token":"one"}', "protocol"),
        ("token", "{}", "portal"),
        ("refresh", '{"access_token":null}', "protocol"),
        ("refresh", TOKENS.replace("one", longer), "too_large"),
    ):
        got = await ask(call, body)
        assert got == reason, (call, body[:80], got)


async def test_what_is_too_much_but_not_needed_is_skipped():
    deep = "[" * 1000 + "]" * 1000
    for body in (
        IDENTITY[:-1] + ',"pad":"%s"}' % ("x" * 5000),
        IDENTITY[:-1] + ',"pad":%s}' % deep,
        IDENTITY[:-1] + ',"%s":1}' % ("k" * 300),
        IDENTITY[:-1] + ',"bytes":%s,"ratio":0.%s}' % ("9" * 400, "3" * 45),
        IDENTITY[:-1] + ',"big":1e400,"small":-1e-400,"huge":-1%s}' % ("0" * 30),
        '{"id":1,"id":"no","project":7,"status":[],' + IDENTITY[1:],
        "\ufeff\r\n" + IDENTITY + "\r\n",
    ):
        answer = await ask("identity", body)
        assert (answer.id, answer.paused, answer.project) == (ID, False, "Testbed"), body[:90]
    answer = await ask("identity", IDENTITY.replace("Testbed", "ü" * 300))
    assert answer.project == "ü" * 128
    answer = await ask("identity", IDENTITY.replace('"online"', "1e400").replace('"Testbed"', deep))
    assert (answer.id, answer.paused, answer.project) == (ID, None, None)


async def test_numbers_of_seconds():
    for number, interval_s, code_s, token_s in (
        ("7", 7, 7, 7),
        ("7.9", 7, 7, 7),
        ("1e400", 60, 3600, 1 << 24),
        ("1" + "0" * 30, 60, 3600, 1 << 24),
        ("9" * 50, 5, 120, 28800),
        ("-1", 5, 120, 28800),
        ("-1e400", 5, 120, 28800),
        ("0", 5, 120, 28800),
        ("null", 5, 120, 28800),
        ("true", 5, 120, 28800),
        ('"7"', 5, 120, 28800),
        ("[7]", 5, 120, 28800),
    ):
        code = await ask("code", CODE.replace(":5,", ":%s," % number).replace("120", number))
        assert (code.interval_s, code.expires_in_s) == (interval_s, code_s), number
        pair = await ask("refresh", TOKENS.replace("28800", number))
        assert pair.expires_in_s == token_s, number


async def test_a_link_that_can_not_be_shown_is_left_out():
    for link, short, complete in (
        ("https://next.frame.io/pair", True, True),
        ("https://next.frame.io/" + "x" * 100, False, True),
        ("https://next.frame.io/" + "x" * 3000, False, False),
        ("https://next.frame.io/a b", False, False),
    ):
        for name, is_shown in (
            ("verification_uri", short),
            ("verification_uri_complete", complete),
        ):
            code = await ask("code", CODE[:-1] + ',"%s":"%s"}' % (name, link))
            assert code.user_code == "123456"
            assert getattr(code, name) == (link if is_shown else None), (name, link)


async def test_a_refresh_without_a_new_refresh_token_keeps_the_old_one():
    for body in ('{"access_token":"new"}', '{"access_token":"new","refresh_token":null}'):
        pair = await ask("refresh", body)
        assert (pair.access_token, pair.refresh_token) == ("new", OLD)
    assert (await ask("refresh", TOKENS)).refresh_token == "two"


async def test_a_content_coding_that_was_not_asked_for():
    packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03"
    for coding in (b"gzip", b"br", b"identity, gzip", b"x" * 100):
        head = b"Content-Encoding: " + coding + b"\r\n"
        assert await ask("identity", packed, head) == "protocol"
        # What the status says counts more.
        assert await ask("identity", packed, head, 503) == "server_error"
        assert await ask("identity", packed, head, 401) == "http_error"
    for coding in (b"identity", b"Identity", b""):
        head = b"Content-Encoding: " + coding + b"\r\n"
        assert (await ask("identity", IDENTITY, head)).id == ID
        assert await ask("identity", "<html>", head) == "portal"
