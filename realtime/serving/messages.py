"""Tell a page what to draw: the numbers of a frame, where their labels stand, what settled, how reading goes."""

import base64
import json
import struct
from dataclasses import asdict
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.live.state import Status
from realtime.outputs.overlay import HUES, Overlay, line_width, underline
from realtime.reading.box import Box
from realtime.reading.map_picture import lay_over
from realtime.tracking.tracked_frame import TrackedFrame

# Set by hand: a picture that is legible and small, and one of a number as it settled, at most so many pixels high.
QUALITY, CROP_QUALITY, CROP_HEIGHT, CROP_WIDTH = 80, 80, 56, 320
CROP_MARGIN = 0.25  # of a number's height, kept around it


def describe_frame(tracked: TrackedFrame, overlay: Overlay, status: Status) -> dict[str, Any]:
    """Return what a page shows of a frame: its JSON line, the marks over it and how reading goes."""
    image, tracks = tracked.frame.image, tracked.tracks
    labels = [
        {"id": tracks[label.number].id, "text": label.text, "box": label.box}
        for label in overlay.place(image, tracks)
        if not label.tag
    ]
    width = line_width(image)
    return {
        "frame": tracked.to_dict(),
        "labels": labels,
        "lines": [{"id": track.id, "points": underline(track, width)} for track in tracks],
        "regions": [{"name": name, "points": outline} for name, outline in tracked.read_page.regions],
        "missing": tracked.read_page.missing,
        "hues": len(HUES),
        "status": asdict(status),
    }


def describe_steps(tracked: TrackedFrame) -> dict[str, Any]:
    """Return what a page shows of the steps of reading a frame: what was refused, and why."""
    page = tracked.page
    pairs = zip(page.boxes.tolist(), page.refusals, strict=True)
    return {"refused": [{"box": box, "why": str(refusal)} for box, refusal in pairs if refusal]}


def picture_of(tracked: TrackedFrame, steps: bool) -> bytes:
    """Return a frame as JPEG; for the steps darkened, with what the finder saw over it."""
    image, page = tracked.frame.image, tracked.read_page
    return encode_jpeg(lay_over(image, page.looks, tracked.motion.matrix) if steps else image)


def describe_events(tracked: TrackedFrame) -> list[dict[str, Any]]:
    """Return what settled, changed or is held with a frame, each with a picture of it as a data address."""
    return [
        event.to_dict() | {"source": tracked.frame.source, "crop": _crop(tracked.frame.image, event.box)}
        for event in tracked.events
        if event.kind != "gone"
    ]


def encode_jpeg(image: NDArray[np.uint8], quality: int = QUALITY) -> bytes:
    """Return an image (H, W, 3) BGR as JPEG."""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def pack(message: dict[str, Any], jpeg: bytes = b"") -> bytes:
    """Return a message as one piece: the length of its JSON in four bytes, the JSON, and the picture."""
    text = json.dumps(message, ensure_ascii=False).encode(errors="backslashreplace")
    return struct.pack(">I", len(text)) + text + jpeg


def _crop(image: NDArray[np.uint8], box: Box) -> str:
    """Return a number cut out of an image as the address that holds it."""
    x, y, w, h = box
    margin = round(CROP_MARGIN * h)
    crop = image[max(0, y - margin) : y + h + margin, max(0, x - margin) : x + w + margin]
    if not crop.size:
        return ""
    scale = min(1.0, CROP_HEIGHT / crop.shape[0], CROP_WIDTH / crop.shape[1])
    size = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(small, CROP_QUALITY)).decode()
