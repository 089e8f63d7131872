"""Tell writing from parts of things by what the network does not see: the paper around ink and its strokes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.reading.ink import Ink

# Log odds that a blob is writing: where nothing is known, for one that the picture cuts off, and for each unit of the
# log odds that the network calls it no digit, of `crowding` and of `unevenness`. Fitted by logistic regression to what
# is read in photos of numbers and of single digits against what is read in clips of rooms and streets.
ODDS, CUT_ODDS, REJECT_ODDS, CROWDED_ODDS, UNEVEN_ODDS = 1.9, -2.2, -0.4, -5.3, -2.5
# All constants below were set by hand on the same pictures.
# Log odds for a 1 that is one bare stroke, for one with a flag or a foot, and for a bare stroke that leans, for each
# unit of its width over height above MAX_LEAN: edges, cables and folds look like a 1.
BARE_ODDS, FLAGGED_ODDS, LEANING_ODDS, MAX_LEAN = -3.0, -1.2, -5.0, 0.8
MAX_BARE = 1.3  # a stroke is bare where its length is below this many times its box's diagonal
# Log odds for a bare stroke, for each unit of `crowding`, no more of which counts than MAX_CROWDING.
CROWDED_BARE_ODDS, MAX_CROWDING = -12.0, 0.15
# Log odds for a 1 at the picture's edge that is narrower than the share MAX_EDGE of the picture: the edge of a thing.
EDGE_ODDS, MAX_EDGE = -4.0, 0.25
# Log odds for what was split off a blob and has at most the share MAX_PIECE of its width.
PIECE_ODDS, MAX_PIECE = -1.5, 0.9
MAX_CUT = 0.6  # a blob at the picture's edge is cut off where its longest side is below this share of the picture
RING_START, RING_STOP = 2, 6  # the ring around a blob that should be paper lies so far from its ink, pixels
DEPARTS = 0.3  # share of a blob's contrast by which a pixel of that ring departs from the paper


def writing_odds(
    ink: Ink,
    boxes: NDArray[np.int32],
    blobs: NDArray[np.intp],
    digits: NDArray[np.float32],
    reject: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Return the log odds (N,) that each of N boxes is writing rather than part of a thing.

    boxes: (N, 4), pixels of the mask. blobs: (N,) the blob that each is of. digits: (N, 10), reject: (N,) probabilities
    by the network.
    """
    height, width = ink.mask.shape
    start, stop = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    at_edge = (start <= 1).any(axis=1) | (stop >= np.array([width, height]) - 1).any(axis=1)
    cut = at_edge & (boxes[:, 2:].max(axis=1, initial=0) < MAX_CUT * min(height, width))
    no = np.clip(reject, 1e-3, 1 - 1e-3).astype(np.float64)
    one = digits.argmax(axis=1) == 1 if len(digits) else np.zeros(0, bool)
    bare = _bare(ink)[blobs]
    edge = one & at_edge & (boxes[:, 2] < MAX_EDGE * width)
    crowded, uneven = crowding(ink)[blobs], unevenness(ink)[blobs]
    odds = ODDS + CUT_ODDS * cut + REJECT_ODDS * np.log(no / (1 - no)) + CROWDED_ODDS * crowded + UNEVEN_ODDS * uneven
    leaning = np.maximum(boxes[:, 2] / np.maximum(boxes[:, 3], 1) - MAX_LEAN, 0)
    odds += bare * CROWDED_BARE_ODDS * np.minimum(crowded, MAX_CROWDING)
    odds += one * np.where(bare, BARE_ODDS + LEANING_ODDS * leaning, FLAGGED_ODDS)
    return odds + EDGE_ODDS * edge + PIECE_ODDS * (boxes[:, 2] < MAX_PIECE * ink.boxes[blobs, 2])


def _bare(ink: Ink) -> NDArray[np.bool_]:
    """Tell which blobs, (N,) bool, are one bare stroke: hardly longer than from corner to corner of their box."""
    area = np.bincount(ink.labels.ravel().take(ink.where), minlength=len(ink.boxes) + 1)[1:]
    return area < MAX_BARE * ink.stroke * np.hypot(ink.boxes[:, 2], ink.boxes[:, 3])


def unevenness(ink: Ink) -> NDArray[np.float32]:
    """Return for each blob, (N,), the deviation of its strokes' width over their mean.

    A pen draws strokes of one width, an edge or a shadow does not (Epshtein et al., 2010, stroke width transform).
    """
    count = len(ink.boxes) + 1
    distance = cv2.distanceTransform((ink.labels > 0).view(np.uint8), cv2.DIST_L2, 3)
    owner, width = ink.labels.ravel().take(ink.where), distance.ravel().take(ink.where)
    ridge = width >= cv2.dilate(distance, np.ones((3, 3), np.uint8)).ravel().take(ink.where)
    owner, width = owner[ridge], width[ridge].astype(np.float64)
    total = np.maximum(np.bincount(owner, minlength=count)[1:], 1)
    mean = np.bincount(owner, width, count)[1:] / total
    square = np.bincount(owner, width * width, count)[1:] / total
    return (np.sqrt(np.maximum(square - mean**2, 0)) / np.maximum(mean, 0.5)).astype(np.float32)


def crowding(ink: Ink) -> NDArray[np.float32]:
    """Return for each blob, (N,), the share of a ring around it that departs from the paper.

    Writing stands on paper; what furniture and clothes leave in the mask stands beside other things.
    """
    count = len(ink.boxes) + 1
    labels = ink.labels.astype(np.uint16)
    near, far = (cv2.dilate(labels, np.ones((2 * r + 1, 2 * r + 1), np.uint8)) for r in (RING_START, RING_STOP))
    ring = np.flatnonzero(near != far)
    owner = far.ravel().take(ring)
    departs = ink.depth.ravel().take(ring) > (DEPARTS * np.append(0, ink.contrast)).take(owner)
    # Ruled lines are part of the paper, with the soft edge that the mask leaves out; so is what else stands on them.
    paper = np.append(False, ink.ruled | ink.ruled[ink.origin])
    if paper.any():
        ruled = cv2.dilate(paper[ink.labels].view(np.uint8), np.ones((5, 1), np.uint8))
        departs &= ruled.ravel().take(ring) == 0
    pixels = np.bincount(owner, minlength=count)[1:]
    return (np.bincount(owner, departs, count)[1:] / np.maximum(pixels, 1)).astype(np.float32)
