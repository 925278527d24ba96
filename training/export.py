"""Writes a trained model as ONNX networks, tokenizer and card, the form that the robot's runtime loads.

`python -m training.export --checkpoint OUT/checkpoint.pt --out models/cosmos3_micro [--calibrate DIR …]`, or
`--tiny --out DIR` for a small random network of the same form.
"""

import argparse
import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

from .card import build_card
from .checkpoint import TrainedModel, round_to_half
from .config import Config, load_config
from .model import CosmosTransformer
from .networks import Network, example_inputs, networks
from .quantise import calibration_inputs, quantise
from .store_half import store_half
from .tokenizer import train_tokenizer
from .video_tokenizer import VideoTokenizer

OPSET = 17
TINY_INSTRUCTIONS = [
    f'{verb} up the {colour} {thing} and place it in the bin'
    for verb in ('pick', 'take')
    for colour in ('red', 'green', 'blue', 'yellow')
    for thing in ('cup', 'box', 'ball', 'can')
]
TINY_BODIES = ('bin', 'blue_cup', 'red_cup')
PARITY = 1e-4
"""Largest allowed difference between PyTorch and ONNX Runtime."""


def export_model(
    trained: TrainedModel,
    directory: Path,
    calibration: list[Path] | None = None,
    full: bool = True,
    only: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Writes NAME.onnx of each network (if `full`), NAME.int8.onnx (where there are data sets to calibrate with),
    tokenizer.json and card.json; returns the card. `only` names the networks to write, () all.

    Raises RuntimeError if ONNX Runtime's results differ from PyTorch's by more than PARITY.
    """
    directory.mkdir(parents=True, exist_ok=True)
    trained.model.cpu().eval()
    trained.video.cpu().eval()
    round_to_half(trained.model)
    round_to_half(trained.video)
    variants: dict[str, dict[str, str]] = {'fp32': {}}
    examples = example_inputs(trained, candidates=2, observations=2)
    chosen = networks(trained, only)
    for network in chosen:
        write_onnx(network, tuple(examples[name] for name in network.inputs), directory / f'{network.name}.onnx')
        variants['fp32'][network.name] = f'{network.name}.onnx'
    trained.tokenizer.save(str(directory / 'tokenizer.json'))
    difference = parity(trained, directory, only=only)
    if difference > PARITY:
        raise RuntimeError(f'{directory}: ONNX Runtime differs from PyTorch by {difference:.2e}, more than {PARITY}')
    figures: dict[str, Any] = {'parity': float(f'{difference:.1e}')}
    if calibration:
        inputs = calibration_inputs(trained, calibration)
        variants['int8'], figures['int8_error'] = {}, {}
        for network in chosen:
            source, target = directory / f'{network.name}.onnx', directory / f'{network.name}.int8.onnx'
            if network.quantised:
                figures['int8_error'][network.name] = quantise(source, target, inputs, network.calibrated)
                variants['int8'][network.name] = target.name
            else:
                variants['int8'][network.name] = source.name
    if not full:
        kept = set(variants['int8'].values())
        for name in variants.pop('fp32').values():
            if name not in kept:
                (directory / name).unlink()
    card = build_card(trained, directory, variants, figures)
    (directory / 'card.json').write_text(json.dumps(card, indent=2) + '\n', encoding='utf-8')
    return card


def parity(trained: TrainedModel, directory: Path, seeds: int = 3, only: tuple[str, ...] = ()) -> float:
    """Largest difference between PyTorch and ONNX Runtime over random inputs, 1…`seeds` observations and candidates.

    Absolute where the value is below 1, relative above.
    """
    difference = 0.0
    for network in networks(trained, only):
        session = onnxruntime.InferenceSession(directory / f'{network.name}.onnx', providers=['CPUExecutionProvider'])
        for seed in range(seeds):
            examples = example_inputs(trained, candidates=seed + 1, seed=seed, observations=seed + 1)
            inputs = [examples[name] for name in network.inputs]
            with torch.no_grad():
                expected = network.module(*inputs)
            found = session.run(None, {name: examples[name].numpy() for name in network.inputs})
            for actual, reference in zip(found, expected if isinstance(expected, tuple) else (expected,), strict=True):
                error = np.abs(actual - reference.numpy()) / np.maximum(1.0, np.abs(reference.numpy()))
                difference = max(difference, float(error.max()))
    return difference


def tiny_model(config: Config, seed: int = 0) -> TrainedModel:
    """A network with random weights in every layer, for tests of the software around it."""
    torch.manual_seed(seed)
    config = replace(config, model=replace(config.model, bodies=TINY_BODIES))
    shape = config.model
    tokenizer = train_tokenizer(TINY_INSTRUCTIONS, shape.token_length, shape.vocabulary)
    model = CosmosTransformer(shape, config.video)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not parameter.any():
                parameter.normal_(std=0.1 if name.endswith('weight') else 0.01)
        spread = torch.tensor([0.05, 0.05, 0.05, 0.2, 0.2, 0.2, 0.5])
        model.action_std.copy_(spread)
        model.subgoal_std.copy_(spread)
    video = VideoTokenizer(config.video, shape.image_height, shape.image_width)
    return TrainedModel(config, model, video, tokenizer, {'seeds': {'weights': seed}, 'steps': 0})


def write_onnx(network: Network, inputs: tuple[torch.Tensor, ...], path: Path) -> None:
    """Writes one network, its weights at half precision where that loses nothing."""
    with warnings.catch_warnings(), torch.no_grad():
        # The TorchScript exporter is deprecated, but needs no further package and keeps the ports' names and shapes;
        # what it warns of is constant in these networks.
        warnings.simplefilter('ignore')
        torch.onnx.export(
            network.module,
            inputs,
            str(path),
            input_names=list(network.inputs),
            output_names=list(network.outputs),
            dynamic_axes={name: {0: counts} for name, counts in network.dynamic.items()},
            opset_version=OPSET,
            dynamo=False,
        )
    onnx.save(store_half(onnx.load(path)), path)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog='python -m training.export', description=__doc__.split('\n')[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument('--checkpoint', type=Path, help='checkpoint.pt of a training run')
    source.add_argument('--tiny', action='store_true', help='a small network with random weights, for tests')
    parser.add_argument('--out', type=Path, required=True, help='directory to write to')
    parser.add_argument('--calibrate', type=Path, nargs='+', help='data sets for the 8-bit variant; none without')
    parser.add_argument('--only-int8', action='store_true', help='leave the networks of full precision out')
    parser.add_argument('--version', help="the card's version, if not the configuration's")
    arguments = parser.parse_args()
    if arguments.only_int8 and not arguments.calibrate:
        parser.error('--only-int8 needs --calibrate')
    if arguments.tiny:
        trained = tiny_model(load_config(Path(__file__).parent / 'configs' / 'tiny.yaml'))
    else:
        trained = TrainedModel.load(arguments.checkpoint)
    if arguments.version:
        trained.config = replace(trained.config, version=arguments.version)
    card = export_model(trained, arguments.out, arguments.calibrate, full=not arguments.only_int8)
    for variant, names in card['variants'].items():
        size = sum((arguments.out / name).stat().st_size for name in names.values())
        print(f'{arguments.out}: {card["id"]} {card["version"]} {variant}, {size / 1e6:.2f} MB')
    print({key: card['training'][key] for key in ('parameters', 'parity', 'int8_error') if key in card['training']})


if __name__ == '__main__':
    main()
