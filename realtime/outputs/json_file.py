"""Write the figures of the measuring commands."""

import json
from pathlib import Path

from realtime.outputs.sink import OutputError


def save_json(path: Path, figures: dict[str, object]) -> None:
    """Write figures as a JSON file, whole or not at all. Raises OutputError."""
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None
