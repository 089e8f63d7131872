"""Export: proves a checkpoint and its ONNX file equal, and writes the file."""
