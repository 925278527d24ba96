"""The exported networks: which inputs and outputs each has, and examples of its inputs.

K is a number of candidates for one observation, n a number of frames; see training/README.md for shapes and units.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .checkpoint import TrainedModel
from .visual_encoder import latent_tokens, patch_count

OBSERVATIONS, CANDIDATES, FRAMES = 'observations', 'candidates', 'frames'


@dataclass(frozen=True)
class Network:
    """One ONNX file."""

    name: str
    module: nn.Module
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    dynamic: dict[str, str]
    """Inputs and outputs whose first dimension varies, and what it counts."""
    quantised: bool = True
    """Whether its matrix products may be computed with 8 bits."""
    calibrated: bool = True
    """Whether the ranges of its activations are calibrated, or else taken anew for each product."""


class Call(nn.Module):
    """A method of a network as a module, for the exporter."""

    def __init__(self, owner: nn.Module, function: Callable[..., Tensor | tuple[Tensor, ...]]) -> None:
        super().__init__()
        self.owner = owner
        self.function = function

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        return self.function(*inputs)


def networks(trained: TrainedModel, only: tuple[str, ...] = ()) -> list[Network]:
    """A model's networks: those named in `only`, by default all."""
    model, video = trained.model, trained.video

    def world(latent: Tensor, actions: Tensor, arm: Tensor) -> tuple[Tensor, ...]:
        logits, quantities, slots, confidence = model.world(latent, actions, arm)
        return logits, video.expected_codes(logits), quantities, slots, confidence

    def network(
        name: str, owner: nn.Module, function: Callable, inputs: str, outputs: str, counts: str, over: str, **more: bool
    ) -> Network:
        dynamic = dict.fromkeys(over.split(), counts)
        return Network(name, Call(owner, function), tuple(inputs.split()), tuple(outputs.split()), dynamic, **more)

    seen = 'image proprioception tokens token_mask'
    every = [
        network(
            'encoder', model, model.encode, seen, 'latent objects arm_logit',
            OBSERVATIONS, f'{seen} latent objects arm_logit',
        ),
        network(
            'decoder', model, model.decode, 'latent noisy_actions time arm subgoal', 'velocity',
            CANDIDATES, 'noisy_actions time arm subgoal velocity',
        ),
        network(
            'autoregressive', model, model.sample_autoregressively, 'latent arm noise', 'actions action_tokens',
            CANDIDATES, 'arm noise actions action_tokens', calibrated=False,
        ),
        network('subgoal', model, model.subgoal_head, 'latent arm', 'subgoal', CANDIDATES, 'arm subgoal'),
        network(
            'world', model, world, 'latent actions arm', 'visual_logits visual_codes quantities slots confidence',
            CANDIDATES, 'actions arm visual_logits visual_codes confidence',
        ),
        network('critic', model, model.confidence, 'latent actions arm', 'confidence', CANDIDATES, 'actions arm confidence'),
        network(
            'video_encoder', video, video.encode, 'frame context known', 'codes',
            FRAMES, 'frame context known codes', quantised=False,
        ),
        network(
            'video_decoder', video, video.decode, 'codes context known', 'image',
            FRAMES, 'codes context known image', quantised=False,
        ),
    ]  # fmt: skip
    return [network for network in every if not only or network.name in only]


def example_inputs(trained: TrainedModel, candidates: int, seed: int = 0, observations: int = 1) -> dict[str, Tensor]:
    """Random inputs of all networks, by their names; some pixels without depth, half the tokens real.

    The latent is that of the first of the observations.
    """
    model, shape = trained.model, trained.config.model
    generator = torch.Generator().manual_seed(seed)
    size = (shape.image_height, shape.image_width)

    def uniform(*dimensions: int) -> Tensor:
        return torch.rand(*dimensions, generator=generator)

    image = uniform(observations, shape.history, 6, *size)
    image[:, :, 3:] *= (uniform(observations, shape.history, 1, *size) > 0.1).float()
    encoder = model.visual_encoder
    state = torch.randn(observations, shape.proprioception_dim, generator=generator)
    mask = (torch.arange(shape.token_length) < shape.token_length // 2).float().repeat(observations, 1)
    tokens = torch.randint(2, shape.vocabulary, (observations, shape.token_length), generator=generator)
    chunk = (candidates, shape.horizon, shape.action_dim)
    levels = trained.config.video.levels
    inputs = {
        'image': image,
        'proprioception': state * encoder.proprioception_std + encoder.proprioception_mean,
        'tokens': tokens * mask.long(),
        'token_mask': mask,
        'noisy_actions': torch.randn(*chunk, generator=generator),
        'actions': torch.randn(*chunk, generator=generator),
        'time': uniform(candidates),
        'arm': (uniform(candidates) > 0.5).float(),
        'subgoal': torch.randn(candidates, shape.action_dim + 1, generator=generator),
        'noise': uniform(*chunk, shape.action_bins),
        'frame': uniform(candidates, 3, *size),
        'context': uniform(candidates, 3, *size),
        'known': torch.ones(candidates),
        'codes': 2.0 * uniform(candidates, patch_count(shape), len(levels)) - 1.0,
    }
    with torch.no_grad():
        latent = model.encode(*(inputs[name] for name in ('image', 'proprioception', 'tokens', 'token_mask')))[0]
    assert latent.shape[1] == latent_tokens(shape)
    return inputs | {'latent': latent[:1]}
