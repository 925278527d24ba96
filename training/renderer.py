"""Batched RGB-D pictures of recorded states: the simulation's renderer again, on the training device.

One ray a pixel at the primitives of `meta/scene.json`; colours equal the simulation's within 1 of 255 and depths within
0.1 mm. On a GPU a Triton kernel does it (`renderer_triton`), elsewhere the same arithmetic in PyTorch
(`renderer_torch`).
"""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from .kinematics import Kinematics, compose, invert, pose_matrix
from .scene import Scenes
from .torch_shading import noise_torch


@dataclass
class Look:
    """Light and materials of each of F frames."""

    style: Tensor
    """[F, 19]: unit vector to the light (world), then linear colours: light, sky less ground light, ground light,
    horizon, zenith less horizon; 1 / fade distance²."""
    albedo: Tensor
    """[F, G, 3] linear."""
    gloss: Tensor
    """[F, G]."""
    noise: Tensor
    """[F, G, 2]: strength (relative) and cells a metre of a noise on the surfaces; strength 0 is none."""
    seed: Tensor
    """[F] int32, of the noise."""
    noisy: bool = False
    """Whether any of the strengths is not 0."""

    def rows(self, part: slice | Tensor) -> 'Look':
        """The look of some of the frames."""
        parts = {f.name: getattr(self, f.name)[part] for f in fields(self) if f.name != 'noisy'}
        return Look(**parts, noisy=self.noisy)

    def light_direction(self, pose: Tensor) -> Tensor:
        """[F, 3]: the vector to the light in the optical frame of `pose` [F, 3, 4]."""
        return (pose[:, :, :3] * self.style[:, :3, None]).sum(dim=1)

    def noise_brightness(self, g: Tensor, own: Tensor) -> Tensor:
        """Brightness [F, P] of the noise on primitives g [F, P] at points [F, P, 3] of their frames."""
        if not self.noisy:
            return torch.ones_like(own[..., 0])
        noise = self.noise.gather(1, g.unsqueeze(-1).expand(-1, -1, 2))
        seed = self.seed.long().unsqueeze(1) + 131 * g
        return 1.0 + noise[..., 0] * (2.0 * noise_torch(own * noise[..., 1:], seed) - 1.0)


@dataclass
class Pictures:
    """What a camera saw in each of F frames."""

    colour: Tensor
    """[F, 3, H, W] uint8, sRGB."""
    depth: Tensor
    """[F, H, W] m along the optical axis, 0 for none."""
    body: Tensor
    """[F, H, W] int16: index of the scene's body that is seen, −1 for the robot, the floor and nothing."""
    camera: Tensor
    """[F, 3, 4]: from the optical frame to base_link, as the joints have it."""


class Renderer:
    """Renders a camera of the robot from joint positions, the base's pose and the bodies' poses."""

    def __init__(self, scenes: Scenes, kinematics: Kinematics, camera: str = 'head_camera') -> None:
        description = scenes.cameras[camera]
        intrinsics = description['intrinsics']
        self.scenes = scenes
        self.kinematics = kinematics
        self.link = kinematics.link(description['link']) if description['link'] else -1
        self.size = (intrinsics['height'], intrinsics['width'])
        self.intrinsics = torch.tensor([intrinsics[key] for key in ('fx', 'fy', 'cx', 'cy')], dtype=torch.float32)

    def standard_look(self, scene: Tensor) -> Look:
        """The simulation's own look for frames of the scenes [F]."""
        scenes = self.scenes
        count = len(scene)
        return Look(
            scenes.style.expand(count, -1),
            scenes.albedo[scene],
            scenes.gloss[scene],
            torch.zeros(count, scenes.size, 2, device=scene.device),
            torch.zeros(count, dtype=torch.int32, device=scene.device),
        )

    def render(
        self, joints: Tensor, base: Tensor, bodies: Tensor, scene: Tensor, look: Look, offset: Tensor | None = None
    ) -> Pictures:
        """Pictures of F states: joints [F, J], base [F, 7], bodies [F, body_count, 7], scene [F] int64.

        `offset` [F, 3, 4] moves the camera in its optical frame from where the joints have it.
        """
        with torch.no_grad(), torch.autocast(scene.device.type, enabled=False):
            links = self.kinematics(joints, base)
            pose = links[:, self.link]
            camera = compose(invert(pose_matrix(base)), pose)
            if offset is not None:
                pose = compose(pose, offset)
            return Pictures(*self.render_from(self.scenes.frames(links, bodies), scene, pose, look), camera)

    def render_from(
        self, frames: Tensor, scene: Tensor, pose: Tensor, look: Look
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Colour, depth and bodies seen (see Pictures) from camera poses [F, 3, 4] in the world; frames as `Scenes.frames`."""
        with torch.no_grad(), torch.autocast(scene.device.type, enabled=False):
            intrinsics = self.intrinsics.to(pose.device).expand(len(pose), 4)
            camera = torch.cat([intrinsics, pose.reshape(-1, 12)], dim=1)
            if scene.is_cuda:
                from .renderer_triton import render
            else:
                from .renderer_torch import render
            return render(self.scenes, frames, scene, camera, self.size, look)
