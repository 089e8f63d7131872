"""Cut the lines of drawn scenes as strips for the row network, as reading cuts them from pictures, with what they say.

A text of letters is one "~", and so is one that was struck out. A strip into which another line's digit reaches, or
whose own digits nobody could read, is left out. Strips along edges in rooms, where a finder may see a digit, say
nothing.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from realtime.reading import strips
from realtime.reading.strips import COVER, HEIGHT, Cut
from training.scenes import layouts
from training.scenes.canvas import Mark, Written
from training.scenes.draw import Source, draw, empty
from training.scenes.glyphs import LETTERS
from training.scenes.truth import Scene
from training.scenes.wording import ALPHABET, GAP, OTHER, tidy

LONGEST = 480  # columns of a strip
LOST = 0.07  # share of the digits whose place the line does not know, as a finder misses some
SHIFTED = 0.05  # deviation of a box from its digit, heights
WORDS = 0.4  # share of the lines that reach over the words and signs at their ends
ROOMS = 0.12  # share of the scenes that are rooms without writing
EDGES = 6  # strips of a room
APART = 8.0  # heights between two texts of one line, along it, at most
ASIDE, FALLING = 0.35, 0.15  # heights across it, and share of those along it that are added
EM = HEIGHT / COVER  # columns
_LAYOUTS = {how: share for how, share in layouts.LAYOUTS.items() if how not in (layouts.wordy, layouts.scribbled)}

Strip = tuple[NDArray[np.uint8], str]


def lines(source: Source, rng: Generator, times: int) -> Iterator[Strip]:
    """Draw scenes and yield their lines without end, each cut so many times: strips (32, W) uint8 and what they say."""
    ways, shares = list(_LAYOUTS), np.array(list(_LAYOUTS.values()))
    while True:
        if rng.random() < ROOMS:
            yield from _edges(empty(source.grounds, rng), rng)
            continue
        how = ways[rng.choice(len(ways), p=shares / shares.sum())]
        scene = draw(source, rng, layout=how)
        for _ in range(times):
            yield from lines_of(scene, rng)


def lines_of(scene: Scene, rng: Generator) -> Iterator[Strip]:
    """Yield the lines of one scene that a person could read."""
    clear = {id(digit) for digit in scene.digits}
    groups = _grouped([text for text in scene.texts if text.marks])
    for group in groups:
        marks = [mark for text in group for mark in text.marks]
        digits = [mark for text in group for mark in text.marks if mark.digit is not None or text.struck]
        if not digits or any(id(mark.digit) not in clear for mark in digits if mark.digit is not None):
            continue
        cut = strips.cut(scene.image, strips.through(_boxes(digits, marks, rng)))
        others = [mark for other in groups if other is not group for text in other for mark in text.marks]
        if cut.pixels.shape[1] <= LONGEST and (told := _told(cut, group, others)) is not None:
            yield cut.pixels, told


def _edges(scene: Scene, rng: Generator) -> Iterator[Strip]:
    """Yield strips along strong edges of a room; of a page of words nobody knows what they say."""
    if not scene.known:
        return
    grey = cv2.GaussianBlur(cv2.cvtColor(scene.image, cv2.COLOR_BGR2GRAY), (0, 0), 1.5).astype(np.float32)
    steep = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0)) + 0.3 * np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1)) + 0.1
    reach = np.cumsum(steep)
    for place in np.searchsorted(reach, rng.uniform(0, reach[-1], EDGES)).tolist():
        y, x = divmod(min(place, steep.size - 1), steep.shape[1])
        height = len(grey) * np.exp(rng.uniform(np.log(0.04), np.log(0.6)))
        wide = height * rng.uniform(0.15, 0.8)
        count = int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))
        left = x - wide / 2 + np.arange(count) * height * rng.uniform(0.6, 2.0)
        top = y - height * rng.uniform(0.2, 0.8) + rng.normal(0, 0.1, count) * height
        boxes = np.column_stack([left, top, np.full(count, wide), height * rng.uniform(0.8, 1.0, count)])
        cut = strips.cut(scene.image, strips.through(np.rint(boxes).astype(np.int32)))
        if cut.pixels.shape[1] <= LONGEST:
            yield cut.pixels, ""


def _grouped(texts: list[Written]) -> list[list[Written]]:
    """Join texts that were written one after another on one line."""
    steps = [_middle(t.marks[-1]) - _middle(t.marks[0]) for t in texts if len(t.marks) > 2]
    ahead = np.median(steps, axis=0) if steps else np.array([1.0, 0.0])
    ahead /= max(float(np.hypot(*ahead)), 1e-6)
    groups: list[list[Written]] = []
    for text in texts:
        if groups:
            last = groups[-1][-1]
            height = max(float(np.ptp(mark.hull[:, 1])) for mark in (*last.marks, *text.marks))
            step = (_middle(text.marks[0]) - _middle(last.marks[-1])) / max(height, 1.0)
            along, across = float(step @ ahead), abs(float(step[1] * ahead[0] - step[0] * ahead[1]))
            if 0 < along < APART and across < ASIDE + FALLING * along:
                groups[-1].append(text)
                continue
        groups.append([text])
    return groups


def _middle(mark: Mark) -> NDArray[np.float64]:
    return (mark.hull.min(axis=0) + mark.hull.max(axis=0)).astype(np.float64) / 2


def _boxes(digits: list[Mark], marks: list[Mark], rng: Generator) -> NDArray[np.int32]:
    """Return boxes (N, 4) as a finder gives them: a little wrong, now and then one lost, at times with letters."""
    found = [mark for mark in digits if rng.random() > LOST] or digits
    if rng.random() < WORDS:
        height = float(np.median([np.ptp(mark.hull[:, 1]) for mark in digits]))
        found = [mark for mark in marks if mark.digit or np.ptp(mark.hull[:, 1]) > 0.6 * height]
    boxes = []
    for mark in found:
        low, high = mark.hull.min(axis=0), mark.hull.max(axis=0)
        wrong = rng.normal(0, SHIFTED * (high[1] - low[1]), 4)
        (x, y), (w, h) = (low + wrong[:2]).tolist(), (high - low + wrong[2:]).tolist()
        boxes.append([x, y, max(w, 1), max(h, 2)])
    return np.rint(boxes).astype(np.int32)


def _told(cut: Cut, group: list[Written], others: list[Mark]) -> str | None:
    """Return what a strip says; None where nobody can tell, or something else stands in it."""
    width = cut.pixels.shape[1]
    if others:
        _, aside = _placed(cut, np.stack([_middle(mark) for mark in others]))
        for mark in (others[k] for k in np.flatnonzero(np.abs(aside) < 0.5)):
            start, end = _columns(cut, mark)
            if end > 0.1 * EM and start < width - 0.1 * EM:
                return None
    signs: list[tuple[float, str, tuple[int, int]]] = []
    for k, text in enumerate(group):
        for mark, sign, part in zip(text.marks, _signs(text), _parts(text), strict=True):
            start, end = _columns(cut, mark)
            shown = min(end, width) - max(start, 0)
            if shown >= 0.6 * (end - start):
                signs.append(((start + end) / 2, sign, (k, part)))
            elif shown > 0.25 * EM:
                if sign != OTHER:
                    return None
                signs.append(((start + end) / 2, sign, (k, part)))
    told, before = "", (0, 0)
    for _, sign, place in sorted(signs):
        told += GAP * (place != before) + sign
        before = place
    return tidy(told)


def _parts(text: Written) -> list[int]:
    """Return how many gaps of its text stand before each mark; those out of view are skipped."""
    parts, at = [], 0
    for mark in text.marks:
        at = max(text.text.find(mark.char, at), at)
        parts.append(text.text.count(GAP, 0, at))
        at += 1
    return parts


def _columns(cut: Cut, mark: Mark) -> tuple[float, float]:
    """Return from which column to which a mark is seen, beyond the strip's ends too."""
    hull = mark.hull
    ends = np.stack([hull[hull[:, 0].argmin()], hull[hull[:, 0].argmax()]]).astype(np.float64)
    along, _ = _placed(cut, ends)
    return float(along.min()), float(along.max())


def _placed(cut: Cut, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the columns (N,) of points (N, 2), beyond the strip's ends too, and how far off its middle, edges at 1."""
    away = points[:, None] - cut.middle[None]
    nearest = (away * away).sum(axis=2).argmin(axis=1)
    last = len(cut.middle) - 1
    ahead = cut.middle[np.minimum(nearest + 1, last)] - cut.middle[np.maximum(np.minimum(nearest, last - 1), 0)]
    off, down = points - cut.middle[nearest], cut.down[nearest]
    along = nearest + 0.5 + (off * ahead).sum(axis=1) / (ahead**2).sum(axis=1)
    return along, (off * down).sum(axis=1) / (down**2).sum(axis=1)


def _signs(text: Written) -> list[str]:
    """Return what each mark of a text is to be read as."""
    chars = [mark.char for mark in text.marks]
    told = []
    for k, mark in enumerate(text.marks):
        beside = (chars[k - 1] if k else "", chars[k + 1] if k + 1 < len(chars) else "")
        lettered = mark.char in LETTERS and (mark.char != "x" or any(c and c in LETTERS for c in beside))
        known = mark.char in ALPHABET and not lettered and not text.struck
        told.append(mark.char if known and (mark.digit or not mark.char.isdigit()) else OTHER)
    return told


def sheet(drawn: list[Strip]) -> NDArray[np.uint8]:
    """Return strips one below another, each with what it says."""
    rows = []
    for pixels, text in drawn:
        row = np.full((HEIGHT + 2, LONGEST + 300), 90, np.uint8)
        row[1:-1, : pixels.shape[1]] = pixels
        cv2.putText(row, text, (LONGEST + 6, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 1, cv2.LINE_AA)
        rows.append(row)
    return np.vstack(rows)
