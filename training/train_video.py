"""Trains the video tokenizer on pictures of the demonstrations; a stage of `training.train`, before the rest."""

import json
import math
import time
from collections.abc import Callable
from typing import Any, TextIO

import torch
from torch import Tensor

from .config import Config
from .studio import Studio
from .video_tokenizer import VideoTokenizer

CHANGE_WEIGHT = 4.0
"""How much more a pixel that changes counts than one that does not."""
CHANGE = 0.02
"""From this difference on a pixel has changed, of 1."""
EMA = 0.998


def train_video(
    config: Config, studio: Studio, frames: Tensor, minutes: float, log: TextIO | None = None
) -> VideoTokenizer:
    """Trains for `config.video.steps` or `minutes`, whichever is first; returns the averaged weights, frozen."""
    video, device = config.video, frames.device
    tokenizer = VideoTokenizer(video, config.model.image_height, config.model.image_width).to(device)
    parameters = list(tokenizer.parameters())
    average = [p.detach().clone() for p in parameters]
    optimizer = torch.optim.AdamW(parameters, lr=video.learning_rate, weight_decay=1e-3, fused=device.type == 'cuda')
    losses = _compiled(lambda *inputs: reconstruction_loss(tokenizer, *inputs), config, device)
    began = time.monotonic()
    progress = step = 0
    while progress < 1.0:
        rate = min(1.0, step / 100) * 0.5 * (1.0 + math.cos(math.pi * progress))
        for group in optimizer.param_groups:
            group['lr'] = video.learning_rate * rate
        loss = losses(*video_pairs(config, studio, frames, video.batch))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            torch._foreach_lerp_(average, parameters, 1.0 - min(EMA, (1 + step) / (10 + step)))
        step += 1
        if step == 1:
            # Compiling is not training.
            began = time.monotonic()
        progress = max(step / video.steps, (time.monotonic() - began) / (60.0 * minutes))
        if step % config.training.log_every == 0 or progress >= 1.0:
            entry = {'stage': 'video', 'step': step, 'loss': float(f'{loss.item():.5g}')}
            print(f'{100 * min(progress, 1):5.1f} %  {json.dumps(entry)}', flush=True)
            if log is not None:
                log.write(json.dumps(entry) + '\n')
    with torch.no_grad():
        for parameter, mean in zip(parameters, average, strict=True):
            parameter.copy_(mean)
    return tokenizer.eval().requires_grad_(False)


def video_pairs(config: Config, studio: Studio, frames: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Frames and the ones before them, [B, 3, H, W] uint8 each, 1 … horizon steps apart; and whether these are known."""
    data = studio.data
    now = frames[torch.randint(len(frames), (count,), device=frames.device)]
    steps = torch.randint(1, config.model.horizon + 1, (count,), device=frames.device)
    before = torch.maximum(now - steps, data.start[now])
    look, offset = studio.look(data.scene[now], disturbed=True)
    colour = studio.render(torch.stack([before, now], dim=1), look, offset)[0]
    known = (torch.rand(count, device=frames.device) >= config.video.intra).float()
    return colour[:, 1], colour[:, 0], known


def reconstruction_loss(tokenizer: VideoTokenizer, frame: Tensor, context: Tensor, known: Tensor) -> Tensor:
    """Mean over the pixels of w · (|e| + 10 e²), w larger where the frame differs from its context."""
    frame, context = frame.float() / 255.0, context.float() / 255.0
    with torch.autocast(frame.device.type, dtype=torch.bfloat16, enabled=frame.is_cuda):
        out = tokenizer.decode(tokenizer.encode(frame, context, known), context * known.view(-1, 1, 1, 1), known)
    error = out.float() - frame
    changed = ((frame - context).abs().amax(dim=1, keepdim=True) > CHANGE).float()
    weight = 1.0 + CHANGE_WEIGHT * changed * known.view(-1, 1, 1, 1)
    return (weight * (error.abs() + 10.0 * error.square())).mean()


@torch.no_grad()
def validate_video(config: Config, studio: Studio, tokenizer: VideoTokenizer, frames: Tensor) -> dict[str, Any]:
    """Peak signal-to-noise ratios, dB: of frames coded alone, of frames coded given one before, and of that one."""
    squared: dict[str, list[Tensor]] = {'video_intra': [], 'video_given_before': [], 'frame_before': []}
    for _ in range(4):
        colour, before, _ = video_pairs(config, studio, frames, min(config.video.batch, 256))
        frame, context = colour.float() / 255.0, before.float() / 255.0
        one = torch.ones(len(frame), device=frame.device)
        given = tokenizer.decode(tokenizer.encode(frame, context, one), context, one)
        black = torch.zeros_like(context)
        alone = tokenizer.decode(tokenizer.encode(frame, black, 0 * one), black, 0 * one)
        for name, picture in (('video_intra', alone), ('video_given_before', given), ('frame_before', context)):
            squared[name].append((picture - frame).square().mean())
    return {f'{name}_db': round(psnr(torch.stack(errors).mean()), 2) for name, errors in squared.items()}


def psnr(squared_error: Tensor) -> float:
    """dB, for values in 0 … 1."""
    return -10.0 * math.log10(max(squared_error.item(), 1e-10))


def _compiled(function: Callable[..., Tensor], config: Config, device: torch.device) -> Callable[..., Tensor]:
    if config.training.compile and device.type == 'cuda':
        return torch.compile(function, dynamic=False)
    return function
