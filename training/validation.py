"""What the held-out episodes say of a network, on the simulation's own look, the same noise every time."""

import math

import torch
from torch import Tensor

from .diffusion import diffusion_sample, integrate
from .objective import Objective
from .studio import Batch, Studio
from .train_video import psnr

BATCH = 256
FRAMES = 2048
"""At most; evenly spread over the held-out ones."""
FLOW_STEPS = 4
CONFIDENCE_BINS = 10


@torch.no_grad()
def validate(objective: Objective, studio: Studio, frames: Tensor, autocast: torch.autocast) -> dict[str, float]:
    """Errors of plans (mean over the horizon, where they are ones to learn), objects, quantities, confidence and predicted frames.

    Plans are compared by flow (4 steps), diffusion (50 steps), autoregressively (likeliest tokens) and hierarchically.
    """
    if not len(frames):
        return {}
    frames = frames[torch.linspace(0, len(frames) - 1, min(FRAMES, len(frames)), device=frames.device).long()]
    sums: dict[str, float] = {}
    counts: dict[str, float] = {}
    collected: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for number, part in enumerate(frames.split(BATCH)):
        batch = studio.batch(part, disturbed=False, futures=len(part))
        generator = torch.Generator(part.device).manual_seed(number)
        with autocast:
            latent, objects, arm = objective.encode(batch, False)
            plans = _actions(objective, latent, batch, generator)
            world = objective.model.world(latent, objective.model.normalise(batch.labels.executed), batch.labels.arm)
        figures = {}
        distance = 1e3 * (objects[..., :3] - batch.labels.objects).norm(dim=-1)
        for slot, name in enumerate(objective.config.model.slots):
            figures[f'{name}_mm'] = distance[:, slot].mean()
        figures['arm_right'] = ((arm.squeeze(-1) > 0).float() == batch.labels.arm).float().mean()
        future, quantities, slots, confidence = (values.float() for values in world)
        figures |= _frames(objective, future, batch)
        figures['presence_right'] = ((slots[..., 0] > 0).float() == batch.present).float().mean()
        collected.append((slots[..., 1:4], batch.position, batch.present * batch.visible, quantities[..., 0]))
        collected[-1] += (batch.labels.quantities, confidence.sigmoid(), batch.labels.success)
        taught = batch.labels.teaches
        weighted = [(name, (error * taught).sum(), taught.sum()) for name, error in plans.items()]
        weighted += [(name, value * len(part), taught.new_tensor(len(part))) for name, value in figures.items()]
        for name, value, count in weighted:
            sums[name] = sums.get(name, 0.0) + value.item()
            counts[name] = counts.get(name, 0.0) + count.item()
    result = {name: value / max(counts[name], 1.0) for name, value in sums.items()}
    for name in [name for name in result if name.startswith('mse_')]:
        result[name.replace('mse_', 'psnr_')] = psnr(torch.tensor(result.pop(name)))
    joined = [torch.cat(values) for values in zip(*collected, strict=True)]
    result |= _world(objective, *joined)
    return {name: float(f'{value:.4g}') for name, value in result.items()}


def _actions(objective: Objective, latent: Tensor, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
    """Errors [B] of the plans of each kind of policy, means over the horizon."""
    model, labels = objective.model, batch.labels
    plan = model.normalise(labels.plan)
    none = plan.new_zeros(len(plan), plan.shape[2] + 1)
    noise = torch.randn(plan.shape, device=plan.device, generator=generator)
    goal = model.subgoal_head(latent, labels.arm).float()

    def plans(subgoal: Tensor, steps: int) -> Tensor:
        return integrate(lambda x, t: model.decode(latent, x, t, labels.arm, subgoal), noise, steps)

    silent = plan.new_zeros(*plan.shape, model.config.action_bins)
    found = {
        'flow': plans(none, FLOW_STEPS),
        'diffusion': diffusion_sample(
            lambda x, t: model.decode(latent, x, t, labels.arm, none), noise, generator=generator
        ),
        'hierarchical': plans(goal, FLOW_STEPS),
        'autoregressive': model.sample_autoregressively(latent, labels.arm, silent)[0],
    }
    figures = {}
    for name, actions in found.items():
        error = actions.float() * model.action_std + model.action_mean - labels.plan
        figures[f'{name}_mm'] = 1e3 * error[..., :3].norm(dim=-1).mean(dim=1)
        figures[f'{name}_mrad'] = 1e3 * error[..., 3:6].norm(dim=-1).mean(dim=1)
        figures[f'{name}_gripper'] = error[..., 6].abs().mean(dim=1)
    distance = (goal[:, :3] * model.subgoal_std[:3] + model.subgoal_mean[:3] - labels.subgoal[:, :3]).norm(dim=-1)
    return figures | {'subgoal_mm': 1e3 * distance}


def _frames(objective: Objective, logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Squared errors of the frames predicted, of the tokenizer's own, and of the last frame repeated."""
    (video,) = objective._video
    context = batch.colour[:, -1].float() / 255.0
    one = torch.ones(len(context), device=context.device)
    figures = {}
    for number, step in enumerate(objective.config.model.future_steps):
        truth = batch.future[:, number].float() / 255.0
        known = video.decode(video.encode(truth, context, one), context, one)
        predicted = video.decode(video.expected_codes(logits[:, number]), context, one)
        figures[f'mse_future_{step}'] = (predicted.float() - truth).square().mean()
        figures[f'mse_tokenizer_{step}'] = (known.float() - truth).square().mean()
        figures[f'mse_copy_{step}'] = (context - truth).square().mean()
    return figures


def _world(
    objective: Objective,
    position: Tensor,
    truth: Tensor,
    shown: Tensor,
    quantities: Tensor,
    labels: Tensor,
    confidence: Tensor,
    success: Tensor,
) -> dict[str, float]:
    """Median position error of visible bodies, errors of quantities in terms of their spread, calibration."""
    result: dict[str, float] = {}
    error = (position - truth).norm(dim=-1)[shown > 0]
    if len(error):
        result['body_median_mm'] = 1e3 * error.median().item()
    spread = objective.model.world_state.physical_constraints.std
    known = labels.isfinite()
    relative = torch.where(known, (quantities - labels) / spread, 0.0).square().sum(dim=0) / known.sum(dim=0)
    for name, value in zip(objective.config.model.quantities, relative.sqrt().tolist(), strict=True):
        if math.isfinite(value):
            result[f'quantity_{name}'] = value
    edges = (confidence * CONFIDENCE_BINS).long().clamp(max=CONFIDENCE_BINS - 1)
    gap = 0.0
    for own in range(CONFIDENCE_BINS):
        inside = edges == own
        if inside.any():
            gap += inside.float().mean().item() * abs((confidence[inside].mean() - success[inside].mean()).item())
    return result | {'confidence_ece': gap, 'success_share': success.mean().item()}
