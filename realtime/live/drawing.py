"""Draw regions in the live window: drag one, type its name."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from realtime.live.display import BACKSPACE, ENTER, ESCAPE
from realtime.live.state import Controls, Draft

SMALLEST = 8  # pixels of the frame; a smaller region is a click that slipped; set by hand


def begin(controls: Controls) -> str:
    """Begin to draw a region, or leave off; return what to do next."""
    controls.draft = None if controls.draft else Draft()
    return "drag a region with the mouse; g leaves off" if controls.draft else "no region drawn"


def forget(controls: Controls) -> str:
    """Let go of all regions: the whole frame is read again."""
    controls.wanted, controls.draft = replace(controls.wanted, regions=()), None
    return "the whole frame is read"


def drag(controls: Controls, place: tuple[float, float], size: tuple[int, int], down: bool, up: bool) -> str:
    """Take the mouse at a place of a frame of size (w, h), just pressed, let go or moved; return what to do next."""
    draft = controls.draft or Draft()
    if draft.placed and not down:
        return "type its name, then Enter; Esc leaves off"
    place = min(max(place[0], 0), size[0]), min(max(place[1], 0), size[1])
    if down:
        controls.draft = Draft(place, place)
    elif draft.start is not None and not draft.placed:
        controls.draft = replace(draft, end=place, placed=up)
    box = controls.draft.box if controls.draft else None
    if up and box and min(box[2:]) < SMALLEST:
        controls.draft = Draft()
        return "that is too small: drag a region with the mouse"
    return "type its name, then Enter; Esc leaves off" if up else "drag a region with the mouse"


def spell(controls: Controls, key: str, image: NDArray[np.uint8]) -> str:
    """Take a key as a part of the name; Enter makes the region on the frame shown, in place of one of that name."""
    draft = controls.draft or Draft()
    if ord(key) == ESCAPE:
        controls.draft = None
        return "no region drawn"
    if ord(key) in ENTER and draft.name and draft.box:
        try:
            controls.wanted, controls.draft = controls.wanted.drawn(draft.name, draft.box, image), None
        except ValueError as error:
            return f"{error}: Enter tries again, Esc leaves off"
        return f"--region {controls.wanted.regions[-1]}"
    if ord(key) in BACKSPACE:
        controls.draft = replace(draft, name=draft.name[:-1])
    elif key.isalnum() or key in "_-":
        controls.draft = replace(draft, name=draft.name + key)
    return "type its name, then Enter; Esc leaves off"
