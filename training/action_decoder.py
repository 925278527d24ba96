"""Actions from the world-state latent: by flow or diffusion, autoregressively, and by way of a subgoal.

Shapes: B batch, S samples of each, N latent tokens, D width, H horizon, A numbers of an action, V bins.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import ModelConfig
from .layers import CrossAttention, QueryLayer, SelfAttention, feed_forward, modulate, zeroed
from .visual_encoder import latent_tokens

CHAIN_WIDTH = 128
"""Of the chain that gives the components of one action, one after the other."""


class DecoderLayer(nn.Module):
    """DiT layer (Peebles and Xie 2023) with cross-attention: the condition shifts, scales and gates each branch."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, heads = config.width, config.heads
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.self_attention = SelfAttention(width, heads, config.horizon)
        self.latent_attention = CrossAttention(width, heads, config.horizon, latent_tokens(config))
        self.feed_forward = feed_forward(width)
        self.width = width
        self.modulation = zeroed(nn.Linear(width, 9 * width))

    def forward(self, x: Tensor, condition: Tensor, latent: Tensor) -> Tensor:
        """x [B · S, H, D], condition [B · S, 1, D], latent [B, N, D]."""
        m = self.modulation(condition).split(self.width, dim=-1)
        x = x + m[2] * self.self_attention(modulate(self.norm(x), m[0], m[1]))
        x = x + m[5] * self.latent_attention(modulate(self.norm(x), m[3], m[4]), latent)
        return x + m[8] * self.feed_forward(modulate(self.norm(x), m[6], m[7]))


class ActionDecoderTransformer(nn.Module):
    """Velocity field of the flow from noise to normalised action chunks, given the world-state latent.

    Conditioned by the flow time, the arm, a subgoal (or none) and the latent's mean through AdaLN, by the latent's
    tokens through cross-attention.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.width
        self.embedding = nn.Linear(config.action_dim, width)
        self.position = nn.Parameter(0.02 * torch.randn(config.horizon, width))
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.arm = nn.Linear(1, width)
        self.subgoal = nn.Sequential(nn.Linear(config.action_dim + 1, width), nn.SiLU(), zeroed(nn.Linear(width, width)))
        self.summary = nn.Linear(width, width)
        self.width = width
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulation = zeroed(nn.Linear(width, 2 * width))
        self.action_head = zeroed(nn.Linear(width, config.action_dim))
        frequencies = torch.exp(torch.linspace(0.0, math.log(200.0), width // 2))
        self.register_buffer('frequencies', frequencies, persistent=False)

    def forward(self, latent: Tensor, noisy_actions: Tensor, time: Tensor, arm: Tensor, subgoal: Tensor) -> Tensor:
        """Velocity [B · S, H, A] of noisy_actions [B · S, H, A] at time [B · S], 0 (noise) … 1 (data).

        arm [B · S], 0 right or 1 left; subgoal [B · S, A + 1], the last number 1, or all 0 for none. S rows in turn
        belong to one latent of [B, N, D].
        """
        angle = time.unsqueeze(-1) * self.frequencies
        own = self.time(torch.cat([angle.sin(), angle.cos()], dim=-1))
        own = own + self.arm(arm.unsqueeze(-1) * 2.0 - 1.0) + self.subgoal(subgoal)
        own = own.reshape(latent.shape[0], -1, self.width)
        summary = self.summary(latent.mean(dim=1, keepdim=True))
        condition = F.silu(own + summary).reshape(-1, 1, self.width)
        x = self.embedding(noisy_actions) + self.position
        for layer in self.layers:
            x = layer(x, condition, latent)
        shift, scale = self.modulation(condition).split(self.width, dim=-1)
        return self.action_head(modulate(self.norm(x), shift, scale))


class CausalLayer(nn.Module):
    """Causal self-attention, cross-attention to the latent, feed-forward; pre-LN."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, heads = config.width, config.heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.self_attention = SelfAttention(width, heads, config.horizon, causal=True)
        self.latent_attention = CrossAttention(width, heads, config.horizon, latent_tokens(config))
        self.feed_forward = feed_forward(width)

    def forward(self, x: Tensor, latent: Tensor) -> Tensor:
        x = x + self.self_attention(self.norms[0](x))
        x = x + self.latent_attention(self.norms[1](x), latent)
        return x + self.feed_forward(self.norms[2](x))


class AutoregressiveDecoder(nn.Module):
    """Action tokens one after the other: p(a) = Π p(token_{h,d} | all tokens before it, latent, arm).

    A causal transformer runs over the H steps; within a step a chain of small layers runs over the A components.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, bins, size = config.width, config.action_bins, config.action_dim
        self.config = config
        self.step_embedding = nn.Embedding(size * bins, width)
        self.chain_embedding = nn.Embedding(size * bins, CHAIN_WIDTH)
        self.start = nn.Parameter(0.02 * torch.randn(width))
        self.position = nn.Parameter(0.02 * torch.randn(config.horizon, width))
        self.arm = nn.Linear(1, width)
        self.layers = nn.ModuleList(CausalLayer(config) for _ in range(config.autoregressive_layers))
        self.norm = nn.LayerNorm(width)
        self.chain = nn.Linear(width, size * CHAIN_WIDTH)
        self.heads = nn.Parameter(CHAIN_WIDTH**-0.5 * torch.randn(size, CHAIN_WIDTH, bins))
        self.register_buffer('offset', torch.arange(size) * bins, persistent=False)

    def forward(self, latent: Tensor, tokens: Tensor, arm: Tensor) -> Tensor:
        """Logits [B, H, A, V] of tokens [B, H, A] int64, each given those before it; arm [B]."""
        index = tokens + self.offset
        before = self.step_embedding(index[:, :-1]).sum(dim=2)
        x = torch.cat([self.start.expand(len(tokens), 1, -1), before], dim=1)
        x = x + self.position + self.arm(arm[:, None, None] * 2.0 - 1.0)
        for layer in self.layers:
            x = layer(x, latent)
        known = self.chain_embedding(index).cumsum(dim=2)
        known = F.pad(known[:, :, :-1], (0, 0, 1, 0))
        hidden = F.gelu(self.chain(self.norm(x)).unflatten(-1, (-1, CHAIN_WIDTH)) + known)
        return torch.einsum('bhac,acv->bhav', hidden, self.heads)

    def sample(self, latent: Tensor, arm: Tensor, noise: Tensor) -> Tensor:
        """Tokens [B · S, H, A] for latent [B, N, D]: the largest of logits + noise [B · S, H, A, V]; arm [B · S].

        Noise from the standard Gumbel distribution, times the temperature, samples; zeros take the likeliest token.
        """
        memories = [layer.latent_attention.keys_values(latent) for layer in self.layers]
        pasts: list[tuple[Tensor, Tensor] | None] = [None] * len(self.layers)
        arms = self.arm(arm[:, None, None] * 2.0 - 1.0)
        x = self.start + torch.zeros_like(arms)
        steps = []
        for h in range(self.config.horizon):
            x = x + self.position[h] + arms
            for i, layer in enumerate(self.layers):
                own, pasts[i] = layer.self_attention.step(layer.norms[0](x), pasts[i])
                x = x + own
                x = x + layer.latent_attention.attend_to(layer.norms[1](x), memories[i], latent.shape[0])
                x = x + layer.feed_forward(layer.norms[2](x))
            chain = self.chain(self.norm(x)).reshape(-1, self.config.action_dim, CHAIN_WIDTH)
            known = torch.zeros_like(chain[:, 0])
            x = torch.zeros_like(x)
            tokens = []
            for a in range(self.config.action_dim):
                logits = F.gelu(chain[:, a] + known) @ self.heads[a]
                token = (logits + noise[:, h, a]).argmax(dim=-1)
                tokens.append(token)
                known = known + self.chain_embedding(token + a * self.config.action_bins)
                x = x + self.step_embedding(token + a * self.config.action_bins).unsqueeze(1)
            steps.append(torch.stack(tokens, dim=1))
        return torch.stack(steps, dim=1)


class SubgoalHead(nn.Module):
    """The higher level of the hierarchical policy: where the hand is to be some time later, as a normalised action."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.width
        self.query = nn.Parameter(0.02 * torch.randn(1, width))
        self.arm = nn.Linear(1, width)
        self.layer = QueryLayer(width, config.heads, 1, latent_tokens(config))
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, config.action_dim))

    def forward(self, latent: Tensor, arm: Tensor) -> Tensor:
        """Subgoals [B · S, A + 1] for latent [B, N, D] and arm [B · S]: the action and 1."""
        query = self.query + self.arm(arm[:, None, None] * 2.0 - 1.0)
        goal = self.head(self.layer(query, latent)).squeeze(1)
        return torch.cat([goal, torch.ones_like(goal[:, :1])], dim=-1)
