"""Boxes in a picture."""

Box = tuple[int, int, int, int]  # x, y, w, h, half-open, pixels


def enclose(boxes: list[Box]) -> Box:
    """Return the smallest box around boxes x, y, w, h."""
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
    return left, top, right - left, bottom - top
