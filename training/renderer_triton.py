"""The ray caster on the GPU, two Triton kernels: `triton_view` brings the primitives of a frame into the optical frame
and lists those that can be seen; `triton_picture` casts the rays of a tile of pixels at the list and shades what they
hit. The arithmetic is that of `renderer_torch`, which says what each step means.
"""

from typing import TYPE_CHECKING

import torch
import triton
from torch import Tensor

from .renderer_torch import SEAM
from .torch_shading import END_TOLERANCE
from .triton_picture import picture_kernel
from .triton_view import view_kernel

if TYPE_CHECKING:
    from .renderer import Look
    from .scene import Scenes

RECORD = 20
"""Numbers a visible primitive: centre 3, axes 9, half sizes 3, bounds of its rays (x from, to, y from, to) 4, spare."""
TILE = 16
"""Side of the square of pixels that a program renders."""
MARGIN = 1e-4
"""Widens bounds in the image against rounding, in units of the ray coordinates."""
NEAR_PLANE = 1e-3
"""What reaches nearer to the camera's plane than this is taken to be seen everywhere, m."""


def picture_constants(scenes: 'Scenes') -> dict[str, float | int]:
    """The kernel's compile-time constants that the scene description gives."""
    shading, textures = scenes.constants['shading'], scenes.constants['textures']
    wood, tiles = textures['wood'], textures['tiles']
    return {
        'STEPS': len(scenes.tone),
        'SCALE': scenes.tone_scale,
        'SEAM': SEAM,
        'END': END_TOLERANCE,
        'REFLECTANCE': shading['reflectance'],
        'HIGHLIGHT': shading['highlight'],
        'EDGE': shading['highlightEdge'],
        'FLOOR': shading['floorReflection'],
        'WOOD_SIDE': wood['side'],
        'WOOD_DENSITY': float(wood['density']),
        'TILE_SIDE': tiles['side'],
        'TILE_JOINT': tiles['joint'],
        'TILE_DARK': tiles['jointBrightness'],
        'TILE_ODD': tiles['odd'],
        'TILE_EVEN': tiles['even'],
        'TILE_VARY': tiles['vary'],
    }


def render(
    scenes: 'Scenes', frames: Tensor, scene: Tensor, camera: Tensor, size: tuple[int, int], look: 'Look'
) -> tuple[Tensor, Tensor, Tensor]:
    """As `renderer_torch.render`; nothing in it waits for the device."""
    count, device = len(scene), scene.device
    height, width = size
    records = torch.empty(count, scenes.size, RECORD, device=device)
    sources = torch.empty(count, scenes.size, dtype=torch.int32, device=device)
    starts = torch.empty(count, 7, dtype=torch.int32, device=device)
    colour = torch.empty(count, 3, height, width, dtype=torch.uint8, device=device)
    depth = torch.empty(count, height, width, device=device)
    body = torch.empty(count, height, width, dtype=torch.int16, device=device)
    columns = frames.permute(1, 2, 3, 0).contiguous()
    camera = camera.contiguous()
    view_kernel[(count,)](
        columns,
        camera,
        scene,
        scenes.parent,
        scenes.local,
        scenes.half_size,
        scenes.kind,
        records,
        sources,
        starts,
        count,
        scenes.size,
        triton.next_power_of_2(scenes.size),
        MARGIN,
        NEAR_PLANE,
        num_warps=4,
    )
    tiles = triton.cdiv(height, TILE) * triton.cdiv(width, TILE)
    picture_kernel[(count, tiles)](
        records,
        sources,
        starts,
        camera,
        scene,
        scenes.finish,
        scenes.body,
        look.style.contiguous(),
        look.albedo.contiguous(),
        look.gloss.contiguous(),
        look.noise.contiguous(),
        look.seed,
        scenes.tone,
        scenes.wood,
        colour,
        depth,
        body,
        scenes.size,
        height,
        width,
        TILE,
        look.noisy,
        **picture_constants(scenes),
        num_warps=4,
    )
    return colour, depth, body
