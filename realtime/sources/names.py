"""Show names without what is secret in an address or would drive a terminal, and hand names to C libraries."""

import re
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MASK = "***"
# An address: a scheme of two letters or more (one is a drive of Windows) and one slash or more, as one that was taken
# for a path has one alone.
_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+:/+)(?P<rest>\S+)")
# A part of a path that is taken for a token: sixteen signs or more, letters and digits.
_TOKEN = re.compile(r"(?=[^/]*[0-9])(?=[^/]*[A-Za-z])[A-Za-z0-9_=~-]{16,}")
# Kinds of signs, as Unicode calls them, that are not shown as they are: controls, marks of direction, halves of pairs,
# ends of lines and paragraphs.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def mask_secrets(text: str) -> str:
    """Return text with user, password, values of the query, fragment and tokens of every address in it masked.

    >>> mask_secrets("cannot open rtsp://me:word@10.0.0.7:554/live?token=abc&size=2")
    'cannot open rtsp://***@10.0.0.7:554/live?token=***&size=***'
    """
    return _ADDRESS.sub(lambda found: found["scheme"] + _mask_rest(found["rest"]), text)


def _mask_rest(rest: str) -> str:
    """Mask what follows the scheme of an address. A password may hold any sign, so the last @ ends it."""
    before, at, place = rest.rpartition("@")
    place, _, fragment = place.partition("#")
    place, _, query = place.partition("?")
    host, slash, path = place.partition("/")
    masked = (f"{MASK}@" if at and before else at) + host + slash + _TOKEN.sub(MASK, path)
    if query:
        pairs = (pair.partition("=") for pair in re.split("[&;]", query))
        masked += "?" + "&".join(f"{key}={MASK}" if equals else MASK for key, equals, _ in pairs)
    return masked + (f"#{MASK}" if fragment else "")


def show(name: object) -> str:
    """Return a name, or a message with names in it, as it may be shown: one line, no secrets, nothing a terminal obeys.

    >>> show("a\\nb\\x1b[2J.png")
    'a\\\\nb\\\\x1b[2J.png'
    """
    return "".join(_escape(sign) for sign in mask_secrets(str(name)))


def _escape(sign: str) -> str:
    """Return a sign, or how Python writes it where it is not to be shown; a byte of a name that is no text as \\xNN."""
    if unicodedata.category(sign) not in _HIDDEN:
        return sign
    if "\udc80" <= sign <= "\udcff":
        return f"\\x{ord(sign) - 0xDC00:02x}"
    return sign.encode("unicode_escape", "backslashreplace").decode()


def is_text(name: str) -> bool:
    """Tell whether a name is text: names of files are bytes, and Python stands in for those that are no UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def name_for_c(path: Path) -> Iterator[str]:
    """Give a name under which C libraries open or write a file, while the block lasts.

    It is absolute, as 12:30.mp4 would be taken for the protocol 12. Names that are no text crash OpenCV: they get a
    link with a plain name. Raises OSError where that cannot be made.
    """
    name = str(path.absolute())
    if is_text(name) or sys.platform == "win32":
        yield name
        return
    with tempfile.TemporaryDirectory(prefix="livedigits-") as folder:
        link = Path(folder) / f"file{path.suffix if is_text(path.suffix) else ''}"
        link.symlink_to(name)
        yield str(link)
