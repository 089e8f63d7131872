"""Write figures."""

import io
from pathlib import Path

from matplotlib.figure import Figure

from realtime.outputs.files import write_whole


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all. Raises OutputError."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=100)
    write_whole(path, picture.getvalue())
