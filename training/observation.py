"""From stored frames to the network's image input, on the training device, with or without disturbance.

All arithmetic is element-wise in single precision: matrix units would round coordinates to millimetres.
"""

import torch
from torch import Tensor

from .config import AugmentationConfig

DEPTH_UNIT = 1e-4
"""m, of the stored depth."""


def build_image(
    colour: Tensor, depth: Tensor, camera: Tensor, augmentation: AugmentationConfig | None = None
) -> Tensor:
    """The network's `image` [B, T, 6, height, width]: colour 0…1, then the point map in base_link.

    colour [B, T, height, width, 3] uint8; depth [B, T, height, width] int16 (unsigned bits); camera [B, T, 16].
    """
    rgb = colour.permute(0, 1, 4, 2, 3).float() / 255.0
    # The mask undoes the sign that int16 gives to values from 2^15.
    metres = (depth.int() & 0xFFFF).float() * DEPTH_UNIT
    if augmentation is None:
        return torch.cat([rgb, point_map(metres, camera)], dim=2)
    rgb = jitter_colour(rgb, augmentation)
    metres = disturb_depth(metres, augmentation)
    camera = disturb_camera(camera, augmentation)
    return shift_image(torch.cat([rgb, point_map(metres, camera)], dim=2), augmentation)


def point_map(depth: Tensor, camera: Tensor) -> Tensor:
    """Points [B, T, 3, height, width] in base_link, m, of a depth image [B, T, height, width]; 0, 0, 0 without depth.

    Pinhole with pixel centres at (u + ½, v + ½): x = (u + ½ − cx) / fx · d, y = (v + ½ − cy) / fy · d, z = d;
    then p_base = R · p + t.
    """
    height, width = depth.shape[-2:]
    u = torch.arange(width, device=depth.device, dtype=depth.dtype) + 0.5
    v = torch.arange(height, device=depth.device, dtype=depth.dtype).unsqueeze(1) + 0.5
    fx, fy, cx, cy = camera[..., :4].unsqueeze(-1).unsqueeze(-1).unbind(2)
    optical = torch.stack([(u - cx) / fx * depth, (v - cy) / fy * depth, depth], dim=2)
    transform = camera[..., 4:].unflatten(-1, (3, 4))
    rotation, translation = transform[..., :3, None, None], transform[..., 3, None, None]
    points = (rotation * optical.unsqueeze(2)).sum(dim=3) + translation
    return points * (depth > 0).to(depth.dtype).unsqueeze(2)


def jitter_colour(rgb: Tensor, strength: AugmentationConfig) -> Tensor:
    """Random brightness, contrast and tint of each sample, and noise of each pixel."""
    brightness = strength.brightness * _normal(rgb, 1)
    contrast = 1.0 + strength.contrast * _normal(rgb, 1)
    gain = 1.0 + strength.channel_gain * _normal(rgb, 3)
    mean = rgb.mean(dim=(1, 2, 3, 4), keepdim=True)
    jittered = ((rgb - mean) * contrast + mean + brightness) * gain
    return (jittered + strength.colour_noise * torch.randn_like(rgb)).clamp(0.0, 1.0)


def disturb_depth(depth: Tensor, strength: AugmentationConfig) -> Tensor:
    """Noise that grows with the square of the depth, as a stereo camera's does, and pixels without depth."""
    noisy = depth + strength.depth_noise * depth.square() * torch.randn_like(depth)
    share = strength.depth_dropout * torch.rand(depth.shape[0], 1, 1, 1, device=depth.device)
    kept = torch.rand_like(depth) >= share
    return noisy.clamp(min=0.0) * (kept & (depth > 0)).to(depth.dtype)


def disturb_camera(camera: Tensor, strength: AugmentationConfig) -> Tensor:
    """A wrong camera pose, the same for a sample's frames: R' = R · (I + [w]×), t' = t + e, for small w."""
    batch = camera.shape[0]
    w = strength.camera_rotation * torch.randn(batch, 1, 1, 3, device=camera.device)
    e = strength.camera_translation * torch.randn(batch, 1, 3, device=camera.device)
    transform = camera[..., 4:].unflatten(-1, (3, 4))
    rotation = transform[..., :3]
    # A row r of R times [w]× is the cross product r × w.
    rotation = rotation + torch.linalg.cross(rotation, w.expand_as(rotation))
    moved = torch.cat([rotation, (transform[..., 3] + e).unsqueeze(-1)], dim=-1)
    return torch.cat([camera[..., :4], moved.flatten(-2)], dim=-1)


def shift_image(image: Tensor, strength: AugmentationConfig) -> Tensor:
    """Moves each sample's image [B, T, 6, height, width] by whole pixels, repeating its edge.

    Every pixel keeps its point in base_link, so what is learnt comes from the points, not from the place in the image.
    """
    batch, (height, width) = image.shape[0], image.shape[-2:]
    low, high = -strength.shift, strength.shift + 1
    shift = torch.randint(low, high, (2, batch, 1), device=image.device)
    v = (torch.arange(height, device=image.device) + shift[0]).clamp(0, height - 1)
    u = (torch.arange(width, device=image.device) + shift[1]).clamp(0, width - 1)
    sample = torch.arange(batch, device=image.device)[:, None, None]
    return image[sample, :, :, v[:, :, None], u[:, None, :]].permute(0, 3, 4, 1, 2)


def _normal(rgb: Tensor, channels: int) -> Tensor:
    return torch.randn(rgb.shape[0], 1, channels, 1, 1, device=rgb.device)
