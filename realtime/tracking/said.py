"""Keep what a person said of the digits of a number, for as long as each of them looks as it did then."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.box import Box
from realtime.reading.page import USER, Digit, Number

# Correlation above which a digit looks as it did. Set by hand: the same ink with other noise lies above, a digit
# written anew below.
SAME_LOOK = 0.8
FORGET = 0.5  # s for which a digit may look otherwise, blurred or half covered, before what was said of it is forgotten
REACH = 0.4  # heights; a digit farther than this from its place is not the one that was spoken of


@dataclass
class Saying:
    """What a person said that a digit is: its label, how it looked, what it was before, and when it last looked so."""

    label: str
    look: NDArray[np.float32]
    before: Digit
    time: float


class Said:
    """What was said of the digits of one number, by their places in it."""

    def __init__(self) -> None:
        self._sayings: dict[int, Saying] = {}
        self._now: dict[int, Saying] = {}  # the same, by the places in the reading that was heard last

    def say(self, place: int, saying: Saying) -> None:
        """Take note of what a digit is; what was said of it earlier no longer counts."""
        before = self._sayings.get(place)
        self._sayings[place] = replace(saying, before=before.before) if before else saying

    def take_back(self, place: int) -> Digit | None:
        """Forget what was said of a digit and return what it was before, None where nothing was said."""
        said = self._sayings.pop(place, None)
        return said.before if said else None

    def apply(self, number: Number, boxes: NDArray[np.float64], time: float, image: NDArray[np.uint8] | None) -> Number:
        """Return a reading with what was said in place of what was read.

        boxes: (n, 4) of the digits as they were known. image: the frame, (H, W, 3); with it a digit that no longer
        looks as it did is told from one that does.
        """
        self._now = {}
        if not self._sayings:
            return number
        digits = list(number.digits)
        for place, said in list(self._sayings.items()):
            now = place if len(boxes) == len(digits) else _nearest(digits, boxes[place])
            if now is None:
                continue
            if image is None or float((look_of(image, digits[now].box) * said.look).sum()) > SAME_LOOK:
                said.time = time
            if time - said.time > FORGET:
                del self._sayings[place]
                continue
            self._now[now] = said
            digits[now] = said_to_be(digits[now], said.label)
        return replace(number, digits=tuple(digits))

    def follow(self) -> None:
        """Take the places of the reading that was heard last for those of the number from now on."""
        self._sayings, self._now = self._now, {}


def said_to_be(digit: Digit, label: str) -> Digit:
    """Return a digit as a person says it is."""
    chances = np.zeros(10, np.float32)
    chances[int(label)] = 1.0
    return replace(digit, text=label, confidence=1.0, probabilities=chances, by=USER)


def look_of(image: NDArray[np.uint8], box: Box) -> NDArray[np.float32]:
    """Return the look of a digit, (20, 20), of mean 0 and length 1: its product with another is their correlation.

    image: (H, W, 3) BGR. Outside it there is nothing to see: 0.
    """
    x, y, w, h = box
    patch = image[max(0, y) : max(0, y + h), max(0, x) : max(0, x + w)]
    if not patch.size:
        return np.zeros((20, 20), np.float32)
    grey = cv2.resize(cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY), (20, 20), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(grey, (0, 0), 1).astype(np.float32)
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-6)


def _nearest(digits: list[Digit], box: NDArray[np.float64]) -> int | None:
    """Return which digit stands at a place, x, y, w, h; None where none does."""
    boxes = np.array([digit.box for digit in digits], np.float64)
    away = np.abs(boxes[:, :2] + boxes[:, 2:] / 2 - box[:2] - box[2:] / 2).max(axis=1)
    nearest = int(away.argmin())
    return nearest if away[nearest] <= REACH * box[3] else None
