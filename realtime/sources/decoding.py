"""Decode picture files within bounds: every page, deep and floating pixels, transparency, and HEIC and PDF if readable.

Pillow looks at the header before anything is unpacked. OpenCV decodes what it knows, eight bits without transparency,
Pillow the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.sources.cut_jpeg import lacks_much
from realtime.sources.documents import decode_heic, decode_pdf, is_heic, is_pdf
from realtime.sources.frame import SourceError
from realtime.sources.pixels import bytes_of_deep, lay_on_paper
from realtime.sources.quiet import BROKEN, broken, catch_stderr, check_size, open_quietly

if TYPE_CHECKING:  # Pillow is imported where it is used alone, so that clips and cameras start as quickly without
    from PIL.Image import Image as Picture

# Pages that are read of one file, at most; set by hand, above any stack of scanned sheets.
MAX_PAGES = 10_000
# Kinds that OpenCV decodes as well as Pillow, and modes, as Pillow calls them, that it loses nothing of.
_PLAIN_KINDS = frozenset({"JPEG", "MPO", "PNG", "BMP", "TIFF", "WEBP", "PPM"})
_PLAIN_MODES = frozenset({"1", "L", "RGB", "P", "CMYK", "YCbCr"})
# Modes that hold whole or floating grey of more than eight bits.
_DEEP_MODES = frozenset({"F", "I", "I;16", "I;16B", "I;16L", "I;16N"})
_BITS_PER_SAMPLE = 258  # a tag of TIFF
_STRIP = 64  # rows of a picture that are converted at a time
_PNG, _JPEG, _JPEG_END = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\xd9"

Image = NDArray[np.uint8]  # (H, W, 3) BGR


@dataclass(frozen=True)
class _Header:
    """What stands in a picture's header: kind and mode as Pillow names them, how many pages and bits a sample it has.

    moving: its further frames are those of an animation. transparent: the header says what is to be seen through.
    """

    kind: str
    mode: str
    pages: int
    moving: bool
    transparent: bool
    bits: int


def decode(data: bytes, name: str) -> Iterator[Image]:
    """Decode the bytes of a picture file page by page, each (H, W, 3) uint8 BGR, upright by its EXIF.

    name: what errors call the file. Of an animation only the first frame is a page. Raises SourceError where the bytes
    are no picture, damaged, too large, or of a kind that needs a package which is not installed.
    """
    if is_pdf(data):
        yield from decode_pdf(data, name, MAX_PAGES)
        return
    whole = _mend(data, name)
    mended, data = len(whole) > len(data), whole
    header = _read_header(data, name)
    if header is None:
        yield decode_heic(data, name)
        return
    plain = header.kind in _PLAIN_KINDS and header.mode in _PLAIN_MODES and not header.transparent
    # OpenCV takes colour of more than eight bits, which Pillow cuts down.
    unchanged = header.kind in ("PNG", "TIFF") and header.bits > 8 and header.mode not in _DEEP_MODES
    for page in range(header.pages):
        if header.pages > 1 or header.moving or not (plain or unchanged):
            yield _decode_page(data, name, page)
        else:
            image = _decode_by_opencv(data, name, unchanged)
            if mended and lacks_much(data, image):
                raise SourceError(f"cannot read picture {name}: the file is cut short")
            yield image


def is_animated(data: bytes, name: str) -> bool:
    """Tell whether a picture moves: an animated WebP, PNG or GIF. Raises SourceError like `decode`."""
    if is_pdf(data):
        return False
    header = _read_header(data, name)
    return header is not None and header.moving


def _mend(data: bytes, name: str) -> bytes:
    """Return data with the end that cameras leave out when they are switched off. Raises SourceError for half a PNG."""
    if not data:
        raise SourceError(f"cannot read picture {name}: the file is empty")
    if data.startswith(_PNG) and not _has_whole_chunks(data):
        raise SourceError(f"cannot read picture {name}: the file is cut short")
    return data + _JPEG_END if data.startswith(_JPEG) and _JPEG_END not in data[-64:] else data


def _has_whole_chunks(data: bytes) -> bool:
    """Tell whether all chunks of a PNG fit into the file, to its end: libpng sets aside what a chunk says it holds."""
    place = len(_PNG)
    while place + 12 <= len(data):
        kind, length = data[place + 4 : place + 8], int.from_bytes(data[place : place + 4], "big")
        place += 12 + length
        if kind == b"IEND":
            return place <= len(data)
    return False


def _read_header(data: bytes, name: str) -> _Header | None:
    """Read a picture's header; return None for HEIC. Raises SourceError for what is broken or too large in it."""
    from PIL import UnidentifiedImageError

    try:
        with open_quietly(data) as picture:
            check_size(picture.size, name)
            pages = _count_pages(picture, name) if picture.format == "TIFF" else 1
            moving = picture.format in ("WEBP", "PNG", "GIF") and getattr(picture, "is_animated", False)
            bits = 8
            if picture.format == "TIFF":
                picture.seek(0)
                tags: Any = picture.tag_v2  # type: ignore[attr-defined]  # only pictures of this kind have it
                bits = max(tags.get(_BITS_PER_SAMPLE, (8,)))
            elif picture.format == "PNG":
                bits = data[24]  # behind the signature, the head of the first chunk, width and height
            transparent = "transparency" in picture.info
            return _Header(str(picture.format), picture.mode, pages, moving, transparent, bits)
    except UnidentifiedImageError:
        if is_heic(data):
            return None
        raise SourceError(f"cannot read picture {name}: not a picture, damaged, or of an unknown kind") from None
    except BROKEN as error:
        raise broken(error, name) from None


def _count_pages(picture: "Picture", name: str) -> int:
    """Count the pages of a TIFF, opened by Pillow, as far as one leads to the next. Raises SourceError for too many."""
    pages = 1
    try:
        while True:
            picture.seek(pages)
            check_size(picture.size, name)
            pages += 1
            if pages > MAX_PAGES:
                raise SourceError(f"cannot read picture {name}: it has more than {MAX_PAGES} pages")
    except EOFError:
        return pages


def _decode_by_opencv(data: bytes, name: str, unchanged: bool) -> Image:
    """Decode by OpenCV; unchanged: what is deep or transparent, brought to eight bits of plain colour here."""
    flags = cv2.IMREAD_UNCHANGED if unchanged else cv2.IMREAD_COLOR
    try:
        with catch_stderr() as said:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:  # raised for pictures above OpenCV's own limit of pixels
        raise SourceError(f"cannot read picture {name}: {error.err}") from None
    if image is None:
        complaints = [line for line in said if not line.startswith("[")]  # OpenCV's own name places in its code
        why = f" ({complaints[-1]})" if complaints else ""
        raise SourceError(f"cannot read picture {name}: damaged, or of a kind that cannot be decoded{why}")
    check_size((image.shape[1], image.shape[0]), name)
    if not unchanged:
        return image.astype(np.uint8, copy=False)
    image = image.reshape(*image.shape[:2], -1)
    image = image if image.dtype == np.uint8 else bytes_of_deep(image)
    if image.shape[2] == 4:
        rows = range(0, len(image), _STRIP)
        return lay_on_paper(lambda: (image[top : top + _STRIP] for top in rows), (image.shape[1], image.shape[0]))
    return np.ascontiguousarray(image[..., :3] if image.shape[2] > 2 else np.repeat(image[..., :1], 3, axis=2))


def _decode_page(data: bytes, name: str, page: int) -> Image:
    """Decode one page by Pillow: transparency is laid on paper, deep grey is scaled by the range that it uses."""
    from PIL import ImageOps

    try:
        with catch_stderr(), open_quietly(data) as picture:
            if page:
                picture.seek(page)
            check_size(picture.size, name)
            ImageOps.exif_transpose(picture, in_place=True)
            if picture.mode in _DEEP_MODES:
                return np.repeat(bytes_of_deep(np.asarray(picture))[..., None], 3, axis=2)
            return from_pillow(picture)
    except BROKEN as error:
        raise broken(error, name) from None


def from_pillow(picture: "Picture") -> Image:
    """Return a picture of Pillow's, of eight bits, as (H, W, 3) BGR, its transparency laid on paper.

    Strips of rows are converted one by one: of 200 megapixels every further copy takes 0.6 GB or more.
    """
    transparent = picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info
    mode, order = ("RGBA", [2, 1, 0, 3]) if transparent else ("RGB", [2, 1, 0])

    def strips() -> Iterator[Image]:
        for top in range(0, picture.height, _STRIP):
            strip = picture.crop((0, top, picture.width, min(top + _STRIP, picture.height)))
            yield np.asarray(strip.convert(mode))[..., order]

    if transparent:
        return lay_on_paper(strips, picture.size)
    image = np.empty((picture.height, picture.width, 3), np.uint8)
    for place, strip in enumerate(strips()):
        image[place * _STRIP : place * _STRIP + len(strip)] = strip
    return image
