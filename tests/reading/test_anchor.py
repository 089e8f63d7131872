"""What regions hold on to: a sheet that moves before the camera, and printed marks."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading.anchor import find_corners, place_within, share_of
from realtime.reading.ensemble import Networks
from realtime.reading.wanted import Region, Wanted, read_wanted
from realtime.sources.frame import Frame
from realtime.tracking.frame_reader import FrameReader
from realtime.tracking.tracker import Tracker
from tests.conftest import draw_sheet

SIZE = 1280, 720
PLACES = {  # of the corners of a sheet in frames of a camera that moves
    "straight": [(340, 60), (940, 60), (940, 660), (340, 660)],
    "leaning": [(420, 40), (980, 130), (880, 690), (330, 590)],
    "far": [(500, 200), (880, 190), (900, 560), (490, 570)],
    "from the side": [(300, 90), (900, 160), (890, 560), (310, 660)],
}


def lay(sheet: NDArray[np.uint8], corners: list[tuple[int, int]], ground: int = 70) -> NDArray[np.uint8]:
    """Return a frame of a camera that sees a sheet with its corners at these places on a table."""
    rng = np.random.default_rng(7)
    table = np.full((SIZE[1], SIZE[0], 3), ground, np.float64)
    table += 12 * np.sin(np.arange(SIZE[1]) / 9)[:, None, None] + rng.normal(0, 6, table.shape)
    h, w = sheet.shape[:2]
    way = cv2.getPerspectiveTransform(np.float32([(0, 0), (w, 0), (w, h), (0, h)]), np.float32(corners))
    seen = cv2.warpPerspective(sheet, way, SIZE)
    on = cv2.warpPerspective(np.full((h, w), 255, np.uint8), way, SIZE) > 127
    frame = np.where(on[..., None], seen, np.clip(table, 0, 255).astype(np.uint8))
    return cv2.GaussianBlur(frame, (0, 0), 0.8).astype(np.uint8)


@pytest.fixture(scope="module")
def form() -> NDArray[np.uint8]:
    """A form: 0742 above, 962 below."""
    return np.concatenate([draw_sheet(["0742"], (600, 300)), draw_sheet(["962"], (600, 300), seed=1)])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("ground", [70, 20])
def test_the_corners_of_a_sheet_are_found(form: NDArray[np.uint8], place: str, ground: int) -> None:
    corners = find_corners(lay(form, PLACES[place], ground), "sheet")
    assert corners is not None and np.abs(corners - PLACES[place]).max() < 4


def test_a_thumb_on_an_edge_and_on_a_corner_hides_no_sheet(form: NDArray[np.uint8]) -> None:
    frame = lay(form, PLACES["leaning"])
    cv2.ellipse(frame, (470, 660), (60, 45), 20, 0, 360, (60, 70, 95), cv2.FILLED)
    corners = find_corners(frame, "sheet")
    assert corners is not None and np.abs(corners - PLACES["leaning"]).max() < 6
    cv2.ellipse(frame, (985, 120), (40, 45), 20, 0, 360, (60, 70, 95), cv2.FILLED)
    corners = find_corners(frame, "sheet")
    assert corners is not None and np.abs(corners - PLACES["leaning"]).max() < 12


def test_no_sheet_is_found_where_none_is_seen_whole(form: NDArray[np.uint8]) -> None:
    assert find_corners(lay(form, [(-200, 60), (400, 60), (400, 660), (-200, 660)]), "sheet") is None
    assert find_corners(np.full((480, 640, 3), 128, np.uint8), "sheet") is None
    assert find_corners(draw_sheet(["0742", "962"], (640, 480)), "sheet") is None


def test_a_region_keeps_its_place_on_a_sheet_that_moves(networks: Networks, form: NDArray[np.uint8]) -> None:
    wanted = Wanted(regions=(Region("low", (5, 52, 90, 46), percent=True),), anchor="sheet")
    for corners in PLACES.values():
        page = read_wanted(lay(form, corners), networks, wanted=wanted)
        assert page.named_rows == ["low: 962"], corners
        (number,) = page.numbers
        x, y, w, h = number.box
        ((_, outline),) = page.regions
        middle = x + w / 2, y + h / 2
        assert cv2.pointPolygonTest(np.array(outline, np.float32), middle, measureDist=False) > 0
        assert page.size == SIZE and all(page.boxes[digit.blob].tolist() == list(digit.box) for digit in number.digits)
    whole = read_wanted(lay(form, PLACES["leaning"]), networks, wanted=Wanted(anchor="sheet"))
    assert whole.rows == ["0742", "962"]


def test_nothing_is_read_while_the_sheet_is_away_and_its_number_stays_itself(
    networks: Networks, form: NDArray[np.uint8]
) -> None:
    reader = FrameReader(Tracker(), Wanted(regions=(Region("low", (5, 52, 90, 46), percent=True),), anchor="sheet"))
    corners, away = PLACES["straight"], np.full((SIZE[1], SIZE[0], 3), 70, np.uint8)
    seen = [lay(form, [(x + 12 * k, y + 5 * k) for x, y in corners]) for k in range(5)]
    told = []
    for k, image in enumerate([*seen, away, away, *seen[::-1]]):
        tracked = reader.read(Frame(image, k, 0.1 * k, "a"), networks)
        told.append({(track.id, track.text) for track in tracked.tracks if track.fresh})
        assert bool(tracked.page.missing) == (image is away)
    assert told[0] == {(1, "962")} == told[-1] and not told[5]


def test_printed_marks_anchor_as_a_sheet_does(networks: Networks, form: NDArray[np.uint8]) -> None:
    marked = cv2.copyMakeBorder(form, 90, 90, 90, 90, cv2.BORDER_REPLICATE)
    kind = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    for number, (x, y) in enumerate([(10, 10), (700, 10), (700, 700), (10, 700)]):
        mark = np.full((70, 70), 255, np.uint8)
        mark[8:62, 8:62] = cv2.aruco.generateImageMarker(kind, number, 54)
        marked[y : y + 70, x : x + 70] = mark[..., None]
    wanted = Wanted(regions=(Region("low", (6, 52, 88, 40), percent=True),), anchor="marks")
    for place, corners in PLACES.items():
        assert read_wanted(lay(marked, corners), networks, wanted=wanted).named_rows == ["low: 962"], place
    assert read_wanted(lay(form, corners), networks, wanted=wanted).missing.startswith("not all four")


def test_a_place_drawn_in_a_frame_is_found_on_the_sheet() -> None:
    corners = np.array(PLACES["from the side"], np.float64)
    place = (10.0, 20.0, 30.0, 40.0)
    assert share_of(corners, place_within(corners, place)) == pytest.approx(place, abs=0.05)
    assert share_of(corners, np.array([(0.0, 0.0), (1280.0, 720.0)])) == (0, 0, 100, 100)
