"""Flow matching (Lipman et al. 2023): straight paths from noise (time 0) to data (time 1), and diffusion by the same."""

from collections.abc import Callable

import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]
"""Maps x [R, H, A] and time [R] to the velocity [R, H, A]."""


def draw_time(rows: int, device: torch.device, generator: torch.Generator | None = None) -> Tensor:
    """Times [rows] to train at: 1 − t is Beta(3/2, 1), more often noisy than clean (Black et al. 2024)."""
    return 1.0 - torch.rand(rows, device=device, generator=generator).pow(2.0 / 3.0)


def flow_loss(velocity: Velocity, data: Tensor, noise: Tensor, time: Tensor) -> Tensor:
    """Mean over each row [R] of |v(x_t, t) − (data − noise)|² with x_t = (1 − t) · noise + t · data.

    data, noise [R, H, A]; time [R].
    """
    target = data - noise
    x = noise + time[:, None, None] * target
    return (velocity(x, time).float() - target).square().mean(dim=(1, 2))


def integrate(velocity: Velocity, noise: Tensor, steps: int) -> Tensor:
    """Data [R, H, A] from noise, by `steps` Euler steps."""
    x = noise
    for step in range(steps):
        time = torch.full(x.shape[:1], step / steps, device=x.device)
        x = x + velocity(x, time).float() / steps
    return x


def diffusion_sample(
    velocity: Velocity, noise: Tensor, steps: int = 50, generator: torch.Generator | None = None
) -> Tensor:
    """Data [R, H, A] by ancestral sampling (DDPM, Ho et al. 2020) with the flow's own network.

    The flow's point x_t = (1 − t)·ε + t·x is a diffusion's with ᾱ = t² / (t² + (1 − t)²), scaled by √(t² + (1 − t)²):
    the velocity tells both its noise and its data, x̂ = x_t + (1 − t)·v and ε̂ = x_t − t·v. One step from t to s > t:
    z_s = √ᾱ_s·x̂ + √(1 − ᾱ_s − σ²)·ε̂ + σ·n with σ² = (1 − ᾱ_s)/(1 − ᾱ_t)·(1 − ᾱ_t/ᾱ_s).
    """

    def alpha(time: float) -> float:
        return time * time / (time * time + (1.0 - time) * (1.0 - time))

    z = noise
    for step in range(steps):
        t, s = step / steps, (step + 1) / steps
        scale = (t * t + (1.0 - t) * (1.0 - t)) ** 0.5
        x = z * scale
        v = velocity(x, torch.full(x.shape[:1], t, device=x.device)).float()
        data, own = x + (1.0 - t) * v, x - t * v
        if step + 1 == steps:
            return data
        variance = (1.0 - alpha(s)) / (1.0 - alpha(t)) * (1.0 - alpha(t) / alpha(s))
        fresh = torch.randn(x.shape, device=x.device, generator=generator)
        rest = max(1.0 - alpha(s) - variance, 0.0)
        z = alpha(s) ** 0.5 * data + rest**0.5 * own + variance**0.5 * fresh
    return z
