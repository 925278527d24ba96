"""From rendered pictures to the network's image input, on the training device, with or without disturbance.

All arithmetic is element-wise in single precision: matrix units would round coordinates to millimetres.
"""

import torch
from torch import Tensor

from .config import AugmentationConfig

DEPTH_UNIT = 1e-4
"""m, of the depth that policies get."""
DEPTH_LIMIT = 65535
"""Largest depth, units; what is further away counts as none."""


def build_image(
    colour: Tensor,
    depth: Tensor,
    camera: Tensor,
    intrinsics: Tensor,
    augmentation: AugmentationConfig | None = None,
) -> Tensor:
    """The network's `image` [B, T, 6, H, W]: colour 0…1, then the point map in base_link.

    colour [B, T, 3, H, W] uint8; depth [B, T, H, W], m; camera [B, T, 3, 4] optical frame to base_link; intrinsics [4]
    fx, fy, cx, cy.
    """
    rgb = colour.float() / 255.0
    if augmentation is not None:
        rgb = jitter_colour(rgb, augmentation)
        depth = disturb_depth(depth, augmentation)
    return torch.cat([rgb, point_map(quantise_depth(depth), camera, intrinsics)], dim=2)


def quantise_depth(depth: Tensor) -> Tensor:
    """Depth as policies get it: whole units, none (0) beyond the limit."""
    units = (depth / DEPTH_UNIT).round()
    return torch.where(units <= DEPTH_LIMIT, units, 0.0) * DEPTH_UNIT


def point_map(depth: Tensor, camera: Tensor, intrinsics: Tensor) -> Tensor:
    """Points [B, T, 3, H, W] in base_link, m, of a depth image [B, T, H, W]; 0, 0, 0 without depth.

    Pinhole with pixel centres at (u + ½, v + ½): x = (u + ½ − cx) / fx · d, y = (v + ½ − cy) / fy · d, z = d;
    then p_base = R · p + t.
    """
    height, width = depth.shape[-2:]
    u = torch.arange(width, device=depth.device, dtype=depth.dtype) + 0.5
    v = torch.arange(height, device=depth.device, dtype=depth.dtype).unsqueeze(1) + 0.5
    fx, fy, cx, cy = intrinsics.unbind()
    optical = torch.stack([(u - cx) / fx * depth, (v - cy) / fy * depth, depth], dim=2)
    rotation, translation = camera[..., :3, None, None], camera[..., 3, None, None]
    points = (rotation * optical.unsqueeze(2)).sum(dim=3) + translation
    return points * (depth > 0).to(depth.dtype).unsqueeze(2)


def jitter_colour(rgb: Tensor, strength: AugmentationConfig) -> Tensor:
    """Random brightness, contrast and tint of each sample, and noise of each pixel."""
    brightness = strength.brightness * _normal(rgb, 1)
    contrast = 1.0 + strength.contrast * _normal(rgb, 1)
    gain = 1.0 + strength.channel_gain * _normal(rgb, 3)
    mean = rgb.mean(dim=(1, 2, 3, 4), keepdim=True)
    jittered = ((rgb - mean) * contrast + mean + brightness) * gain
    noise = strength.colour_noise * torch.rand(rgb.shape[0], 1, 1, 1, 1, device=rgb.device)
    return (jittered + noise * torch.randn_like(rgb)).clamp(0.0, 1.0)


def disturb_depth(depth: Tensor, strength: AugmentationConfig) -> Tensor:
    """Noise that grows with the square of the depth, as a stereo camera's does, and pixels without depth."""
    amount = strength.depth_noise * torch.rand(depth.shape[0], 1, 1, 1, device=depth.device)
    noisy = depth + amount * depth.square() * torch.randn_like(depth)
    share = strength.depth_dropout * torch.rand(depth.shape[0], 1, 1, 1, device=depth.device)
    kept = torch.rand_like(depth) >= share
    return noisy.clamp(min=0.0) * (kept & (depth > 0)).to(depth.dtype)


def _normal(rgb: Tensor, channels: int) -> Tensor:
    return torch.randn(rgb.shape[0], 1, channels, 1, 1, device=rgb.device)
