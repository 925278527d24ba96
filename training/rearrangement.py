"""Scenes that nobody demonstrated: every object where it stood at the start of some episode, each of another one.

They teach where things are, with as many arrangements as there are combinations, and not what to do.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .dataset import Demonstrations
from .kinematics import invert, pose_matrix

SAME_PLACE = 1e-3
"""m: how near a named object's label is to the body that it is of."""


class Arrangement(NamedTuple):
    """Where the objects of B samples are."""

    bodies: Tensor
    """[B, bodies, 7] in the world."""
    objects: Tensor
    """[B, slots, 3] m, in base_link: those that the instruction names."""
    moved: Tensor
    """[B] float32: 0 where all is as it was demonstrated."""


class Rearrangement:
    """Draws places for the bodies of scenes without doors and drawers, whose bodies stand by themselves."""

    def __init__(self, data: Demonstrations, frames: Tensor) -> None:
        """`frames`: those of the episodes whose starts may be shown."""
        self.data = data
        starts = data.start[frames].unique()
        scene, present = data.scene[starts], data.present[starts] > 0.5
        free = [not any('parent' in body for body in scene.content['bodies']) for scene in data.scenes]
        self.free = torch.tensor(free, device=frames.device)
        # For each scene and body, the starts at which it is there: a row of `starts` in an order by scene and body.
        rows, counts = [], []
        for number in range(len(data.scenes)):
            for body in range(present.shape[1]):
                rows.append(starts[(scene == number) & present[:, body]])
                counts.append(len(rows[-1]))
        self.starts = torch.cat(rows)
        self.counts = torch.tensor(counts, device=frames.device).view(len(data.scenes), -1)
        self.offsets = (self.counts.flatten().cumsum(0) - self.counts.flatten()).view_as(self.counts)

    def draw(self, indices: Tensor) -> Arrangement:
        """New places for what is there at frames `indices` [B]; nothing in it waits for the device."""
        data = self.data
        scene, bodies, objects = data.scene[indices], data.bodies[indices], data.objects[indices]
        into_base = invert(pose_matrix(data.base[indices]))
        role, named = _bodies_of(objects, _places(bodies, into_base))
        counts = self.counts[scene]
        chosen = (torch.rand(counts.shape, device=indices.device) * counts).long().minimum((counts - 1).clamp(min=0))
        donors = self.starts[(self.offsets[scene] + chosen).clamp(max=len(self.starts) - 1)]
        number = torch.arange(bodies.shape[1], device=indices.device)
        moved = (self.free[scene] & named).float()
        stays = (data.present[indices] < 0.5) | (counts == 0) | (moved.unsqueeze(1) < 0.5)
        bodies = torch.where(stays.unsqueeze(-1), bodies, data.bodies[donors, number])
        places = _places(bodies, into_base).gather(1, role.unsqueeze(-1).expand_as(objects))
        return Arrangement(bodies, torch.where(moved.view(-1, 1, 1) > 0.5, places, objects), moved)


def _places(bodies: Tensor, into_base: Tensor) -> Tensor:
    """Positions [B, bodies, 3] of poses [B, bodies, 7] in the world; `into_base` [B, 3, 4]."""
    return (into_base[:, None, :, :3] * bodies[..., None, :3]).sum(dim=-1) + into_base[:, None, :, 3]


def _bodies_of(objects: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """The bodies [B, slots] that named objects [B, slots, 3] are, and whether all are found [B]."""
    distance, body = (objects.unsqueeze(2) - places.unsqueeze(1)).norm(dim=-1).min(dim=2)
    return body, (distance < SAME_PLACE).all(dim=1)
