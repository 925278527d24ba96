"""Flow matching (Lipman et al. 2023): straight paths from noise (time 0) to data (time 1)."""

from collections.abc import Callable

import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]
"""Maps x [R, H, A] and time [R] to the velocity [R, H, A]."""


def draw_time(rows: int, device: torch.device, generator: torch.Generator | None = None) -> Tensor:
    """Times [rows] to train at: 1 − t is Beta(3/2, 1), more often noisy than clean (Black et al. 2024)."""
    return 1.0 - torch.rand(rows, device=device, generator=generator).pow(2.0 / 3.0)


def flow_loss(velocity: Velocity, data: Tensor, noise: Tensor, time: Tensor) -> Tensor:
    """Mean of |v(x_t, t) − (data − noise)|² with x_t = (1 − t) · noise + t · data.

    data, noise [R, H, A]; time [R].
    """
    target = data - noise
    x = noise + time[:, None, None] * target
    return (velocity(x, time).float() - target).square().mean()


def integrate(velocity: Velocity, noise: Tensor, steps: int) -> Tensor:
    """Data [R, H, A] from noise, by `steps` Euler steps."""
    x = noise
    for step in range(steps):
        time = torch.full(x.shape[:1], step / steps, device=x.device)
        x = x + velocity(x, time).float() / steps
    return x
