"""Settings and configuration: what is accepted, and errors that say what to change."""

import sys

from firmware.config import ConfigError, check, nearest
from firmware.config import settings as config_settings
from pilotlight.net.http_message import percent_encode
from pilotlight.settings import Settings, SettingsError, is_semver
from tests.support.expect import raises

SECRET = "s3cr3t-t0ken"
GOOD = {"board": "host", "frameio": {"client_version": "1.2.3", "access_token": SECRET}}


def settings(url="https://api.frame.io", version="1.2.3", token=SECRET):
    return Settings(url, version, access_token=token)


def test_urls():
    assert (settings().scheme, settings().host, settings().port, settings().host_field) == (
        "https",
        "api.frame.io",
        443,
        "api.frame.io",
    )
    got = settings("https://localhost:8443/")
    assert (got.host, got.port, got.host_field) == ("localhost", 8443, "localhost:8443")
    assert settings("http://127.0.0.1:80").host_field == "127.0.0.1"
    assert settings("http://[::1]:8080").port == 8080
    for url in (
        "api.frame.io",
        "ftp://api.frame.io",
        "https://",
        "https://:443",
        "https://a b",
        "https://host:0",
        "https://host:65536",
        "https://host:port",
        "https://host/path",
        "https://host?x=" + SECRET,
        "https://user:" + SECRET + "@host",
        "http://api.frame.io",
        "http://127.0.0.1.evil.example",
        "http://192.168.0.1",
    ):
        with raises(SettingsError) as caught:
            settings(url)
        assert SECRET not in str(caught.error)


def test_every_form_of_a_host():
    for url, host, field in (
        ("HTTPS://API.Frame.IO", "api.frame.io", "api.frame.io"),
        ("https://api.frame.io.", "api.frame.io", "api.frame.io"),
        ("https://API.frame.io.:0443/", "api.frame.io", "api.frame.io"),
        ("https://[::1]", "::1", "[::1]"),
        ("https://[2001:DB8::1]:8443", "2001:db8::1", "[2001:db8::1]:8443"),
        ("https://[1:2:3:4:5:6:7:8]/", "1:2:3:4:5:6:7:8", "[1:2:3:4:5:6:7:8]"),
        ("https://[::ffff:192.0.2.1]", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]"),
        ("https://192.0.2.1:65535", "192.0.2.1", "192.0.2.1:65535"),
        ("https://xn--mller-kva.de", "xn--mller-kva.de", "xn--mller-kva.de"),
        ("https://3com", "3com", "3com"),
        ("https://a_b.c-d", "a_b.c-d", "a_b.c-d"),
        ("https://" + ("a" * 63 + ".") * 3 + "b" * 61, None, None),
        ("HTTP://LocalHost.:80", "localhost", "localhost"),
        ("http://[::1]", "::1", "[::1]"),
    ):
        got = settings(url)
        assert host is None or (got.host, got.host_field) == (host, field), url
    pairs = "1:2:3:4:5:6:7"
    words = "url has brackets that are not around an IPv6 address"
    for literal in (
        "",
        ":",
        ":::",
        "1",
        "::g",
        "::12345",
        pairs,
        pairs + ":8:9",
        pairs + "::8",
        "1::2::3",
        "1:",
        ":1",
        "::1.2.3",
        "1.2.3.4",
        "1.2.3.4::",
        "::1.2.3.256",
        pairs + ":1.2.3.4",
        "fe80::1%25eth0",
        "fe80::1%1",
        "v1.a",
        "a.b",
        "::1]]",
        "::1][",
        "[::1]",
    ):
        assert refusal("https://[%s]" % literal) == words, literal
    assert refusal("https://[::1]x") == refusal("https://[::1") == words
    words = "url has no host, or one that is neither a name nor an address"
    for host in (
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a b",
        " a",
        "a ",
        "a\0b",
        "a\n",
        "a\tb",
        "a\x7f",
        "a,b",
        "a;b",
        "a%20b",
        "{a}",
        "*.frame.io",
        'a"b',
        "-a.b",
        "a-.b",
        "1",
        "127.1",
        "1.2.3.4.5",
        "256.1.1.1",
        "01.2.3.4",
        "0x7f.0.0.1",
        "a.0x1",
        "a.1",
        "a" * 64,
        ("a" * 63 + ".") * 3 + "b" * 62,
    ):
        assert refusal("https://%s" % host) == words, host
    words = "url has letters that are not ASCII: write the host's xn-- form"
    for host in ("müller.de", "例え", "a\u3002b", "a\u202e", "a\xa0"):
        assert refusal("https://" + host) == words
    words = "url has a port that is no number from 1 to 65535"
    for port in ("", "0", "00", "65536", "+1", "-1", "1 ", "1\n", "0x50", "8e1", "9" * 5000):
        assert refusal("https://a:" + port) == refusal("https://[::1]:" + port) == words, port
    words = "url has more than one port, or an IPv6 address without brackets"
    assert refusal("https://::1") == refusal("https://a:1:2") == words
    words = "url must be scheme, host and port only, such as https://api.frame.io"
    for rest in ("a//", "a/v2", "/a", "a?", "a#", "@a", "u@a", "u:p@a:1", "a\\b", "[::1]/x"):
        assert refusal("https://" + rest) == words, rest
    for url in ("", "a", "https:a", "https:/a", "//a", " https://a", "ws://a", None, b"https://a"):
        assert refusal(url) in ("url must begin with https://", "url must be text"), url
    for host in ("127.0.0.2", "127.0.0.1.a", "localhost.a", "[::2]", "[::ffff:127.0.0.1]", "a"):
        assert "plain http" in refusal("http://" + host)


def refusal(url):
    with raises(SettingsError) as caught:
        settings(url)
    return str(caught.error)


def test_settings_of_a_wrong_type_or_size():
    for field in ("client_secret", "client_id", "access_token"):
        for value in (b"x", 5, ["x"], "x" * 2049, "x\0", "x\u202e"):
            given = {"access_token": "t", field: value}
            if field == "client_secret":
                del given["access_token"]
            with raises(SettingsError) as caught:
                Settings("https://a", "1.2.3", **given)
            assert str(caught.error).startswith(field + " is empty, is longer than 2048")
    assert settings(token="x" * 2048).access_token
    for version in (None, b"1.2.3", 1.2, "1.2.3-" + "a" * 251):
        with raises(SettingsError):
            settings(version=version)
    for roots in (b"0", "0", None, 5):
        with raises(SettingsError):
            Settings("https://a", "1.2.3", roots, access_token="t")


def test_versions():
    for good in ("0.0.0", "1.2.3", "10.20.30", "1.0.0-rc.1", "1.0.0+build-7", "1.0.0-a+b"):
        assert is_semver(good), good
    for bad in (
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "v1.2.3",
        "01.2.3",
        "1.2.x",
        "1.2.3-",
        "1.2.3 ",
        "1.2.3-ä",
    ):
        assert not is_semver(bad), bad
    with raises(SettingsError):
        settings(version="1.2")


def test_tokens_that_no_header_could_carry():
    for bad in ("", SECRET + " ", SECRET + "\r\nX: y", SECRET + "ä"):
        with raises(SettingsError) as caught:
            settings(token=bad)
        assert SECRET not in str(caught.error)


def test_a_good_configuration_gets_its_defaults():
    values = check(GOOD)
    assert values["frameio.url"] == "https://api.frame.io"
    assert values["light"] is True and values["screen"] == "128x64" and values["brightness"] == 100
    assert (
        check(
            {"board": "esp32_devkit", "screen": "none", "brightness": 0, "frameio": GOOD["frameio"]}
        )["screen"]
        == "none"
    )
    assert (
        values["console"] is None
        and values["state_dir"] == "state"
        and values["frameio.ca"] is None
    )


def wrong(**changes):
    given = {"board": "host", "frameio": dict(GOOD["frameio"])}
    given.update(changes)
    with raises(ConfigError) as caught:
        check(given)
    assert SECRET not in str(caught.error)
    return str(caught.error)


def test_errors_name_the_key_its_value_and_what_is_allowed():
    allowed = "it must be the name of a file in firmware/boards, such as esp32_devkit"
    for board, shown in (
        ("", '""'),
        (5, "5"),
        ("../host", '"../host"'),
        ("a board", '"a board"'),
        ("Host", '"Host"'),
    ):
        assert wrong(board=board) == "board is %s; %s" % (shown, allowed)
    for percent, shown in (
        (-1, "-1"),
        (101, "101"),
        ("50", '"50"'),
        (True, "true"),
        (1.5, "1.5"),
        (None, "null"),
    ):
        assert (
            wrong(brightness=percent)
            == "brightness is %s; it must be a whole number from 0 to 100" % shown
        )
    for screen in ("64", "", "128x64, 128x32", "one of: none"):
        assert (
            wrong(screen=screen)
            == 'screen is "%s"; it must be one of: none, 128x64, 128x32' % screen
        )
    assert wrong(light=1) == "light is 1; it must be true or false"
    assert wrong(console="yes") == 'console is "yes"; it must be true or false'
    assert wrong(state_dir="") == 'state_dir is ""; it must be text that is not empty'
    version = {"client_version": "1.2", "access_token": SECRET}
    assert (
        wrong(frameio=version)
        == 'frameio.client_version is "1.2"; it must be a semantic version, such as 1.2.3'
    )
    assert (
        wrong(frameio={})
        == "frameio.client_version is missing; it must be a semantic version, such as 1.2.3"
    )
    assert (
        wrong(framio={"access_token": SECRET})
        == "unknown key framio; the nearest known one is frameio"
    )


def test_a_value_is_told_in_few_letters():
    assert wrong(light="x" * 5000) == 'light is "%s...; it must be true or false' % ("x" * 47)
    assert wrong(
        ntp=["x" * 5000, 1]
    ) == 'ntp is ["%s...; it must be a host name or a list of host names' % ("x" * 46)
    assert (
        wrong(ntp={"password": SECRET})
        == "ntp is an object; it must be a host name or a list of host names"
    )
    assert wrong(**{"x" * 200: 1}) == "unknown key %s; the nearest known one is board" % ("x" * 48)


def test_no_value_of_a_secret_is_told():
    for key in ("access_token", "client_secret"):
        for value in (7, [SECRET], {"x": SECRET}, ""):
            text = wrong(frameio={"client_version": "1.2.3", key: value})
            assert text == "frameio.%s must be text that is not empty" % key
    assert wrong(frameio=SECRET) == "frameio must be an object"
    assert (
        wrong(wifi=SECRET)
        == "wifi must be an object, or a list of objects, with ssid, password and hidden"
    )
    assert wrong(acces_token=SECRET) == "unknown key acces_token; the nearest known one is screen"


def test_settings_name_the_url_unless_a_password_may_be_in_it():
    def refused(url):
        values = check(
            {
                "board": "host",
                "frameio": {"url": url, "client_version": "1.2.3", "access_token": "x"},
            }
        )
        with raises(ConfigError) as caught:
            config_settings(values, "c.json")
        return str(caught.error)

    assert refused("ftp://x") == 'c.json: frameio.url must begin with https://; it is "ftp://x"'
    for rest in ("u:%s", "h#%s", "h/%s", "h;t=%s", "u:%s@h", "[%s@h]", "h:1/%s"):
        for begin in ("https://", "ftp://", ""):
            assert SECRET not in refused(begin + rest % SECRET)
    for url in ("https://user:" + SECRET + "@x", "https://x?key=" + SECRET):
        text = (
            "c.json: frameio.url must be scheme, host and port only, such as https://api.frame.io"
        )
        assert refused(url) == text


def test_the_secret_may_come_from_a_module_of_the_vendor_s():
    class Frozen:
        CLIENT_SECRET = "frozen"

    def client_secret(**frameio):
        return config_settings(
            check({"board": "host", "frameio": dict(frameio, client_version="1.2.3")}), "c.json"
        ).client_secret

    with raises(ConfigError) as caught:
        client_secret()
    assert "client_secret (to pair the device) or access_token" in str(caught.error)
    sys.modules["model_secret"] = Frozen()
    assert client_secret() == "frozen"
    for wrong_secret, words in (
        (SECRET.encode(), " must be text (str)"),
        (7, " must be text (str)"),
        ("", " is empty, is longer than"),
        (SECRET + "\n", " is empty, is longer than"),
    ):
        Frozen.CLIENT_SECRET = wrong_secret
        with raises(ConfigError) as caught:
            client_secret()
        assert str(caught.error).startswith("CLIENT_SECRET of the module model_secret" + words)
        assert SECRET not in str(caught.error)
    del Frozen.CLIENT_SECRET
    with raises(ConfigError) as caught:
        client_secret()
    assert str(caught.error) == "the module model_secret has no CLIENT_SECRET"
    assert client_secret(client_secret=SECRET) == SECRET
    assert client_secret(access_token=SECRET) is None
    del sys.modules["model_secret"]


def test_an_error_is_one_line_of_characters_that_show():
    for key, shown in (
        ("x\ny", "x\\u000ay"),
        ("\x1b[31m", "\\u001b[31m"),
        ("\x85\x9b", "\\u0085\\u009b"),
        ("\u202eä\u2066", "\\u202eä\\u2066"),
        ("\u2028", "\\u2028"),
        ("\ufeff", "\\ufeff"),
    ):
        assert wrong(**{key: 1}).startswith("unknown key %s; the nearest known" % shown)
        assert "unknown key frameio.%s;" % shown in wrong(frameio={key: 1})
        assert "unknown key wifi.%s;" % shown in wrong(wifi={key: 1})
    assert wrong(light="\u202e") in (
        'light is "\\u202e"; it must be true or false',
        'light is "\\\\u202e"; it must be true or false',
    )
    assert wrong(screen="\u202e").count("u202e") == 1


def test_texts_hold_no_control_characters():
    for key in ("board", "state_dir", "country", "hostname", "ntp", "screen"):
        for text in ("x\0", "\n", "x\x7f", "\x1f"):
            assert (
                wrong(**{key: text}) == "%s holds a control character, which is not allowed" % key
            )
    for key in ("url", "ca", "client_id", "client_secret", "access_token"):
        given = dict(GOOD["frameio"])
        given[key] = "x\n" + SECRET
        words = "frameio.%s holds a control character, which is not allowed"
        assert wrong(frameio=given) == words % key
    assert "control character" in wrong(ntp=["a", "b\0"])


def test_a_key_is_there_once():
    words = "frameio.url is there twice, with a dot and as an object"
    given = dict(GOOD["frameio"], url="https://a")
    assert wrong(frameio=given, **{"frameio.url": "https://b"}) == words
    assert check({"board": "host", "frameio.client_version": "1.2.3"})["frameio.client_version"]


def test_boards_are_short_names():
    assert wrong(board="x" * 49).startswith('board is "xxx')
    assert check(dict(GOOD, board="x" * 48))


def test_lists_and_objects_are_not_told():
    for value in ([{"token": SECRET}], [[SECRET]], [SECRET, [1]]):
        for key in ("ntp", "light", "brightness", "screen"):
            assert "is a list of objects or lists; it must be" in wrong(**{key: value})


def test_keys_that_are_no_text_and_unknown_ones():
    with raises(ConfigError):
        check({1: 2})
    with raises(ConfigError):
        check({"board": "host", "frameio": {1: 2}})
    assert wrong(bord="host") == "unknown key bord; the nearest known one is board"
    assert (
        wrong(frameio={"acces_token": SECRET})
        == "unknown key frameio.acces_token; the nearest known one is frameio.access_token"
    )


def test_wifi():
    """One network or several; without a password an open one. No error tells the password."""
    assert check(GOOD)["wifi"] is None
    assert check(dict(GOOD, wifi={"ssid": "Set"}))["wifi"] == [
        {"ssid": "Set", "password": None, "hidden": False}
    ]
    networks = [
        {"ssid": "Ä" * 16, "password": SECRET, "hidden": True},
        {"ssid": "b", "password": ""},
    ]
    assert check(dict(GOOD, wifi=networks))["wifi"] == [
        {"ssid": "Ä" * 16, "password": SECRET, "hidden": True},
        {"ssid": "b", "password": None, "hidden": False},
    ]
    kinds = "wifi must be an object, or a list of objects, with ssid, password and hidden"
    assert wrong(wifi=SECRET) == kinds and wrong(wifi=None) == kinds
    assert wrong(wifi=[SECRET]) == "wifi[0] must be an object with ssid, password and hidden"
    for ssid in ("", "x" * 33, "Ä" * 17, 7, None):
        assert (
            wrong(wifi={"ssid": ssid, "password": SECRET})
            == "wifi.ssid must be text of 1 to 32 bytes"
        )
    for password in (SECRET[:7], SECRET * 6, [SECRET], 12345678):
        assert (
            wrong(wifi=[{"ssid": "a"}, {"ssid": "b", "password": password}])
            == "wifi[1].password must be text of 8 to 64 bytes, or left out for an open network"
        )
    for password in (0, False, [], {}):
        assert "wifi.password must be text" in wrong(wifi={"ssid": "a", "password": password})
    for text in ("a\0b" * 3, "a\n" * 5, "\x7f" * 8, "\t" * 9):
        words = "wifi.%s holds a control character, which is not allowed"
        assert wrong(wifi={"ssid": text, "password": SECRET}) == words % "ssid"
        assert wrong(wifi={"ssid": "a", "password": text}) == words % "password"
    key = (SECRET * 6)[:64]
    assert wrong(wifi={"ssid": "a", "password": key}).startswith(
        "wifi.password of 64 bytes must be"
    )
    for password in ("ü" * 32, " " + "a" * 63, "0x" + "1" * 62, "g" + "1" * 63):
        assert "64 bytes" in wrong(wifi={"ssid": "a", "password": password})
    for password in ("aF09" * 16, "ü" * 31 + "x", "ü" * 4, "x" * 63, " \"'\\$`;" * 2):
        assert check(dict(GOOD, wifi={"ssid": ' 📷"\\', "password": password}))
    assert wrong(wifi={"k" * 500: 1}) == (
        "unknown key wifi.%s; known ones are ssid, password, hidden, address, gateway and dns"
        % ("k" * 48)
    )
    assert (
        wrong(wifi={"ssid": "a", "password": SECRET, "hidden": "yes"})
        == "wifi.hidden must be true or false"
    )
    assert (
        wrong(wifi={"ssid": "a", "pass": SECRET})
        == "unknown key wifi.pass; known ones are ssid, password, hidden, address, gateway and dns"
    )


def test_country_hostname_and_time_servers():
    values = check(
        dict(GOOD, country="DE", hostname="Camera-7", ntp=["192.168.0.1", "pool.ntp.org"])
    )
    assert (values["country"], values["hostname"], values["ntp"]) == (
        "DE",
        "Camera-7",
        ["192.168.0.1", "pool.ntp.org"],
    )
    assert check(dict(GOOD, ntp="pool.ntp.org"))["ntp"] == "pool.ntp.org"
    for country in ("D", "DEU", "de", "D1", "ÄÖ", 49):
        assert wrong(country=country).endswith("; it must be two capital letters, such as DE")
    for hostname in ("", "camera 7", "-camera", "camera-", "kamera-ä", "x" * 33, 7):
        assert wrong(hostname=hostname).endswith("; it must be 1 to 32 letters, digits and hyphens")
    for ntp in (
        "",
        [],
        [""],
        [7],
        [["a"]],
        {"server": "pool.ntp.org"},
        "a b",
        "a:123",
        "http://a",
        "::1",
    ) + ("[::1]", "300.1.1.1", "x" * 254, "a..b", "ä", ["a", "b c"]):
        assert wrong(ntp=ntp).endswith("; it must be a host name or a list of host names")


def test_nearest():
    assert nearest("consol", ("board", "console", "state_dir")) == "console"
    assert nearest("x" * 1000, ("board", "console")) in ("board", "console")


def test_percent_encoding():
    assert percent_encode("ä") == "%C3%A4"
    assert percent_encode("@[`{/:\x7f\x80AZaz09") == "%40%5B%60%7B%2F%3A%7F%C2%80AZaz09"


# address, gateway, dns → the sentence, but for the network's name
FIXED_WRONG = (
    ("192.168.1.20", "192.168.1.1", None, ".address must be an IPv4 address and a prefix"),
    ("192.168.1/24", "192.168.1.1", None, ".address must be an IPv4 address and a prefix"),
    ("192.168.1.256/24", "192.168.1.1", None, ".address must be an IPv4 address and a prefix"),
    ("192.168.1.020/24", "192.168.1.1", None, ".address must be an IPv4 address and a prefix"),
    ("192.168.1.20/x", "192.168.1.1", None, ".address must be an IPv4 address and a prefix"),
    ("192.168.1.20/", "192.168.1.1", None, ".address must be an IPv4 address and a prefix"),
    ("127.0.0.2/8", "127.0.0.1", None, ".address must be an IPv4 address and a prefix"),
    ("239.0.0.2/8", "239.0.0.1", None, ".address must be an IPv4 address and a prefix"),
    ("fe80::1/64", "fe80::2", None, ".address must be an IPv4 address and a prefix"),
    (" 10.0.0.2/8", "10.0.0.1", None, ".address must be an IPv4 address and a prefix"),
    ("10.0.0.2/0", "10.0.0.1", None, ".address must have a prefix from 1 to 30"),
    ("10.0.0.2/31", "10.0.0.1", None, ".address must have a prefix from 1 to 30"),
    ("10.0.0.2/2400", "10.0.0.1", None, ".address must have a prefix from 1 to 30"),
    ("10.0.0.0/8", "10.0.0.1", None, ".address is the network's own address"),
    ("10.255.255.255/8", "10.0.0.1", None, ".address is the network's broadcast address"),
    ("10.0.0.6/30", None, None, ".gateway is missing"),
    ("10.0.0.6/30", "10.0.0", None, ".gateway must be an IPv4 address, such as"),
    ("10.0.0.6/30", "10.0.0.5/30", None, ".gateway must be an IPv4 address, such as"),
    ("10.0.0.6/30", "10.0.0.1", None, ".gateway is outside of the network of"),
    ("192.168.1.20/24", "192.168.2.1", None, ".gateway is outside of the network of"),
    ("10.0.0.6/30", "10.0.0.4", None, ".gateway is the network's own address"),
    ("10.0.0.6/30", "10.0.0.7", None, ".gateway is the network's broadcast address"),
    ("10.0.0.6/30", "10.0.0.6", None, ".gateway is the same as"),
    ("10.0.0.6/30", "10.0.0.5", "dns.example", ".dns must be an IPv4 address, such as"),
    (None, "10.0.0.5", None, ".gateway needs"),
    (None, None, "10.0.0.5", ".dns needs"),
)


def fixed(address, gateway, dns):
    given = {"address": address, "gateway": gateway, "dns": dns}
    return {key: given[key] for key in given if given[key] is not None}


def test_fixed_addresses():
    """One sentence for each mistake, of Wi-Fi and of Ethernet; and all that is right."""
    for address, gateway, dns, sentence in FIXED_WRONG:
        given = fixed(address, gateway, dns)
        assert wrong(wifi=[dict(given, ssid="a")]).startswith("wifi[0]" + sentence), given
        assert wrong(ethernet=given).startswith("ethernet" + sentence), given
    assert wrong(wifi={"ssid": "a", "address": 7}).startswith("wifi.address must be an IPv4")
    assert (
        wrong(ethernet={"address": 7}) == "ethernet.address is 7; it must be text that is not empty"
    )
    assert "the nearest known one is ethernet.gateway" in wrong(ethernet={"gatewy": "10.0.0.1"})
    for address, gateway, dns in (
        ("192.168.1.20/24", "192.168.1.1", "8.8.8.8"),
        ("10.0.0.6/30", "10.0.0.5", None),
        ("172.16.0.0/1", "223.1.1.1", None),
        ("192.168.0.255/23", "192.168.1.0", "192.168.1.1"),
    ):
        known = {"address": address, "gateway": gateway, "dns": dns or gateway}
        values = check(dict(GOOD, wifi={"ssid": "a"}, ethernet=fixed(address, gateway, dns)))
        assert {key: values["ethernet." + key] for key in known} == known
        values = check(dict(GOOD, wifi=dict(fixed(address, gateway, dns), ssid="a")))
        assert values["wifi"] == [dict(known, ssid="a", password=None, hidden=False)]
        assert values["ethernet.address"] is None
