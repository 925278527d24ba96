"""The 8-bit variant: matrix products with weights of 8 bits a channel and activations whose ranges are calibrated."""

import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from .checkpoint import TrainedModel
from .dataset import load_demonstrations
from .diffusion import integrate
from .observation import build_image
from .store_half import store_half
from .studio import Studio
from .tokenizer import encode

SAMPLES = 48
"""Observations from which the ranges are taken."""
LEAST = 16 * 1024
"""Matrices with fewer weights stay as they are: they cost little, and first and last layers suffer most."""
Inputs = list[dict[str, np.ndarray]]
"""For each observation the inputs of all networks, by name."""


@torch.no_grad()
def calibration_inputs(trained: TrainedModel, directories: list[Path]) -> Inputs:
    """What the networks get in use: observations of the demonstrations, and partly integrated flows for each."""
    torch.manual_seed(0)
    model, shape = trained.model, trained.config.model
    data = load_demonstrations(directories, shape)
    studio = Studio(data, trained.config)
    picks = torch.randperm(len(data.task))[:SAMPLES]
    batch = studio.batch(picks, disturbed=False, futures=1)
    image = build_image(batch.colour, batch.depth, batch.camera, studio.intrinsics)
    ids, mask = encode(trained.tokenizer, data.instructions)
    samples = []
    for i in range(len(picks)):
        task = batch.labels.task[i : i + 1]
        seen = (image[i : i + 1], batch.labels.state[i : i + 1], ids[task], mask[task])
        latent, _, arm_logit = model.encode(*seen)
        arm = (arm_logit[0] > 0).float().expand(4)
        goal = torch.zeros(4, shape.action_dim + 1) if i % 4 else model.subgoal_head(latent, arm)
        steps = i % 4
        noise = torch.randn(4, shape.horizon, shape.action_dim)

        def velocity(
            x: torch.Tensor, t: torch.Tensor, own: tuple[torch.Tensor, ...] = (latent, arm, goal)
        ) -> torch.Tensor:
            return model.decode(own[0], x, t, own[1], own[2])

        clean = integrate(velocity, noise, 4)
        share = steps / 4
        named = dict(zip(('image', 'proprioception', 'tokens', 'token_mask'), seen, strict=True))
        named |= {'latent': latent, 'arm': arm, 'subgoal': goal, 'time': torch.full((4,), share), 'actions': clean}
        named |= {'noisy_actions': (1 - share) * noise + share * clean}
        named |= {'noise': torch.zeros(4, shape.horizon, shape.action_dim, shape.action_bins)}
        samples.append({name: value.numpy() for name, value in named.items()})
    return samples


def quantise(source: Path, target: Path, inputs: Inputs, calibrated: bool) -> float:
    """Writes the 8-bit form of a network; returns its error: the r.m.s. of the outputs' differences over their spread."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_dynamic,
        quantize_static,
    )

    class Reader(CalibrationDataReader):
        """Hands the inputs on, one after the other."""

        def __init__(self, names: list[str]) -> None:
            self.samples: Iterator[dict[str, np.ndarray]] = iter([{n: s[n] for n in names} for s in inputs])

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.samples, None)

    names = [port.name for port in onnx.load(source).graph.input]
    logging.getLogger().setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter('ignore')
        plain = Path(folder) / 'plain.onnx'
        # Constants folded and shapes known, in single precision: what the quantiser reads.
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(plain)
        onnxruntime.InferenceSession(source, options, providers=['CPUExecutionProvider'])
        common = {
            'op_types_to_quantize': ['MatMul', 'Gemm'],
            'nodes_to_exclude': _small_products(onnx.load(plain)),
            'per_channel': True,
            'weight_type': QuantType.QInt8,
        }
        if calibrated:
            quantize_static(
                plain,
                target,
                Reader(names),
                quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8,
                calibrate_method=CalibrationMethod.MinMax,
                extra_options={'MatMulConstBOnly': True, 'QuantizeBias': False},
                **common,
            )
        else:
            quantize_dynamic(plain, target, extra_options={'MatMulConstBOnly': True}, **common)
    onnx.save(store_half(onnx.load(target)), target)
    return _error(source, target, names, inputs)


def _small_products(network: onnx.ModelProto) -> list[str]:
    weights = {tensor.name: int(np.prod(tensor.dims)) for tensor in network.graph.initializer}
    return [
        node.name
        for node in network.graph.node
        if node.op_type in ('MatMul', 'Gemm') and weights.get(node.input[1], 0) < LEAST
    ]


def _error(source: Path, target: Path, names: list[str], inputs: Inputs) -> float:
    sessions = [onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider']) for path in (source, target)]
    worst = 0.0
    found = [[session.run(None, {n: s[n] for n in names}) for s in inputs] for session in sessions]
    for number, port in enumerate(sessions[0].get_outputs()):
        if 'float' not in port.type:
            continue
        full, small = (np.concatenate([outputs[number].ravel() for outputs in each]) for each in found)
        worst = max(worst, float(np.sqrt(np.mean((full - small) ** 2)) / max(full.std(), 1e-6)))
    return float(f'{worst:.3g}')

