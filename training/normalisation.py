"""Means, deviations and ranges of the training data, which are part of the network."""

import torch
from torch import Tensor

from .dataset import Demonstrations
from .model import CosmosTransformer
from .observation import point_map
from .studio import Studio, body_extents

MINIMUM_STD = 1e-3
PICTURES = 256
"""From so many pictures the spread of points is taken."""
SAMPLES = 32768
"""And from so many frames all else."""
TAIL = 5e-4
"""Share of the actions beyond the first and beyond the last bin."""


def set_normalisation(model: CosmosTransformer, studio: Studio, frames: Tensor, seed: int) -> None:
    """Sets the network's buffers from the training frames."""
    data, shape = studio.data, model.config
    generator = torch.Generator().manual_seed(seed)
    picks = frames[torch.randperm(len(frames), generator=generator)[:SAMPLES].to(frames.device)]
    points = _points(studio, picks[:PICTURES])
    encoder, world = model.visual_encoder, model.world_state
    encoder.point_mean.copy_(points.mean(dim=0)[:, None, None])
    encoder.point_std.copy_(points.std(dim=0).clamp(min=MINIMUM_STD)[:, None, None])
    labels = data.labels(picks, shape)
    encoder.proprioception_mean.copy_(labels.state.mean(dim=0))
    encoder.proprioception_std.copy_(labels.state.std(dim=0).clamp(min=MINIMUM_STD))
    model.action_mean.copy_(labels.plan.mean(dim=0))
    model.action_std.copy_(labels.plan.std(dim=0).clamp(min=MINIMUM_STD))
    model.subgoal_mean.copy_(labels.subgoal.mean(dim=0))
    model.subgoal_std.copy_(labels.subgoal.std(dim=0).clamp(min=MINIMUM_STD))
    actions = model.normalise(labels.plan).flatten(1)
    edges = torch.tensor([TAIL, 1.0 - TAIL], device=actions.device)
    low, high = torch.stack([column.quantile(edges) for column in actions.unbind(1)], dim=1).unflatten(1, (-1, 7))
    margin = 0.01 * (high - low) + 1e-3
    model.bin_low.copy_(low - margin)
    model.bin_high.copy_(high + margin)
    model.object_mean.copy_(labels.objects.mean(dim=0))
    model.object_scale.copy_((labels.objects - labels.objects.mean(dim=0)).square().mean().sqrt().clamp(min=MINIMUM_STD))
    _set_quantities(model, labels.quantities)
    _set_bodies(model, studio, data, picks[:2048])
    world.extent.copy_(body_extents(data, studio.vocabulary))


def _points(studio: Studio, frames: Tensor) -> Tensor:
    look, offset = studio.look(studio.data.scene[frames], disturbed=False)
    _, depth, _, camera = studio.render(frames.unsqueeze(1), look, offset)
    points = point_map(depth, camera, studio.intrinsics)[:, 0].movedim(1, -1)
    points = points[depth[:, 0] > 0]
    if len(points) < 2:
        raise ValueError('the camera sees nothing in the pictures of the data')
    # The floor far away would hide how near things differ.
    return points.clamp(-2.0, 2.0)


def _set_quantities(model: CosmosTransformer, values: Tensor) -> None:
    known = values.isfinite()
    count = known.sum(dim=0).clamp(min=1)
    filled = torch.where(known, values, 0.0)
    mean = filled.sum(dim=0) / count
    spread = (torch.where(known, (filled - mean).square(), 0.0).sum(dim=0) / count).sqrt()
    physical = model.world_state.physical_constraints
    physical.mean.copy_(mean)
    # A quantity that never varies needs no finer unit than a thousandth of itself.
    physical.std.copy_(torch.maximum(spread, 1e-3 * mean.abs() + 1e-5))


def _set_bodies(model: CosmosTransformer, studio: Studio, data: Demonstrations, frames: Tensor) -> None:
    positions, present = studio.places(frames, data.bodies[frames])
    count = present.sum(dim=0).clamp(min=1.0)
    mean = (positions * present.unsqueeze(-1)).sum(dim=0) / count.unsqueeze(-1)
    spread = ((positions - mean).square() * present.unsqueeze(-1)).sum() / (3.0 * present.sum().clamp(min=1.0))
    model.world_state.body_mean.copy_(mean)
    model.world_state.body_scale.copy_(spread.sqrt().clamp(min=0.01))
