"""Settings and configuration: what is accepted, and errors that say what to change."""

import sys

from firmware.config import ConfigError, check, nearest
from firmware.config import settings as config_settings
from pilotlight.net.url_encoding import percent_encode
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
    assert client_secret(client_secret=SECRET) == SECRET
    assert client_secret(access_token=SECRET) is None
    del sys.modules["model_secret"]


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
    assert (
        wrong(wifi={"ssid": "a", "password": SECRET, "hidden": "yes"})
        == "wifi.hidden must be true or false"
    )
    assert (
        wrong(wifi={"ssid": "a", "pass": SECRET})
        == "unknown key wifi.pass; known ones are ssid, password and hidden"
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
    for ntp in ("", [], [""], [7], {"server": "pool.ntp.org"}):
        assert wrong(ntp=ntp).endswith("; it must be a host name or a list of host names")


def test_nearest():
    assert nearest("consol", ("board", "console", "state_dir")) == "console"
    assert nearest("x" * 1000, ("board", "console")) in ("board", "console")


def test_percent_encoding():
    assert percent_encode("ä") == "%C3%A4"
    assert percent_encode("@[`{/:\x7f\x80AZaz09") == "%40%5B%60%7B%2F%3A%7F%C2%80AZaz09"
