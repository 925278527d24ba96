"""Weights of exported networks at half precision: half the size."""

import numpy as np
import onnx
from onnx import numpy_helper

LEAST = 256
"""Smaller tensors stay as they are."""


def store_half(network: onnx.ModelProto) -> onnx.ModelProto:
    """Stores weights at half precision where that loses nothing; a Cast restores single precision on loading."""
    casts = []
    for initializer in network.graph.initializer:
        weights = numpy_helper.to_array(initializer)
        if weights.dtype != np.float32 or weights.size < LEAST:
            continue
        with np.errstate(over='ignore'):
            half = weights.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), weights):
            continue
        name = initializer.name
        initializer.CopyFrom(numpy_helper.from_array(half, f'{name}.half'))
        casts.append(onnx.helper.make_node('Cast', [f'{name}.half'], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *network.graph.node]
    del network.graph.node[:]
    network.graph.node.extend(nodes)
    onnx.checker.check_model(network)
    return network
