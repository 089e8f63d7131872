"""Read the bytes of a picture within bounds: of a file, of standard input, of an address."""

import base64
import http.client
import re
import stat
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from realtime.sources.frame import SourceError
from realtime.sources.names import mask_secrets
from realtime.sources.remote import address_of, is_remote, read_remote

# Bytes of a picture that are read, at most, of a file, and of standard input or an address. Set by hand: a plain BMP of
# MAX_PIXELS is as large as the first; no photo comes near the second.
MAX_FILE, MAX_STREAM = 2**30, 2**28
# How long, s, an address may be silent, and may take in all. Set by hand.
SILENCE, PATIENCE = 10.0, 60.0
_CHUNK = 2**18
_WEB = re.compile(r"https?:/+(?=[^/])", re.IGNORECASE)
STANDARD_INPUT = Path("-")


def is_web(path: Path) -> bool:
    """Tell whether a path is the address of a picture, http or https; a path has lost one of its slashes."""
    return _WEB.match(str(path)) is not None


def source_name(path: Path) -> str:
    """Return what a picture is called in frames and errors: its path, or its address without what is secret in it."""
    if is_remote(path):
        return mask_secrets(address_of(path))
    return mask_secrets(_address(path)) if is_web(path) else str(path)


def read_bytes(path: Path) -> bytes:
    """Read a picture's bytes: of a file, of standard input for "-", of an http address, of an object in a store.

    Raises SourceError.
    """
    if path == STANDARD_INPUT:
        return _read_standard_input()
    if is_remote(path):
        return read_remote(path, MAX_FILE)
    if is_web(path):
        return _fetch(_address(path))
    try:
        told = path.stat()
        if stat.S_ISREG(told.st_mode) or stat.S_ISDIR(told.st_mode):
            if told.st_size > MAX_FILE:
                raise SourceError(f"picture {path} is too large ({told.st_size >> 20} MB): make it smaller first")
            with path.open("rb") as file:  # not cv2.imread: on Windows it opens ASCII names alone
                return file.read(MAX_FILE)
    except SourceError:
        raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise SourceError(f"cannot open picture {path}: {reason or error}") from None
    raise SourceError(f"cannot open picture {path}: no regular file; hand a picture over by standard input, as -")


def _read_standard_input() -> bytes:
    """Read all of standard input. Raises SourceError where it is longer than any picture, or there is none."""
    if sys.stdin is None or sys.stdin.closed:
        raise SourceError("cannot read a picture from standard input: there is none")
    data = sys.stdin.buffer.read(MAX_STREAM + 1)
    if not data:
        raise SourceError("cannot read a picture from standard input: it is empty")
    return _checked(data, "standard input")


def _address(path: Path) -> str:
    """Return the address that was turned into a path, which keeps only one of two slashes."""
    return _WEB.sub(lambda found: found[0].rstrip("/") + "//", str(path), count=1)


def _fetch(address: str) -> bytes:
    """Read what lies at an address; user and password in it are sent to that server alone. Raises SourceError."""
    name = mask_secrets(address)
    try:
        parts = urlsplit(address)
        user, at, host = parts.netloc.rpartition("@")
        request = urllib.request.Request(urlunsplit(parts._replace(netloc=host)))
        if at:
            word = base64.b64encode(unquote(user).encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {word}")
        ends, data = time.monotonic() + PATIENCE, b""
        with urllib.request.urlopen(request, timeout=SILENCE) as answer:
            while len(data) <= MAX_STREAM and (chunk := answer.read1(_CHUNK)):
                data += chunk
                if time.monotonic() > ends:
                    raise SourceError(f"cannot read {name}: it is not whole after {PATIENCE:g} s")
    except SourceError:
        raise
    except urllib.error.HTTPError as error:
        raise SourceError(f"cannot read {name}: the server answers {error.code} {error.reason}") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise SourceError(f"cannot read {name}: {mask_secrets(str(reason) or type(error).__name__)}") from None
    return _checked(data, name)


def _checked(data: bytes, name: str) -> bytes:
    """Return data, where it is not longer than any picture. Raises SourceError."""
    if len(data) > MAX_STREAM:
        raise SourceError(f"picture {name} is too large (more than {MAX_STREAM >> 20} MB): make it smaller first")
    return data
