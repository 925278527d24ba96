"""Forward kinematics on the GPU: one thread a configuration walks the whole tree."""

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl
from torch import Tensor

if TYPE_CHECKING:
    from .kinematics import Kinematics

BLOCK = 128
"""Configurations a program."""
CONSTANTS = 30
"""Numbers a link: A, B, C of its rotation (9 each), its offset (3)."""


@triton.jit
def forward_kernel(joints, root, constants, parent, joint, out, count, links, BLOCK: tl.constexpr):
    """joints [J, count], root [12, count], constants [links, 30], out [links · 12, count]."""
    column = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = column < count
    for k in tl.static_range(12):
        tl.store(out + k * count + column, tl.load(root + k * count + column, mask=inside), mask=inside)
    to = out + column
    for link in range(1, links):
        to += 12 * count
        # What was stored for the parent may have been stored by another thread of the program.
        tl.debug_barrier()
        at = out + tl.load(parent + link).to(tl.int64) * 12 * count + column
        angle = tl.load(joints + tl.load(joint + link).to(tl.int64) * count + column, mask=inside)
        s = tl.sin(angle)
        c = tl.cos(angle)
        p = constants + link * 30
        m00 = tl.load(p) + s * tl.load(p + 9) + c * tl.load(p + 18)
        m01 = tl.load(p + 1) + s * tl.load(p + 10) + c * tl.load(p + 19)
        m02 = tl.load(p + 2) + s * tl.load(p + 11) + c * tl.load(p + 20)
        m10 = tl.load(p + 3) + s * tl.load(p + 12) + c * tl.load(p + 21)
        m11 = tl.load(p + 4) + s * tl.load(p + 13) + c * tl.load(p + 22)
        m12 = tl.load(p + 5) + s * tl.load(p + 14) + c * tl.load(p + 23)
        m20 = tl.load(p + 6) + s * tl.load(p + 15) + c * tl.load(p + 24)
        m21 = tl.load(p + 7) + s * tl.load(p + 16) + c * tl.load(p + 25)
        m22 = tl.load(p + 8) + s * tl.load(p + 17) + c * tl.load(p + 26)
        x = tl.load(p + 27)
        y = tl.load(p + 28)
        z = tl.load(p + 29)
        for row in tl.static_range(3):
            r0 = tl.load(at + (4 * row) * count, mask=inside)
            r1 = tl.load(at + (4 * row + 1) * count, mask=inside)
            r2 = tl.load(at + (4 * row + 2) * count, mask=inside)
            t = tl.load(at + (4 * row + 3) * count, mask=inside)
            tl.store(to + (4 * row) * count, r0 * m00 + r1 * m10 + r2 * m20, mask=inside)
            tl.store(to + (4 * row + 1) * count, r0 * m01 + r1 * m11 + r2 * m21, mask=inside)
            tl.store(to + (4 * row + 2) * count, r0 * m02 + r1 * m12 + r2 * m22, mask=inside)
            tl.store(to + (4 * row + 3) * count, t + r0 * x + r1 * y + r2 * z, mask=inside)


def launch_forward(kinematics: 'Kinematics', joints: Tensor, root: Tensor) -> Tensor:
    """Poses [B, L, 3, 4] of joints [B, J] and root [B, 3, 4]; a view of memory that is laid out [L, 3, 4, B]."""
    count, links = len(joints), len(kinematics.link_names)
    out = torch.empty(links * 12, count, device=joints.device)
    columns = joints.t().contiguous()
    roots = root.reshape(count, 12).t().contiguous()
    forward_kernel[(triton.cdiv(count, BLOCK),)](
        columns, roots, kinematics.constants, kinematics.parent, kinematics.joint, out, count, links, BLOCK
    )
    return out.view(links, 3, 4, count).permute(3, 0, 1, 2)
