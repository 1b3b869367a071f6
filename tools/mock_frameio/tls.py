"""TLS for the mock: CAs by trustme, kept between runs so that a device needs it only once."""

import datetime
import ssl
from pathlib import Path

import trustme

_LONG_AGO = datetime.datetime(2019, 1, 1, tzinfo=datetime.timezone.utc)
_YEAR = datetime.timedelta(days=365)
DEFAULT_FOLDER = Path(".mock_frameio")
_NAME = "localhost"  # and no address: so a device can be seen to check the name


STORAGE = "storage-"  # the storage's own CA has the same files with this before their names


def ca_der_path(folder: Path, prefix: str = "") -> Path:
    """Where the CA's certificate lies, in DER: what the device's `frameio.ca` names."""
    return folder / f"{prefix}ca.der"


def server_context(folder: Path, host: str = "") -> ssl.SSLContext:
    """A server context for localhost, and a host or address, with a new leaf of the folder's CA.

    Makes the CA if there is none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _authority(folder).issue_cert(_NAME, *([host] if host else [])).configure_cert(context)
    return context


def storage_context(folder: Path, host: str) -> ssl.SSLContext:
    """A server context for the storage's host or address alone, with a leaf of another CA."""
    folder.mkdir(parents=True, exist_ok=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _authority(folder, STORAGE).issue_cert(host).configure_cert(context)
    return context


def change_certificate(context: ssl.SSLContext, folder: Path, is_expired: bool) -> None:
    """Give new connections another leaf for localhost: one that ended years ago, or a good one."""
    begin, end = (_LONG_AGO, _LONG_AGO + _YEAR) if is_expired else (None, None)
    leaf = _authority(folder).issue_cert(_NAME, not_before=begin, not_after=end)
    leaf.configure_cert(context)


def _authority(folder: Path, prefix: str = "") -> trustme.CA:
    certificate, key = folder / f"{prefix}ca.pem", folder / f"{prefix}ca-key.pem"
    if certificate.exists() and key.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    authority = trustme.CA()
    key.touch(mode=0o600)
    key.write_bytes(authority.private_key_pem.bytes())
    pem = authority.cert_pem.bytes()
    ca_der_path(folder, prefix).write_bytes(ssl.PEM_cert_to_DER_cert(pem.decode()))
    certificate.write_bytes(pem)
    return authority
