"""Read, list and write what lies in a store of objects, by fsspec: s3://bucket/folder/a.png, gs://..., az://...

User and password come from the environment and the files that each store's own tools read, never from the address.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from realtime.sources.frame import SourceError
from realtime.sources.names import mask_secrets

_STORE = re.compile(r"(?P<scheme>s3|gs|gcs|az|abfs):/+(?=[^/])", re.IGNORECASE)
_MAGIC = re.compile(r"[*?\[]")


def is_remote(path: Path | str) -> bool:
    """Tell whether a path, which has lost one of its slashes, or an address names something in a store."""
    return _STORE.match(str(path)) is not None


def address_of(path: Path | str) -> str:
    """Return the address that was turned into a path."""
    return _STORE.sub(lambda found: f"{found['scheme'].lower()}://", str(path), count=1)


def read_remote(path: Path, most: int) -> bytes:
    """Read an object's bytes. Raises SourceError, also where it is longer than `most`."""
    name = mask_secrets(address_of(path))
    store, place = _open_store(address_of(path))
    try:
        with store.open(place, "rb") as file:
            data: bytes = file.read(most + 1)
    except Exception as error:  # noqa: BLE001 - each store has errors of its own, which share no base
        raise SourceError(f"cannot read {name}: {_reason(error)}") from None
    if len(data) > most:
        raise SourceError(f"picture {name} is too large (more than {most >> 20} MB): make it smaller first")
    return data


def list_remote(path: Path, endings: Iterable[str]) -> list[Path]:
    """Return the objects of these endings that a folder or a pattern names, in order; a single object is itself.

    Raises SourceError where there are none.
    """
    address, kinds = address_of(path), tuple(endings)
    store, place = _open_store(address)
    scheme = address.partition("://")[0]
    try:
        if not _MAGIC.search(place) and place.lower().endswith(kinds):
            return [path]
        found = store.glob(place) if _MAGIC.search(place) else store.find(place, maxdepth=1)
    except Exception as error:  # noqa: BLE001 - each store has errors of its own, which share no base
        raise SourceError(f"cannot list {mask_secrets(address)}: {_reason(error)}") from None
    paths = [Path(f"{scheme}://{name}") for name in sorted(found) if name.lower().endswith(kinds)]
    if not paths:
        raise SourceError(f"no pictures in {mask_secrets(address)}: it holds none of {' '.join(sorted(kinds))}")
    return paths


def open_remote(address: str) -> TextIO:
    """Open an object to write lines into; it is there, whole, once it is closed. Raises OSError."""
    store, place = _open_store(address)
    try:
        file: TextIO = store.open(place, "w", encoding="utf-8", newline="")
    except Exception as error:  # noqa: BLE001 - each store has errors of its own, which share no base
        raise OSError(_reason(error)) from None
    return file


def _open_store(address: str) -> tuple[Any, str]:
    """Return the store of an address and the place in it. Raises SourceError where its library is not installed."""
    try:
        from fsspec.core import url_to_fs

        store, place = url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise SourceError(f"cannot read {mask_secrets(address)}: pip install 'livedigits[dask]' ({error})") from None
    return store, place


def _reason(error: Exception) -> str:
    """Return what an error says in its first line, without what is secret."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return mask_secrets(text.strip().splitlines()[0])
