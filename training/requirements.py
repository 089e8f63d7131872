"""Say in one line which packages of the extra `train` a command lacks; --help works without them."""

import sys
from importlib.util import find_spec

from realtime.commands.console import FAILED, note


def require(*packages: str) -> None:
    """Exit with status 1 and a line that says what to install where one of these packages is missing."""
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        note(f"error: this needs {' and '.join(missing)}, which reading does not: pip install 'livedigits[train]'")
        sys.exit(FAILED)
