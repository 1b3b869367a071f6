"""The mock's storage: addresses for parts, PUTs, hashes of what has arrived, and what goes wrong."""

import hashlib
import http.client
import itertools
import ssl
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.host.test_mock_assets import upload
from tools.mock_frameio.tls import STORAGE, ca_der_path
from tools.mock_frameio.tokens import MARK
from tools.mock_frameio.uploads import Uploads
from tools.rig import Mock, Rig

SIGNED = {"Content-Type": "video/mp4", "x-amz-acl": "private"}
FIELDS = {"name": "A001.mp4", "filetype": "video/mp4", "parts": None}
BODY = bytes(range(256)) * 40  # 10,240 bytes


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mock]:
    """One mock for all tests here."""
    rig = Rig(tmp_path_factory.mktemp("storage"))
    yield rig.mock()
    rig.close()


@pytest.fixture(autouse=True)
def _no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "mock" in request.fixturenames:
        request.getfixturevalue("mock").control("clear")


def addresses(mock: Mock, size_bytes: int = len(BODY), **fields: Any) -> list[str]:
    """The addresses for a new asset."""
    status, body = upload(mock, filesize=size_bytes, **fields)
    assert status == 200
    return [str(url) for url in body["upload_urls"]]


def put(
    url: str,
    body: bytes,
    fields: Mapping[str, str] = SIGNED,
    context: ssl.SSLContext | None = None,
) -> tuple[int, bytes]:
    """(status, text) of a PUT."""
    parts = urlsplit(url)
    host, port = str(parts.hostname), parts.port
    if parts.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=60, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=60)
    try:
        connection.request("PUT", f"{parts.path}?{parts.query}", body, dict(fields))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def last(mock: Mock) -> Any:
    """What the control API says of the newest asset."""
    return mock.uploads()[-1]


def sha256(data: bytes) -> str:
    """In hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def test_how_a_file_is_divided() -> None:
    uploads = Uploads(lambda: 0)
    for size, wanted, sizes in (
        (21_136_250, None, [10_568_125, 10_568_125]),  # of Frame.io's guide
        (1, None, [1]),
        (16 << 20, None, [16 << 20]),
        (10, 3, [4, 4, 2]),
        (3, 10, [1, 1, 1]),
        (10, 6, [2, 2, 2, 2, 2]),
    ):
        asset, urls = uploads.create({**FIELDS, "filesize": size, "parts": wanted})
        assert [part.size_bytes for part in asset.parts] == sizes
        offsets = [0, *itertools.accumulate(sizes)][:-1]
        assert [part.offset for part in asset.parts] == offsets
        assert len(urls) == len(set(urls)) == len(sizes)


def test_addresses_live_for_a_day_and_old_assets_are_forgotten() -> None:
    times_s = [0.0]
    uploads = Uploads(lambda: times_s[0])
    first, _ = uploads.create({**FIELDS, "filesize": 1})
    assert not uploads.has_expired(first)
    times_s[0] = 24 * 3600
    assert uploads.has_expired(first)
    for _ in range(20):
        uploads.create({**FIELDS, "filesize": 1})
    assert uploads.find(first.id, 1) is None and len(uploads.facts()) == 20


def test_what_arrives_is_told_by_its_hash(mock: Mock) -> None:
    urls = addresses(mock, parts=3)
    assert len(urls) == 3 and all(MARK in url and len(url) > 400 for url in urls)
    size = -(-len(BODY) // 3)
    bodies = [BODY[at : at + size] for at in range(0, len(BODY), size)]
    for number in (2, 0, 1):
        assert last(mock)["sha256"] == ""
        assert put(urls[number], bodies[number])[0] == 200
    facts = last(mock)
    assert facts["sha256"] == sha256(BODY) and facts["taken_bytes"] == len(BODY)
    assert [part["sha256"] for part in facts["parts"]] == [sha256(body) for body in bodies]
    other = bytes(len(bodies[0]))
    assert put(urls[0], other)[0] == 200
    assert last(mock)["sha256"] == sha256(other + BODY[size:])
    assert [part["tries"] for part in last(mock)["parts"]] == [2, 1, 1]
    assert MARK not in str(mock.records())


def test_what_is_no_upload(mock: Mock) -> None:
    for wrong in (
        {"filesize": 0},
        {"filesize": 1 << 50},
        {"filesize": "1"},
        {"parts": 0},
        {"parts": 10_001},
        {"parts": True},
        {"channel": -1},
        {"name": ""},
        {"filetype": ""},
        {"offset": None},
    ):
        assert upload(mock, **wrong)[0] == 400, wrong
    assert upload(mock, channel=2)[0] == 200


def test_what_is_no_part(mock: Mock) -> None:
    (url,) = addresses(mock)
    for told, fields, body, status, code in (
        (url.replace("/1?", "/2?"), SIGNED, BODY, 404, b"NoSuchUpload"),
        (url.replace("/1?", "/x?"), SIGNED, BODY, 404, b"NoSuchUpload"),
        (url.replace(MARK, ""), SIGNED, BODY, 403, b"SignatureDoesNotMatch"),
        (url, {**SIGNED, "Content-Type": "image/png"}, BODY, 403, b"SignatureDoesNotMatch"),
        (url, {"Content-Type": "video/mp4"}, BODY, 403, b"SignatureDoesNotMatch"),
        (url, SIGNED, BODY[1:], 400, b"InvalidArgument"),
    ):
        answer = put(told, body, fields)
        assert answer[0] == status and b"<Code>%s</Code>" % code in answer[1], (told, answer)
    chunked = {**SIGNED, "Transfer-Encoding": "chunked"}
    assert put(url, b"5\r\nabcde\r\n0\r\n\r\n", chunked)[0] == 501
    assert last(mock)["taken_bytes"] == 0


@pytest.mark.parametrize("after", [0, 5_000])
@pytest.mark.parametrize(
    ("what", "status", "text"),
    [
        ("expired", 403, b"<Code>AccessDenied</Code><Message>Request has expired</Message>"),
        ("refused", 403, b"<Code>AccessDenied</Code><Message>Access Denied</Message>"),
        ("busy", 503, b"<Code>SlowDown</Code>"),
        ("failed", 500, b"<Code>InternalError</Code>"),
        ("moved", 307, b"<Code>TemporaryRedirect</Code>"),
    ],
)
def test_a_refusal(mock: Mock, what: str, status: int, text: bytes, after: int) -> None:
    (url,) = addresses(mock)
    mock.control("storage", what=what, after_bytes=after, times=1)
    answer = put(url, BODY)
    assert answer[0] == status and text in answer[1]
    assert put(url, BODY)[0] == 200
    assert last(mock)["sha256"] == sha256(BODY)


def test_addresses_that_have_expired(mock: Mock) -> None:
    (old,) = addresses(mock)
    mock.control("expire_uploads")
    (new,) = addresses(mock)
    assert b"Request has expired" in put(old, BODY)[1]
    assert put(new, BODY)[0] == 200


def test_a_cut_in_the_middle_and_a_stall(mock: Mock) -> None:
    (url,) = addresses(mock)
    mock.control("storage", what="reset", after_bytes=5_000, times=1)
    with pytest.raises(ConnectionError):
        put(url, BODY)
    mock.control("storage", what="stall", after_bytes=5_000, times=1)
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    connection.request("PUT", f"{parts.path}?{parts.query}", BODY, SIGNED)
    mock.wait(lambda mock: last(mock)["parts"][0]["tries"] == 2)
    mock.control("clear")  # then the stalled connection ends
    with pytest.raises(ConnectionError):
        connection.getresponse()
    connection.close()
    assert put(url, BODY)[0] == 200
    assert [record["status"] for record in mock.records(kind="part", name="A001.mp4")][-3:] == [
        0,
        0,
        200,
    ]


def test_a_slow_storage(mock: Mock) -> None:
    body = BODY * 20
    (url,) = addresses(mock, len(body))
    mock.control("storage_rate", bytes_per_s=400_000)
    begun = time.monotonic()
    assert put(url, body)[0] == 200
    assert time.monotonic() - begun > 0.4
    assert last(mock)["sha256"] == sha256(body)


def test_its_certificate_is_another_authority_s_for_another_name(rig: Rig) -> None:
    mock = rig.mock(tls=True)
    folder: Path = mock.ca.parent
    urls = [str(url) for url in mock.new_asset(filesize=len(BODY))["upload_urls"]]
    assert urls[0].startswith("https://127.0.0.1:") and "localhost" in mock.url
    context = ssl.create_default_context(cafile=str(folder / f"{STORAGE}ca.pem"))
    assert put(urls[0], BODY, context=context)[0] == 200
    assert last(mock)["sha256"] == sha256(BODY)
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        put(urls[0], BODY, context=ssl.create_default_context(cafile=str(folder / "ca.pem")))
    with pytest.raises(ssl.SSLCertVerificationError, match=r"(?i)mismatch"):
        put(urls[0].replace("127.0.0.1", "localhost"), BODY, context=context)
    assert ca_der_path(folder, STORAGE).read_bytes() != mock.ca.read_bytes()
