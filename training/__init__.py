"""Training: learns digits from pictures."""

import sys
from importlib.util import find_spec

if find_spec("torch") is None:
    # The commands import what they need before they run: here is where it can be said in a line.
    sys.exit("error: training needs PyTorch, which reading does not: pip install 'livedigits[train]'")
