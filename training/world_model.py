"""What the latent says of the world: objects, physical quantities, prospects of success, and frames to come.

Shapes: B batch, S action chunks of each, N latent tokens, D width, M bodies, P patches of a frame, K future steps.
"""

import torch
from torch import Tensor, nn

from .config import ModelConfig, VideoConfig
from .layers import QueryLayer
from .visual_encoder import latent_tokens, patch_count

SLOT_DIM = 9
"""Presence logit; x, y, z; extent x, y, z; log standard deviation of the position; visibility logit."""
LOG_STD = (-6.0, 3.0)
"""Range of predicted logarithms of standard deviations, in units of the data's own spread."""


class PhysicalConstraintModule(nn.Module):
    """Physical quantities, each with its uncertainty, from one token of the world model."""

    def __init__(self, width: int, quantities: int) -> None:
        super().__init__()
        self.quantities = quantities
        self.physics_encoder = nn.Sequential(
            nn.Linear(width, width // 2), nn.GELU(), nn.Linear(width // 2, width // 4), nn.GELU(),
            nn.Linear(width // 4, 2 * quantities),
        )  # fmt: skip
        self.register_buffer('mean', torch.zeros(quantities))
        self.register_buffer('std', torch.ones(quantities))

    def forward(self, token: Tensor) -> Tensor:
        """[B, quantities, 2]: mean and the logarithm of the standard deviation, in the quantity's unit."""
        raw = self.physics_encoder(token).reshape(-1, self.quantities, 2)
        mean = self.mean + self.std * raw[..., 0]
        return torch.stack([mean, raw[..., 1].clamp(*LOG_STD) + self.std.log()], dim=-1)


class WorldState(nn.Module):
    """Object slots and physical quantities, of the present."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, bodies = config.width, len(config.bodies)
        self.bodies = bodies
        self.queries = nn.Parameter(0.02 * torch.randn(bodies + 1, width))
        self.layer = QueryLayer(width, config.heads, bodies + 1, latent_tokens(config))
        self.norm = nn.LayerNorm(width)
        self.slot_head = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, SLOT_DIM))
        self.physical_constraints = PhysicalConstraintModule(width, len(config.quantities))
        self.register_buffer('body_mean', torch.zeros(bodies, 3))
        self.register_buffer('body_scale', torch.ones(()))
        self.register_buffer('extent', torch.zeros(bodies, 3))
        self.register_buffer('extent_scale', torch.full((), 0.1))

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Slots [B, M, 9] (see SLOT_DIM; m, base_link) and quantities [B, 16, 2]."""
        x = self.norm(self.layer(self.queries.expand(latent.shape[0], -1, -1), latent))
        with torch.autocast(latent.device.type, enabled=False):
            raw = self.slot_head(x[:, : self.bodies].float())
            position = self.body_mean + self.body_scale * raw[..., 1:4]
            extent = self.extent + self.extent_scale * raw[..., 4:7]
            log_std = raw[..., 7:8].clamp(*LOG_STD) + self.body_scale.log()
            slots = torch.cat([raw[..., :1], position, extent, log_std, raw[..., 8:]], dim=-1)
            return slots, self.physical_constraints(x[:, self.bodies].float())


class ActionTokens(nn.Module):
    """Action chunks as tokens for the world model."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.embedding = nn.Linear(config.action_dim, config.width)
        self.position = nn.Parameter(0.02 * torch.randn(config.horizon, config.width))
        self.arm = nn.Linear(1, config.width)

    def forward(self, actions: Tensor, arm: Tensor) -> Tensor:
        """[B, H, D] of normalised actions [B, H, A] and arm [B]."""
        return self.embedding(actions) + self.position + self.arm(arm[:, None, None] * 2.0 - 1.0)


class ConfidenceHead(nn.Module):
    """Whether the episode will succeed from here, given the actions."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layer = QueryLayer(config.width, config.heads, config.horizon, latent_tokens(config))
        self.head = nn.Sequential(nn.LayerNorm(config.width), nn.Linear(config.width, 1))

    def forward(self, latent: Tensor, action_tokens: Tensor) -> Tensor:
        """Logits [B · S] for latent [B, N, D] and action_tokens [B · S, H, D]."""
        return self.head(self.layer(action_tokens, latent).mean(dim=1)).squeeze(-1)


class FutureDecoder(nn.Module):
    """Tokens of the frames some steps ahead, given the actions until then.

    A query for each patch and step begins as the latent's token of that patch in the newest frame.
    """

    def __init__(self, config: ModelConfig, video: VideoConfig) -> None:
        super().__init__()
        width, patches, steps = config.width, patch_count(config), len(config.future_steps)
        self.patches, self.first = patches, (config.history - 1) * patches
        self.shape = (steps, patches, sum(video.levels))
        self.step = nn.Parameter(0.02 * torch.randn(steps, 1, width))
        self.position = nn.Parameter(0.02 * torch.randn(patches, width))
        context = config.horizon + latent_tokens(config)
        self.layers = nn.ModuleList(
            QueryLayer(width, config.heads, steps * patches, context, among=True) for _ in range(config.world_layers)
        )
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, sum(video.levels)))

    def forward(self, latent: Tensor, action_tokens: Tensor) -> Tensor:
        """Logits [S, K, P, levels] of each number of each token's code, for latent [B, N, D] and [S, H, D]."""
        latent = latent.expand(action_tokens.shape[0], -1, -1)
        newest = latent[:, self.first : self.first + self.patches]
        x = (newest.unsqueeze(1) + self.step + self.position).flatten(1, 2)
        context = torch.cat([action_tokens, latent], dim=1)
        for layer in self.layers:
            x = layer(x, context)
        return self.head(x).reshape(-1, *self.shape)
