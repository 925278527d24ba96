"""Minibatches: demonstrations' states rendered to what the robot sees, with the labels that go with it."""

from typing import NamedTuple

import torch
from torch import Tensor

from .config import Config
from .dataset import Demonstrations, Labels
from .kinematics import Kinematics, invert, pose_matrix
from .looks import random_camera_offset, random_look
from .rearrangement import Arrangement
from .renderer import Look, Renderer
from .scene import Scenes

LEAST_PIXELS = 3
"""A body counts as visible from this many pixels of the newest frame on."""


class Batch(NamedTuple):
    """A minibatch: B samples, T frames each, the newest last."""

    colour: Tensor
    """[B, T, 3, H, W] uint8."""
    depth: Tensor
    """[B, T, H, W] m."""
    camera: Tensor
    """[B, T, 3, 4] optical frame to base_link."""
    future: Tensor
    """[B', K, 3, H, W] uint8: the frames to come, of the first B' samples."""
    labels: Labels
    present: Tensor
    """[B, M] float32, by the vocabulary of objects."""
    position: Tensor
    """[B, M, 3] m, base_link."""
    visible: Tensor
    """[B, M] float32."""
    moved: Tensor
    """[B] float32: 1 where the objects are not where the demonstration had them."""


class Studio:
    """Renders on the device on which the demonstrations are."""

    def __init__(self, data: Demonstrations, config: Config) -> None:
        device = data.joints.device
        self.data, self.config = data, config
        kinematics = Kinematics().to(device)
        self.scenes = Scenes(data.scenes, kinematics).to(device)
        self.renderer = Renderer(self.scenes, kinematics)
        if self.renderer.size != (config.model.image_height, config.model.image_width):
            raise ValueError(f'the camera has {self.renderer.size} pixels, model.image_height and image_width differ')
        self.intrinsics = self.renderer.intrinsics.to(device)
        self.vocabulary = config.model.bodies or object_vocabulary(data)
        self.slot = slot_of_bodies(data, self.vocabulary, self.scenes.body_count).to(device)
        sided = [any(name.startswith(('left_', 'right_')) for name in scene.bodies) for scene in data.scenes]
        self.mirrorable = ~torch.tensor(sided, device=device)
        """[S]: scenes whose mirror image has the same names."""

    def batch(self, indices: Tensor, disturbed: bool, futures: int, arrangement: Arrangement | None = None) -> Batch:
        """The samples at frames `indices` [B], future frames for the first `futures` of them.

        `arrangement` is of the last samples of the batch; such have no future frames.
        """
        data, shape = self.data, self.config.model
        strength = self.config.augmentation if disturbed else None
        shown = data.history(indices, shape, strength)
        look, offset = self.look(data.scene[indices], disturbed)
        labels, moved = data.labels(indices, shape), torch.zeros(len(indices), device=indices.device)
        bodies, seen_bodies = data.bodies[indices], None
        if arrangement is not None:
            kept = len(indices) - len(arrangement.moved)
            still = arrangement.moved.view(-1, 1, 1, 1) < 0.5
            seen_bodies = data.bodies[shown]
            places = torch.where(still, seen_bodies[kept:], arrangement.bodies.unsqueeze(1))
            seen_bodies = torch.cat([seen_bodies[:kept], places])
            bodies = torch.cat([bodies[:kept], arrangement.bodies])
            labels = labels._replace(objects=torch.cat([labels.objects[:kept], arrangement.objects]))
            moved = torch.cat([moved[:kept], arrangement.moved])
        colour, depth, body, camera = self.render(shown, look, offset, seen_bodies)
        pixels = torch.zeros(len(indices), self.scenes.body_count + 1, device=indices.device)
        seen = body[:, -1].flatten(1).long() + 1
        pixels.scatter_add_(1, seen, torch.ones_like(seen, dtype=torch.float32))
        visible = (pixels[:, 1:] >= LEAST_PIXELS).float()
        steps = torch.tensor(shape.future_steps, device=indices.device)
        later = data.later(indices[:futures], steps)
        future = self.render(later, look.rows(slice(futures)), offset[:futures])[0]
        position, present = self.places(indices, bodies)
        visible = self._by_slot(visible.unsqueeze(-1), self.slot[labels.scene]).squeeze(-1)
        return Batch(colour, depth, camera, future, labels, present, position, visible, moved)

    def places(self, indices: Tensor, bodies: Tensor) -> tuple[Tensor, Tensor]:
        """Where the bodies of the vocabulary are in base_link [B, M, 3], m, and whether they are there [B, M].

        `bodies` [B, bodies, 7] are their poses in the world.
        """
        inverse = invert(pose_matrix(self.data.base[indices])).unsqueeze(1)
        position = (inverse[..., :3] * bodies[..., None, :3]).sum(dim=-1) + inverse[..., 3]
        slot = self.slot[self.data.scene[indices]]
        present = self._by_slot(self.data.present[indices].unsqueeze(-1), slot).squeeze(-1)
        return self._by_slot(position, slot), present

    def look(self, scene: Tensor, disturbed: bool) -> tuple[Look, Tensor]:
        """Light, materials and the camera's offset of samples of the scenes [B]."""
        count, device = len(scene), scene.device
        if not disturbed:
            return self.renderer.standard_look(scene), torch.eye(3, 4, device=device).repeat(count, 1, 1)
        strength = self.config.look
        offset = random_camera_offset(count, strength, device)
        exact = torch.rand(count, 1, 1, device=device) < strength.exact_camera
        return random_look(self.scenes, scene, strength), torch.where(exact, torch.eye(3, 4, device=device), offset)

    def render(
        self, indices: Tensor, look: Look, offset: Tensor, bodies: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Colour, depth, bodies and camera of frames [B, T]; look and offset are of the samples.

        `bodies` [B, T, bodies, 7] are poses in the world instead of the frames' own.
        """
        batch, history = indices.shape
        sample = torch.arange(batch, device=indices.device).repeat_interleave(history)
        joints, base, own = self.data.frames(indices.flatten())
        placed = own if bodies is None else bodies.flatten(0, 1)
        scene = self.data.scene[indices.flatten()]
        pictures = self.renderer.render(joints, base, placed, scene, look.rows(sample), offset[sample])
        parts = (pictures.colour, pictures.depth, pictures.body, pictures.camera)
        return tuple(part.unflatten(0, (batch, history)) for part in parts)

    def _by_slot(self, values: Tensor, slot: Tensor) -> Tensor:
        """[B, bodies, n] of the scene's bodies to [B, M, n] of the vocabulary; 0 where the scene lacks one."""
        out = torch.zeros(len(values), len(self.vocabulary) + 1, values.shape[2], device=values.device)
        return out.scatter(1, slot.unsqueeze(-1).expand_as(values), values)[:, :-1]


def object_vocabulary(data: Demonstrations) -> tuple[str, ...]:
    """The names of all bodies of all scenes, in alphabetical order."""
    return tuple(sorted({name for scene in data.scenes for name in scene.bodies}))


def slot_of_bodies(data: Demonstrations, vocabulary: tuple[str, ...], bodies: int) -> Tensor:
    """[S, bodies] int64: each body's number in the vocabulary, one past its end for none."""
    rows = []
    for scene in data.scenes:
        row = [vocabulary.index(name) if name in vocabulary else len(vocabulary) for name in scene.bodies]
        rows.append(row + [len(vocabulary)] * (bodies - len(row)))
    return torch.tensor(rows)


def body_extents(data: Demonstrations, vocabulary: tuple[str, ...]) -> Tensor:
    """[M, 3] m, of the bodies of the vocabulary."""
    extents = {body['name']: body['extent'] for scene in data.scenes for body in scene.content['bodies']}
    return torch.tensor([extents.get(name, [0.0, 0.0, 0.0]) for name in vocabulary])
