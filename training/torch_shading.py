"""Shading in plain PyTorch: from what rays hit to colours.

Shapes: F frames, G primitives, P pixels.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .scene import BOX, CYLINDER, ELLIPSOID, FINISHES, PLANE, SPHERE

if TYPE_CHECKING:
    from .renderer import Look
    from .scene import Scenes

END_TOLERANCE = 1e-5
"""Distance within which a hit counts as being on the end of a cylinder, m."""
TINY = 1e-30


def shade(
    scenes: 'Scenes',
    scene: Tensor,
    view: dict[str, Tensor],
    rays: Tensor,
    depth: Tensor,
    hit: Tensor,
    pose: Tensor,
    look: 'Look',
) -> Tensor:
    """Colour [F, 3, P] uint8: Lambert's law, ambient light by the normal's height, and a clear coat."""
    shading = scenes.constants['shading']
    g = hit.clamp(min=0)
    seen = hit >= 0
    x, y, inverse = rays.unbind(1)

    def of(values: Tensor) -> Tensor:
        return values.gather(1, g.reshape(*g.shape, *(1,) * (values.ndim - 2)).expand(-1, -1, *values.shape[2:]))

    t = torch.where(seen, depth, 1.0)
    kind, half, axes = of(view['kind']), of(view['half']), of(view['axes'])
    q = torch.stack([x * t, y * t, t], dim=-1) - of(view['centre'])
    own = (axes * q.unsqueeze(-2)).sum(dim=-1)
    normal, s0, s1 = _surface(kind, half, axes, own, q)
    brightness = _texture(scenes, of(scenes.finish[scene]), s0, s1) * look.noise_brightness(g, own)

    up, light = pose[:, 2, :3].unsqueeze(1), look.light_direction(pose).unsqueeze(1)
    style = look.style.unsqueeze(-2)
    nu, nl = (normal * up).sum(dim=-1), (normal * light).sum(dim=-1)
    ray = torch.stack([x, y, torch.ones_like(x)], dim=-1)
    nv = (-(normal * ray).sum(dim=-1) * inverse).clamp(min=0.0)
    lit = nl.clamp(min=0.0)
    graze = 1.0 - nv
    gloss = look.gloss.gather(1, g)
    coat = gloss * (shading['reflectance'] + (1.0 - shading['reflectance']) * graze.pow(5))
    mirror_up = (ray * up).sum(dim=-1) * inverse + 2.0 * nv * nu
    mirrored = coat * (1.0 + mirror_up).clamp(shading['floorReflection'], 1.0)
    mirror_light = (ray * light).sum(dim=-1) * inverse + 2.0 * nv * nl
    shine = shading['highlight'] * gloss * mirror_light.pow(32)
    shine = torch.where((mirror_light > shading['highlightEdge']) & (lit > 0), shine, 0.0)

    lamp, sky, ground, horizon, zenith = (style[..., 3 * k : 3 * k + 3] for k in range(1, 6))
    ambient = ground + (0.5 + 0.5 * nu).unsqueeze(-1) * sky
    albedo = look.albedo.gather(1, g.unsqueeze(-1).expand(-1, -1, 3))
    linear = albedo * brightness.unsqueeze(-1) * (lit.unsqueeze(-1) * lamp + ambient)
    linear = linear + mirrored.unsqueeze(-1) * horizon + shine.unsqueeze(-1) * lamp
    ratio = (t / inverse).square() * style[..., 18]
    haze = torch.where(kind == PLANE, ratio / (1.0 + ratio), 0.0).unsqueeze(-1)
    linear = linear + haze * (horizon - linear)
    height = ((ray * up).sum(dim=-1) * inverse).clamp(min=0.0)
    linear = torch.where(seen.unsqueeze(-1), linear, horizon + height.unsqueeze(-1) * zenith)
    index = (linear.clamp(max=scenes.tone_white) * scenes.tone_scale).long().clamp(0, len(scenes.tone) - 1)
    return scenes.tone[index].transpose(1, 2)


def _surface(kind: Tensor, half: Tensor, axes: Tensor, own: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Unit normals [F, P, 3] in the optical frame, and the coordinates on flat surfaces; own, q: the hit in the
    primitive's frame, and from its centre."""
    z, axis = own[..., 2], axes[..., 2, :]
    length = torch.where(kind == SPHERE, 0.0, half[..., 1])
    nearest = torch.minimum(torch.maximum(z, -length), length).unsqueeze(-1)
    normal = (q - nearest * axis) / half[..., :1]
    on_end = ((kind == CYLINDER) & (z.abs() > half[..., 1] - END_TOLERANCE)) | (kind == PLANE)
    sign = torch.where((kind == PLANE) | (z > 0), 1.0, -1.0).unsqueeze(-1)
    normal = torch.where(on_end.unsqueeze(-1), sign * axis, normal)

    gradient = ((own / half.clamp(min=TINY).square()).unsqueeze(-1) * axes).sum(dim=-2)
    gradient = gradient / gradient.norm(dim=-1, keepdim=True)
    normal = torch.where((kind == ELLIPSOID).unsqueeze(-1), gradient, normal)

    d0, d1, d2 = (own.abs() - half).unbind(-1)
    first = (d0 > d1) & (d0 > d2)
    side = torch.where(first, 0, torch.where(d1 > d2, 1, 2))
    face = axes.gather(-2, side[..., None, None].expand(*side.shape, 1, 3)).squeeze(-2)
    face = face * torch.where(own.gather(-1, side.unsqueeze(-1)) > 0, 1.0, -1.0)
    is_box = kind == BOX
    normal = torch.where(is_box.unsqueeze(-1), face, normal)
    s0 = torch.where(is_box & (side < 2), own[..., 2], own[..., 0])
    s1 = torch.where(is_box & (side == 1), own[..., 0], own[..., 1])
    return normal, s0, s1


def _texture(scenes: 'Scenes', finish: Tensor, s0: Tensor, s1: Tensor) -> Tensor:
    """Brightness of the finish at the coordinates of flat surfaces."""
    wood, tiles = scenes.constants['textures']['wood'], scenes.constants['textures']['tiles']
    column = (s0 * wood['density']).floor().long() & (wood['side'] - 1)
    row = (s1 * wood['density']).floor().long() & (wood['side'] - 1)
    grain = scenes.wood[column, row]
    i, j = (s0 / tiles['side']).floor(), (s1 / tiles['side']).floor()
    dx, dy = s0 - i * tiles['side'], s1 - j * tiles['side']
    joint = (torch.minimum(dx, dy) < tiles['joint']) | (torch.maximum(dx, dy) > tiles['side'] - tiles['joint'])
    i, j = i.long(), j.long()
    even = torch.where((i + j) & 1 == 1, tiles['odd'], tiles['even'])
    tiled = torch.where(joint, tiles['jointBrightness'], even + tiles['vary'] * (hash_torch(i, j) - 0.5))
    plain = torch.where(finish == FINISHES.index('tiles'), tiled, 1.0)
    return torch.where(finish == FINISHES.index('wood'), grain, plain)


def hash_torch(i: Tensor, j: Tensor) -> Tensor:
    """`scene.hash_numpy` of int64 tensors."""
    mask = 0xFFFFFFFF
    h = ((i & mask) * 0x27D4EB2D & mask) ^ ((j & mask) * 0x165667B1 & mask)
    h = (h ^ (h >> 15)) * 0x2C1B3C6D & mask
    h = (h ^ (h >> 12)) * 0x297A2D39 & mask
    return (h ^ (h >> 15)).float() / 2**32


def noise_torch(place: Tensor, seed: Tensor) -> Tensor:
    """Value noise in 0…1 at points [..., 3], with one cell a unit; seed [...] int64 shifts it."""
    cell = place.floor()
    f = place - cell
    f = f * f * (3.0 - 2.0 * f)
    i, j, k = cell.long().unbind(-1)
    value = torch.zeros(())
    for corner in range(8):
        a, b, c = corner & 1, corner >> 1 & 1, corner >> 2 & 1
        weight = torch.ones(())
        for axis, upper in enumerate((a, b, c)):
            weight = weight * (f[..., axis] if upper else 1.0 - f[..., axis])
        value = value + weight * hash_torch((i + a) + seed, (j + b) * 1009 + (k + c) * 9176)
    return value
