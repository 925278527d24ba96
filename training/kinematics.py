"""Batched forward kinematics and Jacobians of a URDF's tree, in PyTorch and, on a GPU, in one Triton kernel.

Poses are 3×4 transforms [R t] in metres. All arithmetic is element-wise in single precision, whatever precision the
caller's autocast asks for: matrix units would round positions to millimetres.
"""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

URDF = Path(__file__).parents[1] / 'urdf' / 'h2_plus.urdf'
"""The robot's description, from which all kinematics come."""


@dataclass(frozen=True)
class Link:
    """A link and the joint that carries it."""

    name: str
    parent: int
    """Index of the link that carries it; −1 for the root."""
    joint: int
    """Index into the joint vector; −1 for a fixed joint."""
    transform: Tensor
    """[3, 4] float64: the joint's frame in the parent's."""
    axis: Tensor
    """[3] float64, unit: what the joint turns about, in its own frame."""


def read_links(urdf: Path = URDF) -> tuple[list[Link], list[str]]:
    """The links, each after its parent, and the names of the movable joints in document order.

    Raises ValueError for a movable joint that is not revolute.
    """
    root = ElementTree.parse(urdf).getroot()
    carrying = {joint.find('child').get('link'): joint for joint in root.findall('joint')}
    movable = [joint.get('name') for joint in root.findall('joint') if joint.get('type') != 'fixed']
    names = [link.get('name') for link in root.findall('link')]
    order = [name for name in names if name not in carrying]
    if len(order) != 1:
        raise ValueError(f'{urdf}: {len(order)} links have no parent: {", ".join(order)}; a tree has one root')
    for name in order:
        order += [child for child in names if child in carrying and carrying[child].find('parent').get('link') == name]
    links = []
    for name in order:
        joint = carrying.get(name)
        if joint is None:
            links.append(Link(name, -1, -1, _transform(None), torch.zeros(3, dtype=torch.float64)))
            continue
        axis = torch.zeros(3, dtype=torch.float64)
        index = -1
        if joint.get('type') != 'fixed':
            if joint.get('type') not in ('revolute', 'continuous'):
                raise ValueError(f'{urdf}: joint {joint.get("name")}: {joint.get("type")}; expected revolute or fixed')
            axis = _vector(joint.find('axis').get('xyz') if joint.find('axis') is not None else '1 0 0')
            axis = axis / axis.norm()
            index = movable.index(joint.get('name'))
        parent = order.index(joint.find('parent').get('link'))
        links.append(Link(name, parent, index, _transform(joint.find('origin')), axis))
    return links, movable


class Kinematics(nn.Module):
    """Forward kinematics of a tree with L links and J revolute joints.

    A joint's rotation about the axis a by q is, in its parent, R(q) = A + sin q · B + cos q · C with the constants
    A = F(I + K²), B = F K, C = −F K², where F is the joint's fixed rotation and K = [a]× (Rodrigues).
    """

    def __init__(self, urdf: Path = URDF) -> None:
        super().__init__()
        links, self.joint_names = read_links(urdf)
        self.link_names = [link.name for link in links]
        parent = torch.tensor([link.parent for link in links])
        joint = torch.tensor([link.joint for link in links])
        fixed = torch.stack([link.transform for link in links])
        k = torch.stack([skew(link.axis) for link in links])
        rotation = fixed[:, :, :3]
        terms = torch.stack([rotation + rotation @ k @ k, rotation @ k, -rotation @ k @ k], dim=1)
        self.register_buffer('terms', terms.float(), persistent=False)
        self.register_buffer('offset', fixed[:, :, 3].float(), persistent=False)
        self.register_buffer('parent', parent.int(), persistent=False)
        # A fixed joint has B = C = 0, so that any angle does for it.
        self.register_buffer('joint', joint.clamp(min=0).int(), persistent=False)
        constants = torch.cat([terms.flatten(1), fixed[:, :, 3]], dim=1).float()
        self.register_buffer('constants', constants.contiguous(), persistent=False)
        self._levels(parent)
        moved = (joint >= 0).nonzero().squeeze(1)
        self.register_buffer('joint_link', moved[joint[moved].argsort()], persistent=False)
        axis = torch.stack([link.axis for link in links]).float()
        self.register_buffer('joint_axis', axis[self.joint_link], persistent=False)
        self.register_buffer('moves', self._ancestry(parent, joint), persistent=False)

    def link(self, name: str) -> int:
        """Index of a link; raises ValueError where there is none of that name."""
        return self.link_names.index(name)

    def forward(self, joints: Tensor, base: Tensor | None = None) -> Tensor:
        """Poses [B, L, 3, 4] float32 of all links for joint positions [B, J], rad.

        `base` [B, 7], position (m) and quaternion (x, y, z, w) of the root, in whose frame they are given otherwise.
        """
        with torch.autocast(joints.device.type, enabled=False):
            joints = joints.float()
            root = identity(joints) if base is None else pose_matrix(base.float())
            if joints.is_cuda:
                from .triton_kinematics import launch_forward

                return launch_forward(self, joints, root)
            return self.forward_torch(joints, root)

    def forward_torch(self, joints: Tensor, root: Tensor) -> Tensor:
        """The same by levels of the tree in PyTorch; root [B, 3, 4]."""
        angle = joints[:, self.joint.long()]
        sine, cosine = angle.sin()[..., None, None], angle.cos()[..., None, None]
        local = self.terms[:, 0] + sine * self.terms[:, 1] + cosine * self.terms[:, 2]
        local = torch.cat([local, self.offset.unsqueeze(-1).expand(len(joints), -1, -1, -1)], dim=-1)
        poses = [root.unsqueeze(1)]
        for level in range(self.level_count):
            children, parents = getattr(self, f'level_{level}'), getattr(self, f'carrier_{level}')
            poses.append(compose(poses[-1][:, parents], local[:, children]))
        return torch.cat(poses, dim=1)[:, self.position]

    def jacobian(self, poses: Tensor, links: Tensor) -> Tensor:
        """Geometric Jacobians [B, K, 6, J] of the origins of `links` [K] (linear over angular), in the poses' frame.

        Column j is (a_j × (p − o_j), a_j) for a joint that moves the link, else 0; poses [B, L, 3, 4] of `forward`.
        """
        with torch.autocast(poses.device.type, enabled=False):
            frame = poses[:, self.joint_link]
            axis = (frame[..., :3] * self.joint_axis[:, None, :]).sum(dim=-1).unsqueeze(1)
            arm = poses[:, links, None, :, 3] - frame[:, None, :, :, 3]
            columns = torch.cat([torch.linalg.cross(axis.expand_as(arm), arm), axis.expand_as(arm)], dim=-1)
            return (columns * self.moves[links].unsqueeze(-1)).transpose(-1, -2)

    def _levels(self, parent: Tensor) -> None:
        """Groups the links by their distance from the root: `level_n` and where their parents are in level n − 1."""
        depth = [0] * len(parent)
        for link in range(1, len(parent)):
            depth[link] = depth[int(parent[link])] + 1
        depths = torch.tensor(depth)
        before = torch.tensor([0])
        order = [before]
        for level in range(1, max(depth) + 1):
            links = (depths == level).nonzero().squeeze(1)
            carriers = (parent[links].unsqueeze(1) == before).int().argmax(dim=1)
            self.register_buffer(f'level_{level - 1}', links, persistent=False)
            self.register_buffer(f'carrier_{level - 1}', carriers, persistent=False)
            order.append(links)
            before = links
        self.level_count = max(depth)
        self.register_buffer('position', torch.cat(order).argsort(), persistent=False)

    def _ancestry(self, parent: Tensor, joint: Tensor) -> Tensor:
        """[L, J] float, 1 where the joint moves the link."""
        moves = torch.zeros(len(parent), len(self.joint_names))
        for link in range(1, len(parent)):
            moves[link] = moves[parent[link]]
            if joint[link] >= 0:
                moves[link, joint[link]] = 1.0
        return moves


def compose(a: Tensor, b: Tensor) -> Tensor:
    """The transform a · b of [..., 3, 4] each, element-wise."""
    columns = a[..., :, 0:1] * b[..., 0:1, :] + a[..., :, 1:2] * b[..., 1:2, :] + a[..., :, 2:3] * b[..., 2:3, :]
    return torch.cat([columns[..., :3], columns[..., 3:] + a[..., 3:]], dim=-1)


def invert(a: Tensor) -> Tensor:
    """The inverse [Rᵀ, −Rᵀt] of rigid transforms [..., 3, 4]."""
    rotation = a[..., :3].transpose(-1, -2)
    translation = -(rotation * a[..., None, :, 3]).sum(dim=-1)
    return torch.cat([rotation, translation.unsqueeze(-1)], dim=-1)


def pose_matrix(pose: Tensor) -> Tensor:
    """Transforms [..., 3, 4] of poses [..., 7]: position (m) and unit quaternion (x, y, z, w)."""
    x, y, z, w = pose[..., 3:].unbind(-1)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w), pose[..., 0]),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w), pose[..., 1]),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y), pose[..., 2]),
    )
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)


def identity(like: Tensor) -> Tensor:
    """Identity transforms [B, 3, 4], one for each row of `like`."""
    return torch.eye(3, 4, device=like.device).expand(len(like), 3, 4)


def skew(v: Tensor) -> Tensor:
    """The matrix [v]× of a vector [3]."""
    x, y, z = v.tolist()
    return torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=v.dtype)


def _vector(text: str) -> Tensor:
    return torch.tensor([float(value) for value in text.split()], dtype=torch.float64)


def _transform(origin: ElementTree.Element | None) -> Tensor:
    """[3, 4] of an <origin>: rotations about the fixed axes x, y, z by roll, pitch, yaw."""
    if origin is None:
        return torch.eye(3, 4, dtype=torch.float64)
    roll, pitch, yaw = _vector(origin.get('rpy', '0 0 0'))
    (cr, cp, cy), (sr, sp, sy) = ([f(a) for a in (roll, pitch, yaw)] for f in (torch.cos, torch.sin))
    rotation = torch.stack(
        [
            torch.stack([cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr]),
            torch.stack([sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr]),
            torch.stack([-sp, cp * sr, cp * cr]),
        ]
    )
    return torch.cat([rotation, _vector(origin.get('xyz', '0 0 0')).unsqueeze(1)], dim=1)
