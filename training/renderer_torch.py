"""The ray caster in plain PyTorch: the reference of the GPU's kernels, and what renders on a CPU.

Shapes: F frames, G primitives, P pixels. Distances along a ray are depths along the optical axis, as the ray of a pixel
is (x, y, 1) in the optical frame.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .kinematics import compose, invert
from .scene import BOX, CAPSULE, CYLINDER, ELLIPSOID, PLANE, SPHERE
from .torch_shading import TINY, shade

if TYPE_CHECKING:
    from .renderer import Look
    from .scene import Scenes

CHUNK = 8
"""Frames at a time: bounds the memory."""
SEAM = 2e-6
"""Widening of the faces of boxes, m, so that no ray slips between two of them."""


def render(
    scenes: 'Scenes', frames: Tensor, scene: Tensor, camera: Tensor, size: tuple[int, int], look: 'Look'
) -> tuple[Tensor, Tensor, Tensor]:
    """Colour [F, 3, H, W] uint8, depth [F, H, W] (m, 0 for none) and body seen [F, H, W] int16 (−1 for none).

    frames [F, N, 3, 4] as `Scenes.frames`, scene [F], camera [F, 16]: fx, fy, cx, cy and the optical frame's pose in
    the world, [3, 4] row-major; `look` has an entry for each frame.
    """
    parts = []
    for k in range(0, len(scene), CHUNK):
        part = slice(k, k + CHUNK)
        parts.append(_render(scenes, frames[part], scene[part], camera[part], size, look.rows(part)))
    return tuple(torch.cat(tensors) for tensors in zip(*parts, strict=True))


def _render(
    scenes: 'Scenes', frames: Tensor, scene: Tensor, camera: Tensor, size: tuple[int, int], look: 'Look'
) -> tuple[Tensor, Tensor, Tensor]:
    height, width = size
    rays = pixel_rays(camera, height, width)
    pose = camera[:, 4:].view(-1, 3, 4)
    view = view_primitives(scenes, frames, scene, pose)
    depth, hit = cast(view, rays)
    colour = shade(scenes, scene, view, rays, depth, hit, pose, look)
    seen = hit >= 0
    body = torch.where(seen, scenes.body[scene].gather(1, hit.clamp(min=0)), -1)
    depth = torch.where(seen, depth, 0.0)
    shape = (len(scene), height, width)
    return colour.view(len(scene), 3, height, width), depth.view(shape), body.to(torch.int16).view(shape)


def pixel_rays(camera: Tensor, height: int, width: int) -> Tensor:
    """[F, 3, P]: x and y of the rays through the pixel centres, and 1 / the rays' length."""
    fx, fy, cx, cy = camera[:, :4, None].unbind(1)
    x = (torch.arange(width, device=camera.device) + 0.5 - cx) / fx
    y = (torch.arange(height, device=camera.device) + 0.5 - cy) / fy
    x = x.unsqueeze(1).expand(-1, height, -1).flatten(1)
    y = y.unsqueeze(2).expand(-1, -1, width).flatten(1)
    return torch.stack([x, y, 1.0 / (x * x + y * y + 1.0).sqrt()], dim=1)


def view_primitives(scenes: 'Scenes', frames: Tensor, scene: Tensor, pose: Tensor) -> dict[str, Tensor]:
    """Primitives in the optical frame: centre, axes [F, G, 3 (axis), 3], half sizes, type, camera's place in them."""
    parent = scenes.parent[scene].long()
    world = compose(frames[torch.arange(len(scene), device=scene.device)[:, None], parent], scenes.local[scene])
    seen = compose(invert(pose).unsqueeze(1), world)
    axes = seen[..., :3].transpose(-1, -2)
    centre = seen[..., 3]
    own = -(axes * centre.unsqueeze(-2)).sum(dim=-1)
    half, kind = scenes.half_size[scene], scenes.kind[scene]
    return {'centre': centre, 'axes': axes, 'half': half, 'kind': kind, 'own': own, 'visible': _visible(kind, half, own)}


def _visible(kind: Tensor, half: Tensor, own: Tensor) -> Tensor:
    """Primitives that do not contain the camera; planes seen from above. `own` is the camera in their frames."""
    radial = own[..., 0].square() + own[..., 1].square()
    beyond = (own[..., 2].abs() - half[..., 1]).clamp(min=0.0)
    squared = half[..., 0].square()
    outside = torch.stack(
        [
            (own.abs() > half).any(dim=-1),
            radial + beyond.square() > squared,
            (beyond > 0) | (radial > squared),
            own.square().sum(dim=-1) > squared,
            (own / half.clamp(min=TINY)).square().sum(dim=-1) > 1.0,
            own[..., 2] > 0,
            torch.zeros_like(radial, dtype=torch.bool),
        ]
    )
    return outside.gather(0, kind.long().unsqueeze(0)).squeeze(0)


def cast(view: dict[str, Tensor], rays: Tensor) -> tuple[Tensor, Tensor]:
    """Depth [F, P] (infinite where nothing is hit) and index of the primitive hit [F, P], −1 for none."""
    casts = {BOX: _box, CAPSULE: _capsule, CYLINDER: _cylinder, SPHERE: _sphere, ELLIPSOID: _ellipsoid, PLANE: _plane}
    depth = torch.full_like(rays[:, 0], torch.inf)
    hit = torch.full_like(depth, -1, dtype=torch.long)
    x, y = rays[:, 0].unsqueeze(1), rays[:, 1].unsqueeze(1)
    for kind, function in casts.items():
        chosen = (view['kind'] == kind).any(dim=0).nonzero().squeeze(1)
        if not len(chosen):
            continue
        part = {name: values[:, chosen].unsqueeze(-1) for name, values in view.items()}
        t = function(part, x, y)
        t = torch.where((part['kind'] == kind) & part['visible'] & (t > 0), t, torch.inf)
        nearest, index = t.min(dim=1)
        closer = nearest < depth
        depth = torch.where(closer, nearest, depth)
        hit = torch.where(closer, chosen[index], hit)
    return depth, hit


def _along(axes: Tensor, k: int, x: Tensor, y: Tensor) -> Tensor:
    """The rays' component along axis k."""
    return x * axes[:, :, k, 0] + y * axes[:, :, k, 1] + axes[:, :, k, 2]


def _box(view: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
    """Enters through the last of the planes that face the camera, if it is then between the others."""
    t = torch.zeros(())
    possible = torch.ones((), dtype=torch.bool)
    directions = []
    for k in range(3):
        own, half = view['own'][:, :, k], view['half'][:, :, k]
        l = _along(view['axes'], k, x, y)
        edge = torch.where(own > half, half - own, torch.where(own < -half, -half - own, 0.0))
        possible = possible & ((edge == 0) | (edge * l > 0))
        t = torch.where(edge == 0, t, torch.maximum(t, edge / l))
        directions.append((own, half, l))
    for own, half, l in directions:
        possible = possible & ((own + t * l).abs() <= half + SEAM)
    return torch.where(possible, t, torch.inf)


def _round(view: dict[str, Tensor], x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    """Where rays meet the endless cylinder, t = −(B + √(B² − AC)) / A, and what its ends need."""
    axis, centre, along = view['axes'][:, :, 2], view['centre'], view['own'][:, :, 2]
    wx, wy, wz = (-along * axis[:, :, k] - centre[:, :, k] for k in range(3))
    radius = view['half'][:, :, 0]
    c = wx * wx + wy * wy + wz * wz - radius * radius
    dn = _along(view['axes'], 2, x, y)
    dd = x * x + y * y + 1.0
    a = dd - dn * dn
    b = x * wx + y * wy + wz
    discriminant = b * b - a * c
    t = -(b + discriminant.clamp(min=0.0).sqrt()) / (a + TINY)
    z = along + t * dn
    half = view['half'][:, :, 1]
    offset = torch.where(z > 0, half, -half) - along
    return discriminant >= 0, t, z.abs() > half, offset, a, b, c, dn, dd


def _capsule(view: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
    """The sphere around the end point decides beyond an end."""
    meets, t, beyond, offset, _, b, c, dn, dd = _round(view, x, y)
    de = offset * dn - b
    squared = de * de - dd * (c + offset * offset)
    cap = torch.where(squared >= 0, (de - squared.clamp(min=0.0).sqrt()) / dd, torch.inf)
    return torch.where(meets, torch.where(beyond, cap, t), torch.inf)


def _cylinder(view: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
    """The disc decides beyond an end."""
    meets, t, beyond, offset, a, b, c, dn, _ = _round(view, x, y)
    disc = offset / dn
    disc = torch.where(a * disc * disc + 2.0 * b * disc + c > 0, torch.inf, disc)
    return torch.where(meets, torch.where(beyond, disc, t), torch.inf)


def _sphere(view: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
    cx, cy, cz = view['centre'][:, :, 0], view['centre'][:, :, 1], view['centre'][:, :, 2]
    c = cx * cx + cy * cy + cz * cz - view['half'][:, :, 0].square()
    a = x * x + y * y + 1.0
    b = x * cx + y * cy + cz
    discriminant = b * b - a * c
    return torch.where(discriminant >= 0, (b - discriminant.clamp(min=0.0).sqrt()) / a, torch.inf)


def _ellipsoid(view: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
    """In its frame, scaled by its half axes, it is the unit sphere."""
    a, b, c = torch.zeros(()), torch.zeros(()), -torch.ones(())
    for k in range(3):
        inverse = 1.0 / view['half'][:, :, k]
        o, l = view['own'][:, :, k] * inverse, _along(view['axes'], k, x, y) * inverse
        a, b, c = a + l * l, b + l * o, c + o * o
    discriminant = b * b - a * c
    return torch.where(discriminant >= 0, -(b + discriminant.clamp(min=0.0).sqrt()) / a, torch.inf)


def _plane(view: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
    """From above only; half sizes of 0 are endless."""
    fall = -_along(view['axes'], 2, x, y)
    t = torch.where(fall > 0, view['own'][:, :, 2] / fall, torch.inf)
    for k in range(2):
        half = view['half'][:, :, k]
        place = view['own'][:, :, k] + t * _along(view['axes'], k, x, y)
        t = torch.where((half > 0) & (place.abs() > half), torch.inf, t)
    return t
