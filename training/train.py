"""Trains the world-action model on demonstrations.

`python -m training.train --config training/configs/cosmos3_micro.yaml --data DIR [DIR …] --out DIR`
"""

import argparse
import copy
import json
import math
import time
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .checkpoint import TrainedModel
from .config import AugmentationConfig, Config, TrainingConfig, load_config
from .dataset import Batch, Demonstrations, load_demonstrations
from .flow import draw_time, flow_loss, integrate
from .model import CosmosTransformer
from .observation import build_image
from .tokenizer import encode, train_tokenizer

MINIMUM_STD = 1e-3
VALIDATION_BATCH = 512
VALIDATION_FLOW_STEPS = 4

Losses = tuple[Tensor, Tensor, Tensor]
"""Total, action and world loss."""


class Trainer:
    """One run: data and network on a device, optimiser, moving average of the weights."""

    def __init__(self, config: Config, demonstrations: Demonstrations, device: torch.device) -> None:
        torch.manual_seed(config.training.seed)
        torch.set_float32_matmul_precision('high')
        shape = config.model
        self.config = config
        self.device = device
        self.tokenizer = train_tokenizer(demonstrations.instructions, shape.token_length, shape.vocabulary)
        tokens, mask = encode(self.tokenizer, demonstrations.instructions)
        self.tokens, self.token_mask = tokens.to(device), mask.to(device)
        self.data = demonstrations.to(device)
        self.train_frames, self.validation_frames = self.data.split(
            config.training.validation_episodes, config.training.seed
        )
        self.model = CosmosTransformer(shape).to(device)
        set_normalisation(self.model, self.data, self.train_frames)
        self.average = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimizer = make_optimizer(self.model, config.training, fused=device.type == 'cuda')
        self.step = 0
        self._losses = self._compiled(self.losses)

    def losses(self, batch: Batch) -> Losses:
        """Losses of a batch under augmentation: L = L_action + world_weight · L_world (the article's training)."""
        image = build_image(batch.colour, batch.depth, batch.camera, self.config.augmentation)
        state = disturb_state(self.model, batch.state, self.config.augmentation)
        plan = (batch.plan - self.model.action_mean) / self.model.action_std
        plan = plan.repeat_interleave(self.config.training.noise_samples, dim=0)
        noise = torch.randn_like(plan)
        times = draw_time(len(plan), self.device)
        with self._autocast():
            latent, objects = self.model.encode(image, state, self.tokens[batch.task], self.token_mask[batch.task])
            action = flow_loss(lambda x, t: self.model.decode(latent, x, t), plan, noise, times)
        world = world_loss(objects, batch.objects, self.model.object_scale)
        return action + self.config.training.world_weight * world, action, world

    def advance(self, progress: float) -> Losses:
        """One optimisation step at `progress` 0…1 of the run; nothing in it waits for the device."""
        training = self.config.training
        rate = training.learning_rate * schedule(progress, training.warmup)
        for group in self.optimizer.param_groups:
            group['lr'] = rate
        losses = self._losses(self._random_batch())
        losses[0].backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), training.gradient_clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        decay = min(training.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()), 1.0 - decay)
        self.step += 1
        return losses

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Losses and errors of the averaged weights on the held-out episodes, the same noise every time.

        Errors are of the plan that `VALIDATION_FLOW_STEPS` flow steps give (mean distance and angle over the horizon)
        and of the object slots.
        """
        model, generator = self.average, torch.Generator(self.device).manual_seed(0)
        sums: dict[str, Tensor] = {}
        for frames in self.validation_frames.split(VALIDATION_BATCH):
            batch = self.data.batch(frames, self.config.model.history)
            image = build_image(batch.colour, batch.depth, batch.camera)
            plan = (batch.plan - model.action_mean) / model.action_std
            noise = torch.randn(plan.shape, device=self.device, generator=generator)
            times = draw_time(len(plan), self.device, generator)
            with self._autocast():
                latent, objects = model.encode(image, batch.state, self.tokens[batch.task], self.token_mask[batch.task])

                def velocity(x: Tensor, t: Tensor, latent: Tensor = latent) -> Tensor:
                    return model.decode(latent, x, t)

                action = flow_loss(velocity, plan, noise, times)
                sampled = integrate(velocity, noise, VALIDATION_FLOW_STEPS)
            error = sampled * model.action_std + model.action_mean - batch.plan
            distance = (objects[..., :3] - batch.objects).norm(dim=-1).mean(dim=0)
            values = {
                'action_loss': action,
                'world_loss': world_loss(objects, batch.objects, model.object_scale),
                'plan_position_mm': 1e3 * error[..., :3].norm(dim=-1).mean(),
                'plan_rotation_mrad': 1e3 * error[..., 3:6].norm(dim=-1).mean(),
                'plan_gripper': error[..., 6].abs().mean(),
                **{f'{slot}_mm': 1e3 * d for slot, d in zip(self.config.model.slots, distance, strict=True)},
            }
            for name, value in values.items():
                sums[name] = sums.get(name, 0.0) + value * len(frames)
        return {name: float(f'{value.item() / len(self.validation_frames):.4g}') for name, value in sums.items()}

    def result(self, record: dict[str, Any]) -> TrainedModel:
        """The averaged weights as a model to save or export."""
        return TrainedModel(self.config, self.average, self.tokenizer, record)

    def _random_batch(self) -> Batch:
        picks = torch.randint(len(self.train_frames), (self.config.training.batch,), device=self.device)
        return self.data.batch(self.train_frames[picks], self.config.model.history)

    def _autocast(self) -> AbstractContextManager:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.device.type == 'cuda')

    def _compiled(self, losses: Callable[[Batch], Losses]) -> Callable[[Batch], Losses]:
        if not (self.config.training.compile and self.device.type == 'cuda'):
            return losses
        try:
            compiled = torch.compile(losses, dynamic=False)
            compiled(self._random_batch())[0].backward()
        except Exception as error:  # Whatever the compiler's fault is, the uncompiled step gives the same result.
            warnings.warn(f'torch.compile failed, training is slower without: {error}', stacklevel=2)
            compiled = losses
        self.optimizer.zero_grad(set_to_none=True)
        return compiled


def set_normalisation(model: CosmosTransformer, data: Demonstrations, frames: Tensor) -> None:
    """Sets the network's means and standard deviations from the training frames."""
    picks = frames[torch.randperm(len(frames), device=frames.device)[:4096]]
    points = build_image(data.colour[picks, None], data.depth[picks, None], data.camera[picks, None])[:, 0, 3:]
    points = points.movedim(1, -1)[points.abs().sum(dim=1) > 0]
    if len(points) < 2:
        raise ValueError('observation.images.head_depth holds no depth')
    objects = data.objects[frames]
    encoder = model.visual_encoder
    encoder.point_mean.copy_(points.mean(dim=0)[:, None, None])
    encoder.point_std.copy_(points.std(dim=0).clamp(min=MINIMUM_STD)[:, None, None])
    encoder.proprioception_mean.copy_(data.state[frames].mean(dim=0))
    encoder.proprioception_std.copy_(data.state[frames].std(dim=0).clamp(min=MINIMUM_STD))
    model.action_mean.copy_(data.plan[frames].mean(dim=0))
    model.action_std.copy_(data.plan[frames].std(dim=0).clamp(min=MINIMUM_STD))
    model.object_mean.copy_(objects.mean(dim=0))
    model.object_scale.copy_((objects - objects.mean(dim=0)).square().mean().sqrt().clamp(min=MINIMUM_STD))


def disturb_state(model: CosmosTransformer, state: Tensor, strength: AugmentationConfig) -> Tensor:
    """Proprioception with noise in proportion to each channel's spread."""
    return state + strength.proprioception * model.visual_encoder.proprioception_std * torch.randn_like(state)


def world_loss(objects: Tensor, truth: Tensor, scale: Tensor) -> Tensor:
    """Gaussian negative log-likelihood of the object positions, in units of `scale`, m.

    L = σ · (3 ln σ + |e|² / 2σ²), σ a constant in the first factor: β-NLL with β = ½ (Seitzer et al. 2022), which keeps
    a confident slot from outweighing the actions. objects [B, slots, 4]; truth [B, slots, 3].
    """
    error = (objects[..., :3] - truth) / scale
    log_std = objects[..., 3] - scale.log()
    likelihood = 3.0 * log_std + 0.5 * error.square().sum(dim=-1) * (-2.0 * log_std).exp()
    return (log_std.detach().exp() * likelihood).mean()


def make_optimizer(model: CosmosTransformer, training: TrainingConfig, fused: bool) -> torch.optim.AdamW:
    """AdamW; only the matrices decay."""
    parameters = list(model.parameters())
    groups = [
        {'params': [p for p in parameters if p.ndim >= 2], 'weight_decay': training.weight_decay},
        {'params': [p for p in parameters if p.ndim < 2], 'weight_decay': 0.0},
    ]
    return torch.optim.AdamW(groups, lr=training.learning_rate, betas=(0.9, 0.95), fused=fused)


def schedule(progress: float, warmup: float) -> float:
    """Share of the learning rate: linear warm-up, then a cosine to 0 at progress 1."""
    if progress < warmup:
        return progress / warmup
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (progress - warmup) / (1.0 - warmup))))


def train(
    config: Config, directories: list[Path], out: Path, device: torch.device, minutes: float = math.inf
) -> TrainedModel:
    """Trains for `config.training.steps` or `minutes` of optimisation, whichever is first; writes OUT/checkpoint.pt.

    The learning rate follows the share of that limit which is used up. Also writes OUT/log.jsonl.
    """
    training = config.training
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    demonstrations = load_demonstrations(directories, config.model)
    loaded = time.monotonic()
    trainer = Trainer(config, demonstrations, device)
    parameters = sum(p.numel() for p in trainer.model.parameters())
    start = time.monotonic()
    print(
        f'{parameters / 1e6:.2f} M parameters, {len(trainer.train_frames)} frames to train on and '
        f'{len(trainer.validation_frames)} held out, {len(demonstrations.instructions)} instructions, '
        f'{tuple(trainer.data.episode.shape)[0] * 15360 / 1e9:.2f} GB of images on {device}; '
        f'loaded in {loaded - began:.1f} s, prepared in {start - loaded:.1f} s',
        flush=True,
    )
    record = {
        'data': demonstrations.sources,
        'seeds': {'weights': training.seed, 'split': training.seed},
        'parameters': parameters,
        'device': torch.cuda.get_device_name(device) if device.type == 'cuda' else 'cpu',
        'torch': str(torch.__version__),
    }
    with (out / 'log.jsonl').open('w', encoding='utf-8') as log:
        mark, progress = (0, start), 0.0
        while progress < 1.0:
            losses = trainer.advance(progress)
            now = time.monotonic()
            progress = max(trainer.step / training.steps, (now - start) / (60.0 * minutes))
            if trainer.step % training.log_every and trainer.step % training.validate_every and progress < 1.0:
                continue
            total, action, world = (value.item() for value in losses)
            if not math.isfinite(total):
                raise RuntimeError(f'loss is {total} at step {trainer.step}; lower training.learning_rate')
            now = time.monotonic()
            rate = (trainer.step - mark[0]) / (now - mark[1])
            entry: dict[str, Any] = {
                'step': trainer.step,
                'action_loss': round(action, 5),
                'world_loss': round(world, 4),
            }
            if trainer.step % training.validate_every == 0 or progress >= 1.0:
                entry['validation'] = trainer.validate() if len(trainer.validation_frames) else {}
                record |= {'steps': trainer.step, 'minutes': round((now - start) / 60, 2), 'losses': entry}
                trainer.result(record).save(out / 'checkpoint.pt')
            print(f'{100 * progress:5.1f} %  {rate:6.1f} it/s  {json.dumps(entry)}', flush=True)
            log.write(json.dumps(entry) + '\n')
            mark = (trainer.step, time.monotonic())
    return trainer.result(record)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog='python -m training.train', description=__doc__.split('\n')[0])
    parser.add_argument('--config', type=Path, required=True, help='YAML configuration')
    parser.add_argument('--data', type=Path, nargs='+', required=True, help='directories of demonstrations')
    parser.add_argument('--out', type=Path, required=True, help='directory for checkpoint.pt and log.jsonl')
    parser.add_argument('--steps', type=int, help="limit in steps, instead of the configuration's")
    parser.add_argument('--minutes', type=float, default=math.inf, help='limit in minutes, besides the steps')
    parser.add_argument('--seed', type=int, help="instead of the configuration's")
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    chosen = {key: getattr(arguments, key) for key in ('steps', 'seed') if getattr(arguments, key) is not None}
    config = replace(config, training=replace(config.training, **chosen))
    train(config, arguments.data, arguments.out, torch.device(arguments.device), arguments.minutes)


if __name__ == '__main__':
    main()
