"""Show how a picture was read, step by step, in one figure: how a user sees why a digit was missed."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.outputs.files import write_whole
from realtime.outputs.overlay import SETTLED, draw, draw_box
from realtime.reading.map_picture import lay_over
from realtime.reading.page import Page
from realtime.tracking.tracker import settle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REFUSED = (60, 60, 230)  # colour of the box around what is no digit, BGR
# So many of the things found are shown, those most like digits, in so many columns. Set by hand.
MAX_CROPS, CROP_COLUMNS = 36, 6


def explain(path: Path, image: NDArray[np.uint8], page: Page, title: str) -> None:
    """Write the figure of one picture (H, W, 3) BGR and its page as a PNG. Raises OutputError where it cannot.

    The picture, what the finder saw in it, what was read or refused, the numbers; then for each thing found the
    network's input with bars of confidence for 0 to 9 and for no digit, and why it was refused.
    """
    from matplotlib.figure import Figure  # here, since it takes as long to import as all the rest

    refused = np.array([bool(refusal) for refusal in page.refusals], float)
    shown = np.sort(np.argsort(page.reject + refused, kind="stable")[:MAX_CROPS])
    rows = -(-len(shown) // CROP_COLUMNS)
    figure = Figure(figsize=(16, 10 + 1.9 * rows), layout="constrained")
    figure.suptitle(title, parse_math=False)
    parts = figure.subfigures(2, 1, squeeze=False, height_ratios=[10, max(0.1, 1.9 * rows)])
    top, bottom = cast("NDArray[np.object_]", parts)[:, 0]
    text = " | ".join(number.text for number in page.numbers) or "nothing"
    steps = {
        "picture": image,
        "finder: ink of digits blue, their cores orange, other ink violet": lay_over(image, page.looks),
        "found: green read, red refused": _found(image, page),
        f"read: {text}": draw(image, settle(page.numbers)),
    }
    for axes, (name, picture) in zip(top.subplots(2, 2).flat, steps.items(), strict=True):
        axes.imshow(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB) if picture.ndim == 3 else picture, cmap="gray")
        axes.set_title(name, parse_math=False)
        axes.set_axis_off()
    if rows:
        pairs = bottom.subplots(rows, 2 * CROP_COLUMNS, squeeze=False).reshape(-1, 2)
        for k, axes in enumerate(pairs):
            _draw_crop(axes[0], axes[1], page, int(shown[k])) if k < len(shown) else [a.set_axis_off() for a in axes]
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=80)
    write_whole(path, data.getvalue())


def _found(image: NDArray[np.uint8], page: Page) -> NDArray[np.uint8]:
    """Return the picture with a box around each thing that was found."""
    canvas = image.copy()
    thickness = max(1, round(max(image.shape[:2]) / 640))
    for box, refusal in zip(page.boxes.tolist(), page.refusals, strict=True):
        draw_box(canvas, tuple(box), REFUSED if refusal else SETTLED, thickness)
    return canvas


def _draw_crop(picture: "Axes", bars: "Axes", page: Page, blob: int) -> None:
    """Draw one blob's crop as the network sees it, and what was made of it."""
    refusal = page.refusals[blob]
    colour = "tab:red" if refusal else "tab:green"
    x, y, *_ = page.boxes[blob].tolist()
    picture.imshow(page.crops[blob, 0], cmap="gray", vmin=0, vmax=255)
    picture.set_title(f"at {x}, {y}", fontsize=7)
    picture.set_axis_off()
    bars.bar(range(11), [*page.digits[blob], page.reject[blob]], color=[colour] * 10 + ["tab:gray"])
    bars.set_ylim(0, 1)
    bars.set_yticks([])
    bars.set_xticks(range(11), [*"0123456789", "no"], fontsize=6)
    bars.set_title(str(refusal or "read")[:34], fontsize=7, color=colour, parse_math=False)
