"""Take ruled lines out of blobs, so that a digit that stands on its line is a blob of its own.

Runs of ink along a straight line that are no thicker than the line are removed; where a stroke crosses, the run is
longer and stays (the staff-line removal of optical music recognition: Dalitz et al., 2008, 'LineTrackHeight').
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.components import components

# Set by hand on photos of ruled and squared sheets, forms and tables, and on drawn scenes of these.
# A blob may hold lines where its strokes are thin and it is wider than MIN_LINE_ASPECT times its height, or than the
# share MIN_SPAN of the picture, or shuts in another blob that is higher than the share MIN_ENCLOSED of it, as boxes do.
MIN_LINE_ASPECT, MIN_SPAN, MIN_ENCLOSED = 2.2, 0.5, 0.3
# So may an upright that is higher than the share MIN_UPRIGHT_SPAN of the picture, with strokes narrower than the share
# MAX_UPRIGHT_STROKE of the picture's height: wider ones are a large digit's.
MIN_UPRIGHT_SPAN, MAX_UPRIGHT_STROKE = 0.9, 0.012
# Strokes are thin where narrower than the share MAX_LINE_STROKE of their blob's width, and than the larger of two: the
# share MAX_PICTURE_STROKE of the picture's longest side, and MAX_BLOB_STROKE of the blob's shorter side.
MAX_LINE_STROKE, MAX_PICTURE_STROKE, MAX_BLOB_STROKE = 0.06, 0.02, 0.12
MIN_WALL = 0.75  # an upright through this share of the distance between two level lines is the wall of a box
WALL_STROKE = 1.5  # a wall is no thicker than this many times the lines it joins, and a pixel: a pen's stroke is
# Share of its length over which a level line, and an upright, has ink: digits that fill the space between two lines
# have sides of their own.
MIN_INKED, MIN_UPRIGHT_INKED = 0.6, 0.9
MAX_LINES = 40  # lines of one blob: squared paper is one blob with all its lines
SAMPLE = 1000  # pixels of a blob that vote on where its lines are: bounds the time
ON_LINE = 1.5  # farthest that a run of ink is from the line it is on, pixels
MAX_THICKNESS = 1.6  # runs thicker than this many times the usual run of their line, and a pixel, belong to a stroke
MIN_REST_SIDE = 5  # what is left beside a line and has a shorter longest side stays with the line, pixels
SLOPES = np.tan(np.radians(np.linspace(-12, 12, 49))).astype(np.float32)  # of the level lines looked for
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def part_lines(
    labels: NDArray[np.int32], boxes: NDArray[np.int32], stroke: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.intp], NDArray[np.bool_]]:
    """Part blobs that hold straight lines into the lines and what stands on them, which is relabelled in place.

    labels: (h, w) int32, i + 1 on the ink of blob i. boxes: (N, 4) int32 x, y, w, h. stroke: (N,) float32, mean width
    of the strokes, pixels. Returns boxes and strokes of M >= N blobs; origin (M,), which blob each was part of; ruled
    (M,) bool, which of them are lines now.
    """
    w, h = boxes[:, 2], boxes[:, 3]
    height, width = labels.shape
    checked = stroke < np.minimum(
        MAX_LINE_STROKE * w, np.maximum(MAX_PICTURE_STROKE * max(height, width), MAX_BLOB_STROKE * np.minimum(w, h))
    )
    long = (
        (w > MIN_LINE_ASPECT * h)
        | (w > MIN_SPAN * width)
        | ((h > MIN_UPRIGHT_SPAN * height) & (stroke < MAX_UPRIGHT_STROKE * height))
    )
    checked[checked] = long[checked] | _enclosing(boxes[checked], boxes)
    parts, strokes, origin = list(boxes), list(stroke), list(range(len(boxes)))
    ruled = np.zeros(len(boxes), bool)
    for i in np.flatnonzero(checked).tolist():
        x, y, bw, bh = boxes[i].tolist()
        view = labels[y : y + bh, x : x + bw]
        ink = (view == i + 1).view(np.uint8)
        line, rest, found = _find_ruling(ink, height)
        if not line.any() or (bh > bw and not len(found)):
            continue  # an upright stroke alone may be a 1
        ruled[i] = True
        for part in np.flatnonzero(found[:, 2:].max(axis=1, initial=0) >= MIN_REST_SIDE).tolist():
            left, top, wide, high = found[part].tolist()
            own = rest[top : top + high, left : left + wide] == part + 1
            parts.append(np.array([x + left, y + top, wide, high], np.int32))
            strokes.append(_stroke_width(own.view(np.uint8)))
            origin.append(i)
            view[top : top + high, left : left + wide][own] = len(parts)
        strokes[i] = _stroke_width((view == i + 1).view(np.uint8))
    ruled = np.concatenate([ruled, np.zeros(len(parts) - len(boxes), bool)])
    boxes, stroke = np.array(parts, np.int32).reshape(-1, 4), np.array(strokes, np.float32)
    return boxes, stroke, np.array(origin, np.intp), ruled


def core(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return ink, (h, w) uint8 of 0 and 1, without its outline: the pixels that have no ink on one of four sides."""
    return cv2.erode(ink, CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=0)


def _stroke_width(ink: NDArray[np.uint8]) -> float:
    """Return the mean width of strokes, (h, w) uint8 of 0 and 1, pixels: twice their area over their outline."""
    area = cv2.countNonZero(ink)
    outline: int = area - cv2.countNonZero(core(ink))
    return 2 * area / max(outline, 1)


def _enclosing(boxes: NDArray[np.int32], others: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell for each of N boxes, (N,) bool, whether one of the others, (M, 4), that is of some size lies inside it."""
    start, stop = others[:, :2], others[:, :2] + others[:, 2:]
    inside = (boxes[:, None, :2] < start).all(axis=2) & ((boxes[:, :2] + boxes[:, 2:])[:, None] > stop).all(axis=2)
    return np.any(inside & (others[:, 3] > MIN_ENCLOSED * boxes[:, None, 3]), axis=1)


def _find_ruling(
    ink: NDArray[np.uint8], height: int
) -> tuple[NDArray[np.uint8], NDArray[np.generic], NDArray[np.int32]]:
    """Mark level lines in a blob, (h, w) uint8 of 0 and 1, and the uprights that cross or join them.

    height: the picture's. Uprights are looked for only in what runs through the picture or from line to line, since
    digits hold upright strokes of their own. Returns with the marks labels and boxes of the ink that is left.
    """
    marked, levels = _find_lines(ink)
    labels, boxes = components(ink & ~marked)
    reach = MIN_WALL * float(np.diff(np.sort(levels)).max()) if len(levels) > 1 else MIN_UPRIGHT_SPAN * height
    high = np.flatnonzero(boxes[:, 3] >= max(reach, MIN_REST_SIDE))
    if not len(high):
        return marked, labels, boxes
    columns = int(np.count_nonzero(marked.any(axis=0))) * max(1, len(levels))
    thickest = WALL_STROKE * cv2.countNonZero(marked) / max(1, columns) + 1
    beside = cv2.dilate(marked, np.ones((5, 5), np.uint8))
    for part in high.tolist():
        x, y, w, h = boxes[part].tolist()
        upright = (labels[y : y + h, x : x + w] == part + 1).view(np.uint8)
        joins = upright & beside[y : y + h, x : x + w]
        if h >= MIN_UPRIGHT_SPAN * height or (joins[: h // 4].any() and joins[-(h // 4) :].any()):
            wall = _find_lines(cv2.transpose(upright), MIN_UPRIGHT_INKED)[0].T
            if not levels or np.median(np.count_nonzero(wall, axis=1)) <= thickest:
                marked[y : y + h, x : x + w] |= wall
    return marked, *components(ink & ~marked)


def _find_lines(ink: NDArray[np.uint8], covered: float = MIN_INKED) -> tuple[NDArray[np.uint8], list[float]]:
    """Mark the pixels of nearly level straight lines in a blob, (h, w) uint8 of 0 and 1; return also their heights."""
    height, width = ink.shape
    # The runs of ink, column by column: each column begins and ends with paper, so they lie between changes.
    upright = cv2.copyMakeBorder(cv2.transpose(ink), 0, 0, 1, 1, cv2.BORDER_CONSTANT, value=0).ravel()
    changes = np.flatnonzero(upright[1:] != upright[:-1])
    column, start = np.divmod(changes[::2], height + 2)
    runs = np.stack([column, start, changes[1::2] % (height + 2)])
    marked = np.zeros_like(ink)
    levels: list[float] = []
    while len(levels) < MAX_LINES:
        found = _best_line(runs, ink.shape, covered)
        if found is None:
            break
        line = _trace(runs, width, *found)
        if not len(line):
            break
        x, y = _pixels(runs[:, line])
        marked[y, x] = 1
        runs = np.delete(runs, line, axis=1)
        levels.append(found[1] + found[0] * width / 2)
    return marked, levels


def _pixels(runs: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return x and y of each pixel, (K,), of runs (3, R): column, first row, row after the last."""
    column, start, stop = runs
    length = stop - start
    before = np.cumsum(length) - length
    return np.repeat(column, length), np.repeat(start - before, length) + np.arange(length.sum())


def _best_line(runs: NDArray[np.intp], shape: tuple[int, int], covered: float) -> tuple[float, float] | None:
    """Return slope and offset of the straight line that most columns support, or None where too few do."""
    height, width = shape
    column, start, stop = runs
    if np.count_nonzero(np.diff(column)) + 1 < covered * width:
        return None
    x, y = _pixels(runs)
    step = -(-len(x) // SAMPLE)
    x, y = (x[::step] - width / 2).astype(np.float32), y[::step].astype(np.float32)
    span = float(SLOPES.max()) * width / 2
    bins = int(height + 2 * span) + 3
    places = y + (span + 0.5 + bins * np.arange(len(SLOPES)))[:, None].astype(np.float32) - SLOPES[:, None] * x
    votes = np.bincount(places.astype(np.intp).ravel(), minlength=bins * len(SLOPES))
    peak = int(votes.argmax())
    slope = float(SLOPES[peak // bins])
    offset = peak % bins - span - slope * width / 2
    level = np.round(slope * column + offset)
    near = np.zeros(width, bool)
    near[column[(start <= level + 1) & (stop >= level)]] = True
    return (slope, offset) if near.mean() >= covered else None


def _trace(runs: NDArray[np.intp], width: int, slope: float, offset: float) -> NDArray[np.intp]:
    """Return the indices of those runs of ink that lie on a line and are no thicker than it."""
    column, start, stop = runs
    level = slope * column + offset
    distance = np.maximum(np.maximum(start - level, level - (stop - 1)), 0)
    nearest = np.full(width, -1)  # the run nearest the line in each column
    order = np.argsort(-distance, kind="stable")  # the nearest is written last
    nearest[column[order]] = order
    nearest = nearest[nearest >= 0]
    thick, distance = (stop - start)[nearest], distance[nearest]
    if not (distance <= ON_LINE).any():
        return nearest[:0]
    usual = float(np.median(thick[distance <= ON_LINE]))
    return nearest[(distance <= max(2.0, usual)) & (thick <= MAX_THICKNESS * usual + 1)]
