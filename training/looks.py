"""Random light, materials and camera places for training: what a policy must not depend on."""

import torch
from torch import Tensor

from .config import LookConfig
from .renderer import Look
from .scene import Scenes


def random_look(scenes: Scenes, scene: Tensor, strength: LookConfig) -> Look:
    """A look for each of B samples of the scenes [B]; a `plain` share of them has the simulation's own."""
    device, count = scene.device, len(scene)
    keep = (torch.rand(count, device=device) < strength.plain).float()

    def normal(*shape: int) -> Tensor:
        """Zero for the samples that keep the simulation's look."""
        return torch.randn(count, *shape, device=device) * (1.0 - keep).view(-1, *(1,) * len(shape))

    style = scenes.style.expand(count, -1).clone()
    direction = style[:, :3] + strength.light_direction * normal(3)
    direction[:, 2] = direction[:, 2].clamp(min=0.2)
    style[:, :3] = direction / direction.norm(dim=1, keepdim=True)
    # The five colours: each its own strength, all together another, and a common tint.
    own = (strength.light * normal(5, 1)).exp() * (strength.light * normal(1, 1)).exp()
    tint = (strength.tint * normal(1, 3)).exp()
    style[:, 3:18] = (style[:, 3:18].unflatten(1, (5, 3)) * own * tint).flatten(1)

    # A body keeps its hue, which instructions name; its lightness and saturation vary, and a little its hue.
    albedo = scenes.albedo[scene]
    shade = (strength.shade * normal(scenes.size, 1)).exp()
    hue = (strength.hue * normal(scenes.size, 3)).exp()
    albedo = (albedo * shade * hue + 0.02 * strength.shade * normal(scenes.size, 3).abs()).clamp(0.002, 1.0)
    gloss = (scenes.gloss[scene] + strength.gloss * normal(scenes.size)).clamp(0.0, 1.0)
    noise = torch.stack(
        [
            (strength.texture * normal(scenes.size)).abs().clamp(max=0.6),
            10.0 ** (0.8 + 1.2 * torch.rand(count, scenes.size, device=device)),
        ],
        dim=-1,
    )
    seed = torch.randint(1 << 20, (count,), device=device, dtype=torch.int32)
    return Look(style, albedo, gloss, noise, seed, noisy=strength.texture > 0)


def random_camera_offset(count: int, strength: LookConfig, device: torch.device) -> Tensor:
    """Small motions [count, 3, 4] of cameras in their optical frames, uniform: each axis ± the strength.

    R = I + [w]× + [w]×²/2, which is a rotation to w³/6 (10⁻⁵ at 2°).
    """
    w = strength.camera_rotation * (2.0 * torch.rand(count, 3, device=device) - 1.0)
    t = strength.camera_translation * (2.0 * torch.rand(count, 3, 1, device=device) - 1.0)
    eye = torch.eye(3, device=device).expand(count, 3, 3)
    cross = torch.linalg.cross(w.unsqueeze(1).expand(-1, 3, -1), eye, dim=-1).transpose(1, 2)
    square = w.unsqueeze(2) * w.unsqueeze(1) - w.square().sum(dim=1)[:, None, None] * eye
    return torch.cat([eye + cross + 0.5 * square, t], dim=2)
