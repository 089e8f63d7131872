"""Make and keep what HTTPS and visitors from outside need: a certificate of this machine's own, and a token."""

import ipaddress
import os
import secrets
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from realtime.outputs.files import make_folder
from realtime.outputs.sink import OutputError

VALID, RENEW = timedelta(days=365), timedelta(days=14)  # set by hand: browsers refuse certificates of over 398 days
CERTIFICATE, KEY, TOKEN = "certificate.pem", "key.pem", "token"


def state_folder() -> Path:
    """Return the folder of this user's in which certificate and token are kept."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "livedigits"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "livedigits"


def own_addresses() -> list[str]:
    """Return the addresses, as numbers, under which this machine is reached, the one of its network first."""
    found = []
    for family, outside in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((outside, 9))  # sends nothing: it only asks which way a packet would go
                found.append(probe.getsockname()[0])
            except OSError:
                continue
    return [*found, "127.0.0.1", "::1"]


def own_names() -> frozenset[str]:
    """Return the names by which this machine is called."""
    name = socket.gethostname().lower()
    return frozenset({"localhost", name, f"{name.removesuffix('.local')}.local"})


def keep_token(folder: Path) -> str:
    """Return the token that lies in a folder, made at first. Raises OutputError where it cannot be kept."""
    path = folder / TOKEN
    if path.is_file() and (kept := path.read_text(encoding="ascii").strip()):
        return kept
    token = secrets.token_urlsafe(16)
    _write_secret(path, f"{token}\n".encode())
    return token


def https_context(folder: Path) -> ssl.SSLContext:
    """Return what HTTPS needs, with the certificate in a folder, made at first and anew when it no longer fits.

    Raises OutputError where it cannot be kept.
    """
    certificate, key = folder / CERTIFICATE, folder / KEY
    if not _fits(certificate) or not key.is_file():
        _make_certificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def fingerprint(folder: Path) -> str:
    """Return the SHA-256 of the certificate as browsers show it."""
    certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _fits(path: Path) -> bool:
    """Tell whether a certificate is there, lasts a while and names this machine's present addresses."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    named = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    return certificate.not_valid_after_utc > datetime.now(UTC) + RENEW and named >= set(own_addresses())


def _make_certificate(path: Path, key_path: Path) -> None:
    """Write a key and a certificate signed with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"livedigits on {socket.gethostname()}"[:64])])
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in own_addresses()]
    names = [x509.DNSName(own) for own in sorted(own_names())]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    _write_secret(key_path, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    _write_secret(path, certificate.public_bytes(serialization.Encoding.PEM))


def _write_secret(path: Path, data: bytes) -> None:
    """Write a file that nobody else on this machine can read. Raises OutputError."""
    make_folder(path.parent)
    try:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except OSError as error:
        raise OutputError(f"cannot keep {path}: {error.strerror or error}") from None
