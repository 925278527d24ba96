"""Writes a trained model as ONNX networks, tokenizer and card, the form that the robot's runtime loads.

`python -m training.export --checkpoint OUT/checkpoint.pt --out models/cosmos3_micro`, or `--tiny --out DIR` for a small
random network of the same form.
"""

import argparse
import hashlib
import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from .checkpoint import TrainedModel, round_to_half
from .config import Config, load_config
from .model import CosmosTransformer
from .tokenizer import train_tokenizer

OPSET = 17
DT = 0.1
"""Time between the steps of an action chunk, s."""
PROPRIOCEPTION_LAYOUT = (
    ('commanded_position', 3),
    ('commanded_rotation', 6),
    ('measured_position', 3),
    ('measured_rotation', 6),
    ('gripper_command', 1),
    ('finger_flexion', 1),
    ('arm_joint_positions', 7),
)
TINY_INSTRUCTIONS = [
    f'{verb} up the {colour} {thing} and place it in the bin'
    for verb in ('pick', 'take')
    for colour in ('red', 'green', 'blue', 'yellow')
    for thing in ('cup', 'box', 'ball', 'can')
]
PARITY = 1e-4
"""Largest allowed difference between PyTorch and ONNX Runtime."""


class EncoderNetwork(nn.Module):
    """encoder.onnx: observation to world state."""

    def __init__(self, model: CosmosTransformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor, proprioception: Tensor, tokens: Tensor, token_mask: Tensor) -> tuple[Tensor, ...]:
        return self.model.encode(image, proprioception, tokens, token_mask)


class DecoderNetwork(nn.Module):
    """decoder.onnx: K candidates for one latent, [1, N, D], [K, H, A], [K] to [K, H, A]."""

    def __init__(self, model: CosmosTransformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, latent: Tensor, noisy_actions: Tensor, time: Tensor) -> Tensor:
        return self.model.decode(latent, noisy_actions, time)


def export_model(trained: TrainedModel, directory: Path) -> dict[str, Any]:
    """Writes encoder.onnx, decoder.onnx, tokenizer.json and card.json; returns the card.

    Raises RuntimeError if ONNX Runtime's results differ from PyTorch's by more than PARITY.
    """
    directory.mkdir(parents=True, exist_ok=True)
    model = trained.model.cpu().eval()
    round_to_half(model)
    encoder_inputs, decoder_inputs = example_inputs(model, candidates=2, observations=2)
    _write_onnx(
        EncoderNetwork(model),
        encoder_inputs,
        directory / 'encoder.onnx',
        ['image', 'proprioception', 'tokens', 'token_mask'],
        ['latent', 'objects'],
        {name: {0: 'observations'} for name in ('image', 'proprioception', 'tokens', 'token_mask', 'latent', 'objects')},
    )
    _write_onnx(
        DecoderNetwork(model),
        decoder_inputs,
        directory / 'decoder.onnx',
        ['latent', 'noisy_actions', 'time'],
        ['velocity'],
        {'noisy_actions': {0: 'candidates'}, 'time': {0: 'candidates'}, 'velocity': {0: 'candidates'}},
    )
    trained.tokenizer.save(str(directory / 'tokenizer.json'))
    difference = parity(model, directory)
    if difference > PARITY:
        raise RuntimeError(f'{directory}: ONNX Runtime differs from PyTorch by {difference:.2e}, more than {PARITY}')
    card = build_card(trained, directory, difference)
    (directory / 'card.json').write_text(json.dumps(card, indent=2) + '\n', encoding='utf-8')
    return card


def build_card(trained: TrainedModel, directory: Path, difference: float) -> dict[str, Any]:
    """The model card: what the runtime checks before it uses the model, and how the model was made."""
    shape = trained.config.model
    return {
        'id': trained.config.id,
        'version': trained.config.version,
        'files': {
            name: {'sha256': hashlib.sha256((directory / name).read_bytes()).hexdigest()}
            for name in ('encoder.onnx', 'decoder.onnx', 'tokenizer.json')
        },
        'history': shape.history,
        'image': {'height': shape.image_height, 'width': shape.image_width, 'channels': 6},
        'proprioception': {
            'dim': shape.proprioception_dim,
            'layout': [{'name': name, 'size': size} for name, size in PROPRIOCEPTION_LAYOUT],
        },
        'tokens': {'length': shape.token_length},
        'horizon': shape.horizon,
        'dt': DT,
        'action': {
            'dim': shape.action_dim,
            'mean': _rounded(trained.model.action_mean),
            'std': _rounded(trained.model.action_std),
            'representation': 'anchor_relative',
            'arm': 'right',
            'frame': 'base_link',
            'end_effector': 'r_gripper',
        },
        'slots': list(shape.slots),
        'training': {
            'parameters': sum(p.numel() for p in trained.model.parameters()),
            'parity': float(f'{difference:.1e}'),
            **trained.record,
            'config': trained.config.to_dict(),
        },
        'evaluation': {},
    }


def example_inputs(
    model: CosmosTransformer, candidates: int, seed: int = 0, observations: int = 1
) -> tuple[tuple[Tensor, ...], ...]:
    """Random inputs of the encoder and of the decoder network, some pixels without depth, half the tokens real.

    The decoder's are for the first of the observations.
    """
    shape = model.config
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(observations, shape.history, 6, shape.image_height, shape.image_width, generator=generator)
    image[:, :, 3:] *= (torch.rand(image[:, :, :1].shape, generator=generator) > 0.1).float()
    proprioception = torch.randn(observations, shape.proprioception_dim, generator=generator)
    proprioception = proprioception * model.visual_encoder.proprioception_std + model.visual_encoder.proprioception_mean
    mask = (torch.arange(shape.token_length) < shape.token_length // 2).float().repeat(observations, 1)
    tokens = torch.randint(2, shape.vocabulary, (observations, shape.token_length), generator=generator) * mask.long()
    with torch.no_grad():
        latent, _ = model.encode(image, proprioception, tokens, mask)
    noisy_actions = torch.randn(candidates, shape.horizon, shape.action_dim, generator=generator)
    time = torch.rand(candidates, generator=generator)
    return (image, proprioception, tokens, mask), (latent[:1], noisy_actions, time)


def parity(model: CosmosTransformer, directory: Path, seeds: int = 4) -> float:
    """Largest difference between PyTorch and ONNX Runtime over random inputs, 1…`seeds` observations and candidates.

    Absolute where the value is below 1, relative above.
    """
    encoder = onnxruntime.InferenceSession(directory / 'encoder.onnx', providers=['CPUExecutionProvider'])
    decoder = onnxruntime.InferenceSession(directory / 'decoder.onnx', providers=['CPUExecutionProvider'])
    difference = 0.0
    for seed in range(seeds):
        encoder_inputs, decoder_inputs = example_inputs(model, candidates=seed + 1, seed=seed, observations=seed + 1)
        with torch.no_grad():
            pairs = (
                (encoder, encoder_inputs, EncoderNetwork(model)(*encoder_inputs)),
                (decoder, decoder_inputs, (DecoderNetwork(model)(*decoder_inputs),)),
            )
        for session, inputs, expected in pairs:
            feed = {port.name: tensor.numpy() for port, tensor in zip(session.get_inputs(), inputs, strict=True)}
            for actual, reference in zip(session.run(None, feed), expected, strict=True):
                error = np.abs(actual - reference.numpy()) / np.maximum(1.0, np.abs(reference.numpy()))
                difference = max(difference, float(error.max()))
    return difference


def tiny_model(config: Config, seed: int = 0) -> TrainedModel:
    """A network with random weights in every layer, for tests of the software around it."""
    torch.manual_seed(seed)
    tokenizer = train_tokenizer(TINY_INSTRUCTIONS, config.model.token_length, config.model.vocabulary)
    model = CosmosTransformer(config.model)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not parameter.any():
                parameter.normal_(std=0.1 if name.endswith('weight') else 0.01)
        model.action_std.copy_(torch.tensor([0.05, 0.05, 0.05, 0.2, 0.2, 0.2, 0.5]))
    return TrainedModel(config, model, tokenizer, {'seeds': {'weights': seed}, 'steps': 0})


def _write_onnx(
    network: nn.Module,
    inputs: tuple[Tensor, ...],
    path: Path,
    input_names: list[str],
    output_names: list[str],
    dynamic_axes: dict[str, dict[int, str]],
) -> None:
    with warnings.catch_warnings():
        # The TorchScript exporter is deprecated, but needs no further package and keeps the ports' names and shapes.
        warnings.simplefilter('ignore', DeprecationWarning)
        torch.onnx.export(
            network,
            inputs,
            str(path),
            input_names=input_names,
            output_names=output_names,
            dynamic_axes=dynamic_axes,
            opset_version=OPSET,
            dynamo=False,
        )
    onnx.save(_store_half(onnx.load(path)), path)


def _store_half(network: onnx.ModelProto) -> onnx.ModelProto:
    """Stores weights at half precision where that loses nothing; a Cast restores single precision on loading."""
    casts = []
    for initializer in network.graph.initializer:
        weights = numpy_helper.to_array(initializer)
        if weights.dtype != np.float32 or weights.size < 256:
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


def _rounded(values: Tensor) -> list[list[float]]:
    return [[float(f'{x:.6g}') for x in row] for row in values.tolist()]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog='python -m training.export', description=__doc__.split('\n')[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument('--checkpoint', type=Path, help='checkpoint.pt of a training run')
    source.add_argument('--tiny', action='store_true', help='a small network with random weights, for tests')
    parser.add_argument('--out', type=Path, required=True, help='directory to write to')
    parser.add_argument('--version', help="the card's version, if not the configuration's")
    arguments = parser.parse_args()
    if arguments.tiny:
        trained = tiny_model(load_config(Path(__file__).parent / 'configs' / 'tiny.yaml'))
    else:
        trained = TrainedModel.load(arguments.checkpoint)
    if arguments.version:
        trained.config = replace(trained.config, version=arguments.version)
    card = export_model(trained, arguments.out)
    size = sum(file.stat().st_size for file in arguments.out.glob('*.onnx'))
    print(
        f'{arguments.out}: {card["id"]} {card["version"]}, {card["training"]["parameters"] / 1e6:.2f} M parameters, '
        f'{size / 1e6:.2f} MB, parity {card["training"]["parity"]:.1e}'
    )


if __name__ == '__main__':
    main()
