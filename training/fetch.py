"""Fetch MNIST from its mirrors into the platform's cache folder, checked by the SHA-256 of the unpacked bytes."""

import gzip
import hashlib
import http.client
import os
import sys
import urllib.error
import urllib.request
import zlib
from pathlib import Path

from tqdm import tqdm

from training.data import FILES, DataError

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://systemds.apache.org/assets/datasets/mnist/",
)
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
STALL = 10.0  # seconds without a byte after which a mirror is given up
TRIES = 2  # of each mirror; the second goes on where the first broke off
CHUNK = 1 << 16  # bytes that are read and shown at once
TOO_LARGE = 1 << 25  # bytes; MNIST's largest file is 9.9 MB packed


def cache_folder() -> Path:
    """Return the folder that this platform keeps caches in, with our name."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "livedigits" / "mnist"


def mnist_folder(
    folder: Path | None = None,
    mirrors: tuple[str, ...] = MIRRORS,
    sums: dict[str, str] | None = None,
    stall: float = STALL,
) -> Path:
    """Return a folder with MNIST's four files, fetching those that are not there.

    folder: the cache folder unless given. mirrors: addresses tried in turn. sums: SHA-256 of each unpacked file.
    Raises DataError where a file cannot be had from any mirror, or the folder cannot be written.
    """
    folder, sums = folder or cache_folder(), sums or SHA256
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES.values():
            target = folder / f"{name}.gz"
            if not (target.is_file() and _sum(target) == sums[name]):
                _fetch(name, target, mirrors, sums[name], stall)
    except DataError:
        raise
    except OSError as error:
        raise DataError(
            f"cannot write the cache {folder}: {error.strerror or error}; name a folder with --data"
        ) from None
    return folder


def _fetch(name: str, target: Path, mirrors: tuple[str, ...], expected: str, stall: float) -> None:
    """Fetch one file from the first mirror that gives it whole and right."""
    part = target.with_name(f"{target.name}.part")
    reasons = []
    for mirror in mirrors:
        for _ in range(TRIES):
            try:
                _download(f"{mirror}{target.name}", part, stall)
            except (OSError, http.client.HTTPException, DataError) as error:
                reasons.append(f"{mirror} ({_why(error)})")
                if isinstance(error, urllib.error.HTTPError):
                    part.unlink(missing_ok=True)
                    if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                        break
                continue
            found = _sum(part)
            if found == expected:
                part.replace(target)
                return
            reasons.append(f"{mirror} ({'sum is ' + found[:12] if found else 'broken archive'})")
            part.unlink(missing_ok=True)
    raise DataError(f"cannot fetch {name}: {'; '.join(reasons)}. Fetch it by hand and name its folder with --data")


def _download(address: str, part: Path, stall: float) -> None:
    """Read an address into a file, going on from what an earlier try left. Raises DataError where it ends early."""
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, timeout=stall) as answer:
        if have and answer.status != http.client.PARTIAL_CONTENT:
            have = 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length and length.isdecimal() else None
        bar = tqdm(
            total=total, initial=have, desc=part.name.split("-ubyte")[0], unit="B", unit_scale=True, disable=None
        )
        with part.open("ab" if have else "wb") as file, bar:
            while chunk := answer.read1(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
                have += len(chunk)
                if have > TOO_LARGE:
                    raise DataError("far larger than it should be")
    if total is not None and have < total:
        raise DataError(f"ended after {have} of {total} bytes")


def _sum(path: Path) -> str:
    """Return the SHA-256 of a gzipped file's unpacked bytes, or "" for a broken archive."""
    try:
        with gzip.open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return ""


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"answers {error.code}"
    if isinstance(error, urllib.error.URLError):
        error = error.reason if isinstance(error.reason, Exception) else error
    return "stalled" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
