"""The files that a configuration consists of, on a littlefs: config.json, roots, model_secret."""

import gc
import json
import os
import sys

from firmware import parts
from firmware.config import ConfigError, load, settings
from tests.simulation import flash as flash_chip
from tests.support.expect import raises

HEAP = "512k"  # a file that is read as a whole does not fit
SECRET = "s3cr3t"
FRAMEIO = {"url": "https://localhost", "client_version": "1.2.3", "access_token": SECRET}
GOOD = {"board": "host", "frameio": FRAMEIO}
HERE = os.getcwd() + "/"
sys.path.append(flash_chip.PLACE)


def on_flash(**files):
    """An empty flash with these files, to work on."""
    os.chdir("/")
    flash_chip.mount(flash_chip.formatted())
    os.chdir(flash_chip.PLACE)
    for name, data in files.items():
        with open(name, "wb") as file:
            file.write(data)


def refusal(path="config.json"):
    """The sentence about the configuration: one line, without a secret."""
    with raises(ConfigError) as caught:
        settings(load(path), path)
    text = str(caught.error)
    assert SECRET not in text and "\n" not in text
    return text


def configured(data):
    """The sentence about these bytes as config.json."""
    on_flash()
    with open("config.json", "wb") as file:
        file.write(data if isinstance(data, bytes) else json.dumps(data).encode())
    return refusal()


def test_a_file_that_is_no_configuration():
    on_flash()
    assert refusal() == "config.json is missing: it names the board and how to reach Frame.io"
    os.mkdir("config.json")
    assert refusal().startswith("config.json is a folder")
    assert refusal("a\u202e\nb").startswith("a\\u202e\\u000ab is missing")
    invalid = "config.json is not valid JSON, line "
    assert configured(b"") == invalid + "1: the file ends too early, or is empty"
    assert configured(b'{"board": "host",\n// x\n"light": true}') == (
        invalid + "2: JSON has no comments"
    )
    assert configured(b'{\n"board": "host"\n"light": true}').startswith(invalid + "3: a comma")
    for data in (b"[]", b"7", b'"x"', b"null"):
        assert configured(data) == "config.json must hold one JSON object"


def test_a_file_of_any_size():
    for size in (8193, 12_000):
        assert configured(b" " * size) == "config.json is longer than 8192 bytes"
    data = json.dumps(GOOD).encode()
    on_flash(**{"config.json": data + b" " * (8192 - len(data))})
    assert load("config.json")["board"] == "host"
    assert configured(b'{"light": ' + b"[" * 8000).endswith("more than 8 { and [ in each other")
    number = b', "brightness": %s}' % (b"9" * 7000)
    assert "brightness is 999" in configured(json.dumps(GOOD)[:-1].encode() + number)


def with_ca(ca, **files):
    """The sentence about these roots; "" if there is none."""
    values = dict(GOOD, frameio=dict(FRAMEIO, ca=ca))
    on_flash(**files)
    with open("config.json", "w") as file:
        file.write(json.dumps(values))
    values = load("config.json")
    try:
        made = settings(values, "config.json")
    except ConfigError as error:
        text = str(error)
        assert text.startswith("config.json: frameio.ca: the file ") and "\n" not in text
        return text[34:]
    assert len(made.trust_roots) == (1 if isinstance(ca, str) else len(ca))
    return ""


def test_roots():
    with open(HERE + "tests/micropython/root.der", "rb") as file:
        root = file.read()
    assert with_ca("a", a=root) == with_ca(["a", "b"], a=root, b=root) == ""
    assert with_ca("a") == '"a" can\'t be read'
    assert with_ca(["a", "b\u2028"], a=root) == '"b\\u2028" can\'t be read'
    assert with_ca(flash_chip.PLACE) == '"%s" is a folder' % flash_chip.PLACE
    assert with_ca("a", a=b"") == '"a" is empty'
    pem = b"-----BEGIN CERTIFICATE-----\nMIIB"
    for data in (pem, b"# a bundle\n" + pem * 500, b"\xef\xbb\xbf" + pem):
        assert with_ca("a", a=data) == '"a" is PEM; it must be DER (openssl x509 -outform der)'
    unusable = '"a" is not a usable DER certificate, or has more than one'
    for data in (
        b"0",
        b"x",
        b"\x30\xff",
        b"\x30\x82",
        root[:-1],
        root + b"\n",
        root * 2,
        b"\x31\x00",
    ):
        assert with_ca("a", a=data) == unusable, data
    assert with_ca(["a"] * 60, a=root) == '"a" makes it more than 16384 bytes of roots'


def test_a_root_larger_than_the_memory():
    gc.collect()
    assert gc.mem_free() < 600_000
    on_flash()
    values = {"frameio.ca": "/dev/zero", "frameio.client_secret": None, "frameio.client_id": None}
    values.update({"frameio.url": "https://a", "frameio.client_version": "1.2.3"})
    values["frameio.access_token"] = SECRET
    with raises(ConfigError) as caught:
        settings(values, "config.json")
    assert str(caught.error).endswith('"/dev/zero" is longer than 4096 bytes')
    assert configured(b" " * 8193) and refusal("/dev/zero").endswith("is longer than 8192 bytes")


def test_roots_are_not_read_for_plain_http():
    for url in ("http://localhost", "HTTP://[::1]:8080"):
        values = dict(GOOD, frameio=dict(FRAMEIO, url=url, ca="missing.der"))
        on_flash(**{"config.json": json.dumps(values).encode()})
        assert settings(load("config.json"), "config.json").trust_roots == ()


def with_module(source):
    """The sentence about this module `model_secret`, or the secret."""
    frameio = {"client_version": "1.2.3"}
    on_flash(
        **{
            "config.json": json.dumps(dict(GOOD, frameio=frameio)).encode(),
            "model_secret.py": source.encode(),
        }
    )
    sys.modules.pop("model_secret", None)
    try:
        return settings(load("config.json"), "config.json").client_secret
    except ConfigError as error:
        text = str(error)
        assert SECRET not in text and "\n" not in text
        return text
    finally:
        sys.modules.pop("model_secret", None)


def test_the_vendor_s_module():
    assert with_module("CLIENT_SECRET = 'good'") == "good"
    for source, name in (
        ("raise ValueError('s3cr3t')", "ValueError"),
        ("int('s3cr3t')", "ValueError"),
        ("{}['s3cr3t']", "KeyError"),
        ("s3cr3t", "NameError"),
        ("import s3cr3t", "ImportError"),
        ("import sys\nsys.exit('s3cr3t')", "SystemExit"),
        ("CLIENT_SECRET = 's3cr3t", "SyntaxError"),
        ("import asyncio\nraise asyncio.CancelledError('s3cr3t')", "CancelledError"),
        ("raise BaseException('s3cr3t')", "BaseException"),
        ("def s3cr3t(): s3cr3t()\ns3cr3t()", "RuntimeError"),
        ("bytearray(1 << 30)", "MemoryError"),
        ("def __getattr__(name): raise KeyError('s3cr3t')", "KeyError"),
    ):
        words = "the module model_secret can't be imported: %s" % name
        assert with_module(source) == words, source
    text = "CLIENT_SECRET of the module model_secret "
    assert with_module("CLIENT_SECRET = b's3cr3t'") == text + "must be text (str)"
    assert with_module("CLIENT_SECRET = ['s3cr3t']") == text + "must be text (str)"
    assert with_module("CLIENT_SECRET = 's3cr3t x'").startswith(text + "is empty, is longer")
    none = "the module model_secret has no CLIENT_SECRET"
    assert with_module("") == with_module("CLIENT_SECRET = None") == none
    with raises(KeyboardInterrupt):
        with_module("raise KeyboardInterrupt")


def test_a_board_reaches_no_ipv6_address():
    """Its look-ups give IPv4 addresses only."""
    import firmware.config as module

    class System:
        platform = "esp32"

    values = dict(GOOD, frameio=dict(FRAMEIO, url="https://[2001:db8::1]"))
    on_flash(**{"config.json": json.dumps(values).encode()})
    assert settings(load("config.json"), "config.json").host == "2001:db8::1"
    kept = module.sys
    module.sys = System
    assert "IPv6 address, which MicroPython can't reach" in refusal()
    module.sys = kept


def test_what_reads_the_configuration_is_unloaded():
    on_flash(**{"config.json": json.dumps(GOOD).encode()})
    values, made = parts.configure(None)
    assert values["board"] == "host" and made.access_token == SECRET
    for name in ("firmware.config", "firmware.strict_json", "pilotlight.settings"):
        assert name not in sys.modules
