"""Left for right: a minibatch as the robot would have lived it in a world mirrored at the plane y = 0 of base_link.

With S = diag(1, −1, 1): p ↦ S p, R ↦ S R S, a rotation vector w ↦ −S w (it is a pseudo-vector), and what the right arm
did the left one does. The picture's columns change places, so that a point keeps its pixel: the camera's x axis turns
round, M ↦ S M S', with S' = diag(−1, 1, 1), which needs the principal point in the picture's middle.
"""

import torch
from torch import Tensor

from .dataset import ARM_STATE
from .studio import Batch

POSITION = (1.0, -1.0, 1.0)
ROTATION = (1.0, -1.0, 1.0, -1.0, 1.0, -1.0)
"""Of xx, yx, zx, xy, yy, zy."""
ARM = (1.0, -1.0, -1.0, 1.0, -1.0, 1.0, -1.0)
"""Shoulder pitch, roll, yaw, elbow, wrist roll, pitch, yaw: what turns about x and z changes sign."""
STATE = (*POSITION, *ROTATION, *POSITION, *ROTATION, 1.0, 1.0, *ARM)
ACTION = (*POSITION, -1.0, 1.0, -1.0, 1.0)


def mirror(batch: Batch, which: Tensor) -> Batch:
    """The samples that `which` [B] names as 1 mirrored, the others as they are."""
    labels = batch.labels

    def signs(values: tuple[float, ...]) -> Tensor:
        return which.new_tensor(values)

    def choose(mirrored: Tensor, plain: Tensor) -> Tensor:
        return torch.where(which[: len(plain)].view(-1, *(1,) * (plain.ndim - 1)) > 0.5, mirrored, plain)

    def reflect(plain: Tensor, values: tuple[float, ...]) -> Tensor:
        return choose(plain * signs(values), plain)

    right, left = labels.state.split(ARM_STATE, dim=-1)
    state = torch.cat([left, right], dim=-1) * signs(STATE).repeat(2)
    camera = batch.camera * signs(POSITION).unsqueeze(1) * signs((-1.0, 1.0, 1.0, 1.0))
    return batch._replace(
        colour=choose(batch.colour.flip(-1), batch.colour),
        depth=choose(batch.depth.flip(-1), batch.depth),
        camera=choose(camera, batch.camera),
        future=choose(batch.future.flip(-1), batch.future),
        position=reflect(batch.position, POSITION),
        labels=labels._replace(
            state=choose(state, labels.state),
            plan=reflect(labels.plan, ACTION),
            executed=reflect(labels.executed, ACTION),
            subgoal=reflect(labels.subgoal, ACTION),
            arm=choose(1.0 - labels.arm, labels.arm),
            objects=reflect(labels.objects, POSITION),
        ),
    )
