"""Export: proves a checkpoint and its ONNX file equal, and writes the file."""

import sys
from importlib.util import find_spec

if missing := [name for name in ("torch", "onnx", "onnxscript") if find_spec(name) is None]:
    sys.exit(f"error: export needs {' and '.join(missing)}, which reading does not: pip install 'livedigits[train]'")
