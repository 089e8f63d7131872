"""Show what pictures of one digit were read as: the confusion matrix as a table and as a picture."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.measuring.truth import DIGITS, LABELS
from realtime.outputs.files import write_whole
from realtime.reading.page import UNSURE

SEVERAL, NOTHING = "several", "nothing"  # what a picture of one digit may be read as besides a digit or "?"
READ_AS = (*DIGITS, UNSURE, SEVERAL, NOTHING)  # columns of a confusion matrix; its rows are the labels


def confusion_table(confusion: NDArray[np.int64]) -> list[str]:
    """Return the confusion matrix as lines of text, a row for each label that occurs."""
    widths = [max(5, len(column) + 2) for column in READ_AS]
    head = " " * 12 + "".join(f"{column:>{width}}" for column, width in zip(READ_AS, widths, strict=True))
    lines = [
        f"{label:<12}" + "".join(f"{count or '.':>{width}}" for count, width in zip(counts, widths, strict=True))
        for label, counts in zip(LABELS, confusion.tolist(), strict=True)
        if any(counts)
    ]
    return [head, *lines]


def draw_confusion(confusion: NDArray[np.int64], title: str, path: Path) -> None:
    """Write a confusion matrix as a PNG, shaded by the share of each label. Raises OutputError."""
    from matplotlib.figure import Figure  # here, since it takes as long to import as all the rest

    rows = np.flatnonzero(confusion.sum(axis=1))
    counts = confusion[rows]
    figure = Figure(figsize=(8, 1.2 + 0.5 * len(rows)), layout="constrained")
    axes = figure.add_subplot(xlabel="read", ylabel="true", title=title)
    axes.imshow(counts / counts.sum(axis=1, keepdims=True), cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(READ_AS)), READ_AS, rotation=45)
    axes.set_yticks(range(len(rows)), [LABELS[row] for row in rows])
    for (i, j), count in np.ndenumerate(counts):
        if count:
            colour = "white" if count > 0.6 * counts[i].sum() else "black"
            axes.text(j, i, str(count), ha="center", va="center", color=colour, fontsize=8)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110)
    write_whole(path, data.getvalue())
