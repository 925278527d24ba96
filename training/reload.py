"""A trained model from its exported files, to go on from where no checkpoint was kept.

`python -m training.reload --model models/cosmos3_micro --config training/configs/cosmos3_micro.yaml --out FILE` writes
such a checkpoint. Weights of 8 bits come back as they were rounded.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from tokenizers import Tokenizer
from torch import Tensor, nn

from .checkpoint import TrainedModel
from .config import Config, load_config
from .export import write_onnx
from .model import CosmosTransformer
from .networks import example_inputs, networks
from .video_tokenizer import VideoTokenizer

CLOSE = 2e-3
"""Numbers as near as this are the same: they may have been rounded to half precision in between."""
FOLDED_QUERIES = '/world_state/layer/cross_attention/Mul_output_0'
"""The world state's queries after their projection, which the exporter computes beforehand."""
QUERIES = '/world_state/Expand_output_0'


def load_exported(directory: Path, config: Config) -> TrainedModel:
    """Reads the networks of a model directory into the network of `config`, whose sizes must be theirs.

    The exporter transposes, cuts and numbers weights. Which file's tensor is which parameter is read off a second export,
    of a network of this form whose every weight is known.

    Raises ValueError where a parameter is in none of the files or has another shape there.
    """
    card = json.loads((directory / 'card.json').read_text(encoding='utf-8'))
    config = replace(config, version=card['version'], model=replace(config.model, bodies=tuple(card['objects'])))
    shape = config.model
    model = _scrambled(CosmosTransformer(shape, config.video))
    video = _scrambled(VideoTokenizer(config.video, shape.image_height, shape.image_width))
    tokenizer = Tokenizer.from_file(str(directory / 'tokenizer.json'))
    trained = TrainedModel(config, model, video, tokenizer, {'video': card['training']['video']})
    files = card['variants'].get('fp32') or card['variants']['int8']
    found: dict[nn.Module, dict[str, Tensor]] = {model: {}, video: {}}
    examples = example_inputs(trained, candidates=2, observations=2)
    with tempfile.TemporaryDirectory() as folder:
        for network in networks(trained):
            example = Path(folder) / f'{network.name}.onnx'
            write_onnx(network, tuple(examples[name] for name in network.inputs), example)
            root = video if network.name.startswith('video') else model
            shipped = tensors_of(directory / files[network.name])
            _assign(root, network.module.owner, tensors_of(example), shipped, found[root])
            if QUERIES in shipped:
                found[root] |= _world_queries(torch.tensor(shipped[QUERIES][0]), torch.tensor(shipped[FOLDED_QUERIES][0]))
    for name in ('action', 'subgoal'):
        found[model] |= {f'{name}_{part}': torch.tensor(card[name][part]) for part in ('mean', 'std')}
    for root, values in found.items():
        missing = [name for name in root.state_dict() if name not in values or not values[name].isfinite().all()]
        if missing:
            raise ValueError(f'{directory}: {", ".join(missing)} cannot be found in its networks')
        root.load_state_dict(values)
    return trained


def renew(trained: TrainedModel, part: str) -> None:
    """Gives a part of the network its first weights again, where training has spoiled it. Raises ValueError without one."""
    fresh = CosmosTransformer(trained.config.model, trained.config.video)
    parts = dict(fresh.named_children())
    if part not in parts:
        raise ValueError(f'--fresh: the network has no {part}; its parts are {", ".join(parts)}')
    getattr(trained.model, part).load_state_dict(parts[part].state_dict())


def tensors_of(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a network's file in single precision, by their names before they were made smaller."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    tensors: dict[str, np.ndarray] = {}
    for name, value in stored.items():
        if name.endswith('_quantized'):
            name = name.removesuffix('_quantized')
            scale, zero = stored[f'{name}_scale'], stored[f'{name}_zero_point'].astype(np.float32)
            # A scale for each output: a column of x·W, a row where the product is x·Wᵀ, which keeps the parameter's name.
            column = name.startswith('onnx::')
            scale, zero = (part.reshape((1, -1) if column else (-1, 1)) for part in (scale, zero))
            tensors[name] = (value.astype(np.float32) - zero) * scale
        elif f'{name.removesuffix("_scale").removesuffix("_zero_point")}_quantized' not in stored:
            tensors[name.removesuffix('.half')] = value.astype(np.float32) if value.dtype == np.float16 else value
    return tensors


def _assign(
    root: nn.Module,
    owner: nn.Module,
    example: dict[str, np.ndarray],
    shipped: dict[str, np.ndarray],
    found: dict[str, Tensor],
) -> None:
    """Adds to `found` the parameters and buffers of `root` that the shipped tensors hold, by their names in `root`."""
    prefix = next(f'{name}.' if name else '' for name, module in root.named_modules() if module is owner)
    own = root.state_dict()
    for name in shipped:
        value = torch.tensor(shipped[name])
        direct = prefix + name.removeprefix('owner.')
        if name.startswith('owner.') and direct in own:
            found[direct] = value.reshape(own[direct].shape)
            continue
        if name not in example:
            continue
        known = torch.tensor(example[name])
        if known.numel() > 1 and known.is_floating_point():
            _place(own, known, value, found)
    if 'owner.bin_low' in shipped:
        # The exporter keeps the bins' range alone.
        width = next(n for n, t in example.items() if _same(own['bin_high'] - own['bin_low'], torch.tensor(t)))
        found['bin_high'] = found['bin_low'] + torch.tensor(shipped[width])


def _place(own: dict[str, Tensor], known: Tensor, value: Tensor, found: dict[str, Tensor]) -> None:
    """Adds `value` as the parameter whose numbers `known` has: as it is, transposed, or one of its rows."""
    for name, parameter in own.items():
        if parameter.ndim == 0:
            continue
        if _same(parameter, known):
            found[name] = value.reshape(parameter.shape)
        elif parameter.ndim == 2 and _same(parameter.T, known):
            found[name] = value.T.contiguous()
        elif parameter.ndim > 1 and parameter[0].numel() == known.numel():
            for row in range(len(parameter)):
                if _same(parameter[row], known):
                    rows = found.setdefault(name, torch.full_like(parameter, torch.nan))
                    rows[row] = value.reshape(parameter[row].shape)


def _same(parameter: Tensor, known: Tensor) -> bool:
    """Whether both hold the same numbers, ones in the shape apart."""
    return (
        torch.squeeze(parameter).shape == torch.squeeze(known).shape
        and abs(float(parameter.flatten()[0] - known.flatten()[0])) < 2 * CLOSE
        and torch.allclose(parameter.flatten(), known.flatten(), CLOSE, CLOSE)
    )


def _world_queries(q: Tensor, projected: Tensor) -> dict[str, Tensor]:
    """The queries [M, D] and a projection that gives what was computed of them, [heads, M, D / heads].

    Q·√s = norm(q)·Wᵀ·√s with s the attention's scale; of the many W with fewer queries than numbers, the least.
    """
    scale = projected.shape[-1] ** -0.5
    target = projected.transpose(0, 1).flatten(1) / scale**0.5
    weight = torch.linalg.lstsq(F.layer_norm(q, q.shape[-1:]), target, driver='gelsd').solution.T.contiguous()
    layer = 'world_state.layer'
    return {
        'world_state.queries': q,
        f'{layer}.norms.0.weight': torch.ones(q.shape[-1]),
        f'{layer}.norms.0.bias': torch.zeros(q.shape[-1]),
        f'{layer}.cross_attention.query.weight': weight,
        f'{layer}.cross_attention.query.bias': torch.zeros(q.shape[-1]),
    }


def _scrambled(module: nn.Module) -> nn.Module:
    """Every number another one, so that a tensor tells whose it is."""
    with torch.no_grad():
        for value in module.state_dict().values():
            if value.is_floating_point():
                value.uniform_(0.5, 1.5)
    return module.eval()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog='python -m training.reload', description=__doc__.split('\n')[0])
    parser.add_argument('--model', type=Path, required=True, help='directory of an exported model')
    parser.add_argument('--config', type=Path, required=True, help='YAML configuration with its sizes')
    parser.add_argument('--out', type=Path, required=True, help='checkpoint to write')
    parser.add_argument('--fresh', nargs='*', default=[], metavar='PART', help='parts of the network that begin anew')
    arguments = parser.parse_args()
    trained = load_exported(arguments.model, load_config(arguments.config))
    for part in arguments.fresh:
        renew(trained, part)
    trained.save(arguments.out)


if __name__ == '__main__':
    main()
