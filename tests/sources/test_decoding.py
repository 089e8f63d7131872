"""Pictures of every kind: pages, depth, transparency, damage, HEIC and PDF, and what claims more than it holds."""

import io
import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from realtime.sources.animation import Animation
from realtime.sources.decoding import decode, is_animated
from realtime.sources.frame import SourceError
from realtime.sources.pixels import bytes_of_deep, lay_on_paper
from tests.conftest import draw_sheet

SHEET = draw_sheet(["12"], (160, 120))
GREY = cv2.cvtColor(SHEET, cv2.COLOR_BGR2GRAY)


def by_pillow(kind: str, *images: NDArray, **options: object) -> bytes:
    """Encode pictures, RGB or grey, as one file."""
    first, *rest = (Image.fromarray(image) for image in images)
    file = io.BytesIO()
    first.save(file, kind, **({"save_all": True, "append_images": rest} if rest else {}), **options)
    return file.getvalue()


def one(data: bytes) -> NDArray[np.uint8]:
    """Return the only page."""
    (page,) = decode(data, "a file")
    assert page.dtype == np.uint8 and page.ndim == 3 and page.shape[2] == 3 and page.flags.c_contiguous
    return page


def assert_like(got: NDArray, expected: NDArray, tolerance: float = 3) -> None:
    assert got.shape == expected.shape
    assert np.abs(got.astype(float) - expected).mean() < tolerance


def test_every_page_of_a_tiff_is_read_at_its_own_size() -> None:
    sheets = [draw_sheet(["1"], (90, 60)), SHEET, draw_sheet(["3"], (60, 60))]
    pages = list(decode(by_pillow("TIFF", *(sheet[..., ::-1].copy() for sheet in sheets)), "a file"))
    assert [page.shape for page in pages] == [sheet.shape for sheet in sheets]
    assert all(np.array_equal(page, sheet) for page, sheet in zip(pages, sheets, strict=True))


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_deep_grey_is_scaled_by_the_bits_that_it_uses(bits: int) -> None:
    deep = (GREY.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)
    for kind in (".png", ".tiff"):
        assert_like(one(cv2.imencode(kind, deep)[1].tobytes()), np.repeat(GREY[..., None], 3, axis=2), 2)


@pytest.mark.parametrize("channels", [3, 4])
def test_deep_colour_is_scaled_too(channels: int) -> None:
    deep = (SHEET.astype(np.uint32) * 1023 // 255).astype(np.uint16)
    if channels == 4:
        deep = np.dstack([deep, np.full(GREY.shape, 1023, np.uint16)])
    assert_like(one(cv2.imencode(".png", deep)[1].tobytes()), SHEET, 2)


@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_floating_grey_is_scaled_by_its_range(scale: float) -> None:
    data = by_pillow("TIFF", (GREY / 255 * scale).astype(np.float32))
    assert_like(one(data), np.repeat(GREY[..., None], 3, axis=2), 2)


def test_what_is_not_finite_in_a_picture_is_nothing() -> None:
    grey = np.array([[np.nan, 0.5], [np.inf, 1.0]], np.float32)
    assert bytes_of_deep(grey).tolist() == [[0, 128], [255, 255]]
    assert bytes_of_deep(np.full((2, 2), np.nan, np.float32)).tolist() == [[0, 0], [0, 0]]
    assert bytes_of_deep(np.array([[-1.0, 1.0]], np.float32)).tolist() == [[0, 255]]


@pytest.mark.parametrize(("hidden", "ink"), [(0, (40, 35, 30)), (0, (250, 250, 250)), (255, (250, 250, 250))])
def test_ink_on_nothing_lies_on_paper_that_differs(hidden: int, ink: tuple[int, int, int]) -> None:
    strength = np.where(GREY < 140, 255 - GREY, 0).astype(np.uint8)
    strength[GREY < 80] = 255
    image = np.dstack([np.where(strength[..., None] > 0, np.array(ink, np.uint8), np.uint8(hidden)), strength])
    page = one(cv2.imencode(".png", image)[1].tobytes())
    paper = 0 if ink[0] > 128 else 255
    assert np.median(page) == paper and abs(int(page[strength == 255].mean()) - np.mean(ink)) < 3


def laid(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image with transparency (H, W, 4) laid on paper, in strips of 16 rows."""
    rows = range(0, len(image), 16)
    return lay_on_paper(lambda: (image[top : top + 16] for top in rows), (image.shape[1], image.shape[0]))


def test_holes_in_a_photo_are_filled_with_its_paper() -> None:
    image = np.dstack([SHEET, np.full(GREY.shape, 255, np.uint8)])
    image[:30] = 0
    assert np.abs(laid(image)[:30].astype(int) - np.median(SHEET)).max() < 6
    assert (laid(np.zeros((4, 4, 4), np.uint8)) == 255).all()


def test_a_palette_with_a_transparent_colour_is_laid_on_paper() -> None:
    palette = Image.fromarray((GREY < 128).astype(np.uint8), "P")
    palette.putpalette([0, 0, 0, 30, 30, 30])
    file = io.BytesIO()
    palette.save(file, "PNG", transparency=0)
    assert np.median(one(file.getvalue())) == 255


@pytest.mark.parametrize("progressive", [0, 1])
def test_a_jpeg_without_its_end_is_read_and_half_of_one_is_not(progressive: int) -> None:
    data = cv2.imencode(".jpg", SHEET, [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive])[1].tobytes()
    for whole in (data[:-2], data[:-60], data[:-2] + bytes(40)):
        assert_like(one(whole), SHEET, 4)
    for share in (0.2, 0.4) if progressive else (0.3, 0.5, 0.7):
        with pytest.raises(SourceError, match="cut short"):
            one(data[: int(share * len(data))])


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "GIF"])
def test_of_an_animation_the_first_frame_is_a_page_and_all_are_frames(kind: str, tmp_path: Path) -> None:
    sheets = [draw_sheet([str(n)], (160, 120), seed=n) for n in range(4)]
    data = by_pillow(kind, *(sheet[..., ::-1].copy() for sheet in sheets), duration=200)
    assert is_animated(data, "a file")
    assert_like(one(data), sheets[0], 8)
    (tmp_path / "moving.webp").write_bytes(data)
    with Animation(tmp_path / "moving.webp") as moving:
        frames = list(moving.frames())
        assert [frame.index for frame in moving.frames(every=3)] == [0, 3]
        assert [frame.index for frame in moving.frames(limit=2)] == [0, 1]
    assert [(frame.index, round(frame.time, 3)) for frame in frames] == [(0, 0), (1, 0.2), (2, 0.4), (3, 0.6)]
    assert moving.fps == 5 and moving.count == 4
    for frame, sheet in zip(frames, sheets, strict=True):
        assert_like(frame.image, sheet, 8)


def test_an_animation_that_is_cut_off_says_so(tmp_path: Path) -> None:
    data = by_pillow("PNG", *(draw_sheet([str(n)], (160, 120), seed=n)[..., ::-1].copy() for n in range(4)))
    (tmp_path / "cut.png").write_bytes(data[: len(data) * 2 // 3])
    with Animation(tmp_path / "cut.png") as moving:
        assert 0 < len(list(moving.frames())) < 4
    assert "cut.png is damaged: it ends after" in moving.notes[0]


def test_a_still_picture_does_not_move() -> None:
    assert not is_animated(by_pillow("WEBP", SHEET), "a file")
    assert not is_animated(by_pillow("TIFF", SHEET, SHEET), "a file")


def test_a_page_of_a_pdf_is_drawn_large_enough_to_read() -> None:
    pytest.importorskip("pypdfium2", reason="pip install 'livedigits[files]'")
    pages = list(decode(by_pillow("PDF", SHEET[..., ::-1].copy(), SHEET, resolution=100), "a file"))
    assert [page.shape[1] for page in pages] == [320, 320]  # 200 dots an inch
    assert_like(cv2.resize(pages[0], (160, 120), interpolation=cv2.INTER_AREA), SHEET, 6)
    with pytest.raises(SourceError, match="cannot read PDF a file"):
        list(decode(b"%PDF-1.4\nnothing", "a file"))


def test_a_heic_is_read() -> None:
    heif = pytest.importorskip("pillow_heif", reason="pip install 'livedigits[files]'")
    file = io.BytesIO()
    heif.from_pillow(Image.fromarray(SHEET[..., ::-1].copy())).save(file, quality=90)
    assert_like(one(file.getvalue()), SHEET, 6)
    with pytest.raises(SourceError, match="cannot read picture a file"):
        one(file.getvalue()[:200])


@pytest.mark.parametrize(
    ("package", "data"), [("pypdfium2", b"%PDF-1.4\n"), ("pillow_heif", b"\0\0\0\x18ftypheic" + bytes(20))]
)
def test_what_needs_a_package_names_it(package: str, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SourceError, match=r"a file: .*pip install 'livedigits\[files\]'.* or save"):
        one(data)


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """Return a PNG with a header of its own choice."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), *((b"IDAT", chunk) for chunk in chunks), (b"IEND", b"")]
    framed = (
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part)) for kind, part in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


@pytest.mark.parametrize(
    "data",
    [
        png(60_000, 60_000, zlib.compress(bytes(1000))),
        b"P5\n60000 60000\n255\n" + bytes(100),
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 200, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0),
        b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + (16_000).to_bytes(3, "little") * 2 + bytes(8),
    ],
    ids=["png", "pgm", "bmp", "webp"],
)
def test_a_huge_size_in_a_header_is_refused_before_anything_is_unpacked(data: bytes) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SourceError, match="a file"):
        one(data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_a_chunk_longer_than_the_file_is_refused() -> None:
    for length in (0xFFFFFFFF, 0x7FFFFFF0, 5000):
        data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", length) + b"IHDR" + bytes(30)
        with pytest.raises(SourceError, match="a file: the file is cut short"):
            one(data)


def test_a_tiff_whose_pages_run_in_a_circle_ends() -> None:
    data = bytearray(by_pillow("TIFF", SHEET, SHEET))
    (first,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * entries, first)
    assert len(list(decode(bytes(data), "a file"))) == 1


@pytest.mark.parametrize("kind", ["TIFF", "AVIF", "HEIF", "WEBP", "GIF", "JPEG", "PNG", "PDF"])
def test_damage_anywhere_is_one_line_or_a_picture(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(5)
    if kind == "HEIF":
        file = io.BytesIO()
        heif = pytest.importorskip("pillow_heif", reason="pip install 'livedigits[files]'")
        heif.from_pillow(Image.fromarray(SHEET)).save(file)
        whole = file.getvalue()
    else:
        whole = by_pillow(kind, SHEET)
    for _ in range(60):
        data = bytearray(whole)
        for place in rng.integers(0, min(len(data), int(rng.choice([64, 512, 10**6]))), int(rng.choice([1, 4, 20]))):
            data[place] = rng.integers(256)
        try:
            assert all(page.dtype == np.uint8 and page.ndim == 3 for page in decode(bytes(data), "a file"))
        except SourceError as error:
            assert "a file" in str(error) and "\n" not in str(error)
    assert capfd.readouterr() == ("", "")


def test_decoders_say_nothing_on_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    for data in (cv2.imencode(".bmp", SHEET)[1].tobytes()[:5000], png(8, 8, b"nothing")):
        with pytest.raises(SourceError, match="a file") as error:
            one(data)
        assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")
