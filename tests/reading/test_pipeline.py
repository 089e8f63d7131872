"""The pipeline: digits become numbers that never shrink, and a frame is read by one path in every light."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.reading.box import enclose
from realtime.reading.classifier import NOT_A_DIGIT, Classified, Classifier
from realtime.reading.ensemble import Networks
from realtime.reading.finder import Finder
from realtime.reading.model_files import finder_model
from realtime.reading.page import UNSURE, Number
from realtime.reading.pipeline import CONFIDENCE, read
from tests.conftest import DIGITS, InkRows, draw_digit, draw_sheet
from tests.tracked_frames import make_number


class Stub:
    """A network that gives every crop the same answer and keeps the batches it was asked about."""

    classes = (*DIGITS, NOT_A_DIGIT)

    def __init__(self, digit: int = 7, sure: float = 0.9, reject: float = 0.0) -> None:
        self.answer = np.full(11, (1 - sure - reject) / 9, np.float32)
        self.answer[[digit, 10]] = sure, reject
        self.batches: list[NDArray[np.uint8]] = []

    def classify(self, crops: NDArray[np.uint8]) -> Classified:
        self.batches.append(crops)
        given, none = np.tile(self.answer, (len(crops), 1)), np.zeros(len(crops), bool)
        return Classified(given, np.full(len(crops), ""), none, np.zeros((len(crops), 0), np.float32))


class Doubting:
    """The bundled network, but that an 8 may be a 3 to it."""

    def __init__(self, network: Classifier) -> None:
        self.network, self.classes = network, network.classes

    def classify(self, crops: NDArray[np.uint8]) -> Classified:
        classified = self.network.classify(crops)
        classified.probabilities[classified.probabilities.argmax(axis=1) == 8] = DOUBT
        return classified


DOUBT = np.full(11, 0.02, np.float32)
DOUBT[[3, 8]] = 0.42, 0.4
FINDER = Finder(finder_model(), "cpu")
FINDER.shares = (1.0, 0.0)  # it finds, and leaves it to the classifier which digit it is


def stubbed(digit: int = 7, sure: float = 0.9, reject: float = 0.0) -> Networks:
    """Return networks that give every digit the same answer, alone and in its line."""
    return Networks(FINDER, Stub(digit, sure, reject), InkRows(str(digit), sure))


def texts(numbers: list[Number]) -> list[str]:
    return [number.text for number in numbers]


@pytest.mark.parametrize("text", ["1234", "0742", "000", "7", "19?4", "?", "??1", "9?765432109"])
def test_a_number_keeps_all_its_places(text: str, classifier: Classifier) -> None:
    networks = Networks(FINDER, Doubting(classifier), InkRows(text, sure=0.95))
    numbers = read(draw_sheet([text.replace("?", "8")], (1280, 480)), networks).numbers
    assert texts(numbers) == [text]
    assert len(numbers[0].digits) == len(text)


def test_a_number_is_as_sure_as_its_least_sure_digit() -> None:
    number = make_number("123")
    assert number.confidence == min(digit.confidence for digit in number.digits) < number.digits[0].confidence


def test_the_confidence_asked_for_decides_what_is_unsure() -> None:
    image, networks = draw_sheet(["12"]), stubbed(sure=0.7)
    sure = read(image, networks, 0.0).numbers[0].confidence
    assert 0.3 < sure < 0.95
    assert texts(read(image, networks, sure - 0.01).numbers) == ["77"]
    assert texts(read(image, networks, 0.99).numbers) == [UNSURE * 2]
    assert 0.5 <= CONFIDENCE < 0.95


def test_numbers_come_with_their_lines_and_boxes(networks: Networks) -> None:
    first, second = read(draw_sheet(["123", "45"]), networks).numbers
    assert (first.text, first.row, second.text, second.row) == ("123", 0, "45", 1)
    assert first.box == enclose([digit.box for digit in first.digits])
    assert [digit.box[0] for digit in first.digits] == sorted(digit.box[0] for digit in first.digits)
    assert first.box[1] + first.box[3] < second.box[1]


def test_the_box_around_boxes() -> None:
    assert enclose([(5, 6, 7, 8)]) == (5, 6, 7, 8)
    assert enclose([(50, 60, 26, 40), (130, 50, 26, 40)]) == (50, 50, 106, 50)


@pytest.mark.parametrize("shape", [(480, 640, 3), (1, 1, 3), (3, 900, 3), (720, 2, 3)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_holds_no_number(shape: tuple[int, ...], level: int) -> None:
    stub = stubbed()
    page = read(np.full(shape, level, np.uint8), stub)
    assert page.numbers == [] and page.refusals == []
    assert page.crops.shape == (0, 1, 28, 28)
    assert page.boxes.shape == (0, 4)


@pytest.mark.parametrize("dark", [True, False])
def test_all_digits_of_a_frame_go_through_the_network_at_once_and_hold_their_places(dark: bool) -> None:
    stub = stubbed()
    page = read(draw_sheet(["2468", "36"], dark=dark), stub)
    assert texts(page.numbers) == ["7777", "77"]
    assert [number.row for number in page.numbers] == [0, 1]
    assert len(stub.classifier.batches) == 1
    assert stub.classifier.batches[0].dtype == np.uint8 and stub.classifier.batches[0].shape[1:] == (1, 28, 28)


def test_the_parallel_arrays_of_a_page_share_their_rows() -> None:
    image = draw_sheet(["2468", "36"])
    image[5:15, 100:600] = 30  # the edge of a table
    page = read(image, stubbed())
    count = len(page.boxes)
    assert len(page.refusals) == len(page.crops) == len(page.digits) == len(page.reject) == count
    for digit in (digit for number in page.numbers for digit in number.digits):
        assert page.refusals[digit.blob] is None
        assert tuple(page.boxes[digit.blob].tolist()) == digit.box
    x, y, w, h = np.array(page.boxes).T
    assert (x >= 0).all() and (y >= 0).all() and (x + w <= 640).all() and (y + h <= 480).all()


def test_boxes_enclose_the_ink() -> None:
    image = draw_sheet(["25"])
    (number,) = read(image, stubbed()).numbers
    inked = np.argwhere(image.max(axis=2) < 120)
    (top, left), (bottom, right) = inked.min(axis=0), inked.max(axis=0)
    x, y, w, h = number.box
    assert np.abs(np.array([x, y, x + w - 1, y + h - 1]) - (left, top, right, bottom)).max() <= 0.06 * h


def test_what_the_network_calls_no_digit_is_refused_with_a_reason() -> None:
    page = read(draw_sheet(["2468"]), Networks(FINDER, Stub(sure=0.05, reject=0.9), InkRows("~")))
    assert page.numbers == []
    assert len(page.refusals) >= 4 and all(page.refusals)
    assert {str(refusal) for refusal in page.refusals} == {"not a digit (0.90)"}


def test_an_unsure_network_gives_places_not_gaps() -> None:
    unsure = Networks(FINDER, Stub(sure=0.4), InkRows(sure=0.1))
    assert texts(read(draw_sheet(["2468", "36"]), unsure).numbers) == ["????", "??"]


@pytest.mark.parametrize(("dark", "polarity"), [(True, "dark"), (False, "light")])
def test_the_polarity_asked_for_is_the_one_read(dark: bool, polarity: str) -> None:
    image = draw_sheet(["2468"], dark=dark)
    other = {"dark": "light", "light": "dark"}[polarity]
    assert texts(read(image, stubbed(), polarity=polarity).numbers) == ["7777"]
    assert "7777" not in texts(read(image, stubbed(), polarity=other).numbers)


def test_the_other_light_reads_the_same() -> None:
    image = draw_sheet(["13579", "24 68"])
    one, other = read(image, stubbed()), read(255 - image, stubbed())
    assert texts(one.numbers) == texts(other.numbers)
    apart = np.subtract([number.box for number in one.numbers], [number.box for number in other.numbers])
    assert np.abs(apart).max() <= 4  # pixels of 110


@pytest.mark.parametrize("size", [(160, 120), (640, 480), (1920, 1080), (4000, 3000)])
def test_any_size_of_picture_is_read(size: tuple[int, int]) -> None:
    image = cv2.resize(draw_sheet(["246"]), size, interpolation=cv2.INTER_AREA if size[0] < 640 else cv2.INTER_CUBIC)
    assert texts(read(image, stubbed()).numbers) == ["777"]


def test_the_same_frame_gives_the_same_page() -> None:
    image = draw_sheet(["2468", "36"])
    before = image.copy()
    one, other = read(image, stubbed()), read(image, stubbed())
    assert np.array_equal(image, before)
    assert one.numbers == other.numbers and np.array_equal(one.crops, other.crops)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((20, 30, 3), np.float32),
        np.zeros((20, 30, 4), np.uint8),
        np.zeros((0, 30, 3), np.uint8),
        np.zeros(30, np.uint8),
    ],
)
def test_other_arrays_are_refused(image: NDArray) -> None:
    with pytest.raises(ValueError, match="image"):
        read(image, stubbed())


def test_an_unknown_polarity_is_named() -> None:
    with pytest.raises(ValueError, match="pink"):
        read(np.zeros((20, 30, 3), np.uint8), stubbed(), polarity="pink")


def test_the_bundled_network_reads_drawn_sheets(networks: Networks) -> None:
    for dark in (True, False):
        rows = ["2468", "13579", "06"]
        numbers = read(draw_sheet(rows, (800, 600), dark=dark), networks).numbers
        assert texts(numbers) == rows


@pytest.mark.parametrize("sign", "0123456789")
def test_a_picture_cut_tight_around_a_digit_is_read_and_boxed_within_it(sign: str, networks: Networks) -> None:
    ink = draw_digit(sign, 60)
    x, y, w, h = cv2.boundingRect(ink)
    tight = cv2.cvtColor(210 - (ink[y : y + h, x : x + w] * 0.7).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    for image in (tight, 255 - tight):
        page = read(image, networks)
        assert [number.text for number in page.numbers] == [sign]
        left, top, width, height = page.numbers[0].box
        assert left <= 2 and top <= 2 and w - 2 <= left + width <= w and h - 2 <= top + height <= h
