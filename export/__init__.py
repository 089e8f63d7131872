"""Export: proves that an ONNX file says what its checkpoint says, writes it, and promotes fine-tuned networks.

`export_onnx`, `finetune_digits` and `benchmark_network` are commands. `graph` turns a network into ONNX, `precision`
reduces its precision, `parity` holds a file against its network, `adopt` takes up other programs' weights, `exporter`
writes what passed, `promote` puts it into the place that reading looks in.
"""
