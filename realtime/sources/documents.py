"""Decode what needs a package of its own, `pip install 'livedigits[files]'`: PDF and HEIC."""

import io
from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from realtime.sources.frame import SourceError
from realtime.sources.quiet import BROKEN, broken, check_size, first_line

# Dots an inch at which a page of a PDF is drawn. Set by hand: handwriting of 5 mm is then 40 pixels high.
PDF_DPI = 200
# Brands, in the first box of a file, of pictures that only libheif decodes.
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"hevx", b"mif1", b"msf1"})


def is_pdf(data: bytes) -> bool:
    """Tell whether the bytes of a file are a PDF; other programs too look for its mark in the first kilobyte."""
    return b"%PDF-" in data[:1024]


def is_heic(data: bytes) -> bool:
    """Tell whether the bytes of a file are HEIC, as iPhones save photos."""
    return data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS


def decode_pdf(data: bytes, name: str, limit: int) -> Iterator[NDArray[np.uint8]]:
    """Draw the first `limit` pages of a PDF, (H, W, 3) BGR. Raises SourceError, also where pypdfium2 is missing."""
    try:
        import pypdfium2
    except ImportError:
        raise SourceError(
            f"cannot read {name}: PDF needs pypdfium2 (pip install 'livedigits[files]'), or save its pages as pictures"
        ) from None
    try:
        with pypdfium2.PdfDocument(data) as document:
            for page in islice(document, limit):
                scale = PDF_DPI / 72  # a PDF counts in points
                check_size((round(page.get_width() * scale), round(page.get_height() * scale)), name)
                image = page.render(scale=scale, force_bitmap_format=pypdfium2.raw.FPDFBitmap_BGR).to_numpy().copy()
                page.close()
                yield image
    except pypdfium2.PdfiumError as error:
        raise SourceError(f"cannot read PDF {name}: {first_line(error)}") from None


def decode_heic(data: bytes, name: str) -> NDArray[np.uint8]:
    """Decode a HEIC as (H, W, 3) BGR, upright. Raises SourceError, also where pillow-heif is missing."""
    try:
        import pillow_heif
    except ImportError:
        raise SourceError(
            f"cannot read {name}: HEIC, as iPhones save it, needs pillow-heif (pip install 'livedigits[files]'), "
            "or save it as JPEG"
        ) from None
    try:
        picture = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
        check_size(picture.size, name)
        return np.ascontiguousarray(np.asarray(picture.to_pillow().convert("RGB"))[..., ::-1])
    except BROKEN as error:
        raise broken(error, name) from None
