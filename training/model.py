"""The dual transformer: a visual encoder and an action decoder that communicate through a shared world-state latent.

Sizes come from the configuration, not from the tensors, wherever they can: the exported graphs then compute no shapes.
Names follow the article's (`CosmosTransformer`, `VisualEncoderTransformer`, `ActionDecoderTransformer`,
`world_state_proj`). Shapes: B batch, T history, N latent tokens, D width, S samples a frame, H horizon, A action.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import ModelConfig

PATCH = 8
"""Side of the square of pixels that becomes one token."""


class SelfAttention(nn.Module):
    """Multi-head attention among the rows of `x` [B, rows, D]."""

    def __init__(self, width: int, heads: int, rows: int) -> None:
        super().__init__()
        self.width = width
        self.shape = (rows, heads, width // heads)
        self.scale = (width // heads) ** -0.5
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (part.reshape(-1, *self.shape) for part in self.query_key_value(x).split(self.width, dim=-1))
        return self.output(attend(q, k, v, self.scale).reshape(-1, self.shape[0], self.width))


class CrossAttention(nn.Module):
    """Multi-head attention of `x` [B · S, rows, D] to `context` [B, context_rows, D]; S rows in turn share a context.

    `bias` [B, 1, 1, context_rows] is added to the scores.
    """

    def __init__(self, width: int, heads: int, rows: int, context_rows: int) -> None:
        super().__init__()
        self.width = width
        self.rows = rows
        self.shape = (context_rows, heads, width // heads)
        self.scale = (width // heads) ** -0.5
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Tensor, bias: Tensor | None = None) -> Tensor:
        q = self.query(x).reshape(context.shape[0], -1, *self.shape[1:])
        k, v = (part.reshape(-1, *self.shape) for part in self.key_value(context).split(self.width, dim=-1))
        return self.output(attend(q, k, v, self.scale, bias).reshape(-1, self.rows, self.width))


def attend(q: Tensor, k: Tensor, v: Tensor, scale: float, bias: Tensor | None = None) -> Tensor:
    """Scaled dot-product attention of [B, rows, heads, D / heads], in and out."""
    q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
    bias = None if bias is None else bias.to(q.dtype)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=scale).transpose(1, 2)


def latent_tokens(config: ModelConfig) -> int:
    """N: the patches of all frames, one token of proprioception, one for each object slot."""
    patches = (config.image_height // PATCH) * (config.image_width // PATCH)
    return config.history * patches + 1 + len(config.slots)


def feed_forward(width: int) -> nn.Sequential:
    """The position-wise network of a transformer layer."""
    return nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))


class EncoderLayer(nn.Module):
    """Self-attention, cross-attention to the text, feed-forward; normalised before each (pre-LN)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, heads, rows = config.width, config.heads, latent_tokens(config)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.self_attention = SelfAttention(width, heads, rows)
        self.text_attention = CrossAttention(width, heads, rows, config.token_length)
        self.feed_forward = feed_forward(width)

    def forward(self, x: Tensor, text: Tensor, text_bias: Tensor) -> Tensor:
        x = x + self.self_attention(self.norms[0](x))
        x = x + self.text_attention(self.norms[1](x), text, text_bias)
        return x + self.feed_forward(self.norms[2](x))


class VisualEncoderTransformer(nn.Module):
    """Colour and point map (fused early), proprioception and text to tokens [B, N, D].

    N = T · patches + 1 (proprioception) + slots (learned queries, one for each object slot), in this order.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.width
        patches = (config.image_height // PATCH) * (config.image_width // PATCH)
        # 3 colours, 3 coordinates, 1 validity of the depth; three halvings make the 8-pixel patch.
        self.stem = nn.Sequential(
            nn.Conv2d(7, width // 4, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(width // 4, width // 2, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(width // 2, width, 3, stride=2, padding=1),
        )
        self.proprioception = nn.Sequential(
            nn.Linear(config.proprioception_dim, width), nn.GELU(), nn.Linear(width, width)
        )
        self.text_embedding = nn.Embedding(config.vocabulary, width)
        self.text_position = nn.Parameter(0.02 * torch.randn(config.token_length, width))
        self.text_norm = nn.LayerNorm(width)
        self.patch_position = nn.Parameter(0.02 * torch.randn(patches, width))
        self.time_position = nn.Parameter(0.02 * torch.randn(config.history, 1, width))
        self.slot_queries = nn.Parameter(0.02 * torch.randn(len(config.slots), width))
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        self.norm = nn.LayerNorm(width)
        self.register_buffer('point_mean', torch.zeros(3, 1, 1))
        self.register_buffer('point_std', torch.ones(3, 1, 1))
        self.register_buffer('proprioception_mean', torch.zeros(config.proprioception_dim))
        self.register_buffer('proprioception_std', torch.ones(config.proprioception_dim))

    def forward(self, image: Tensor, proprioception: Tensor, tokens: Tensor, token_mask: Tensor) -> Tensor:
        # Coordinates need more than bfloat16's 8 bits (4 mm at 1 m), so the embeddings stay in single precision.
        with torch.autocast(image.device.type, enabled=False):
            features = self.stem(self._normalise(image).flatten(0, 1))
            state = (proprioception - self.proprioception_mean) / self.proprioception_std
            state = self.proprioception(state.clamp(-5.0, 5.0)).unsqueeze(1)
        batch, history = image.shape[0], image.shape[1]
        patches = features.flatten(2).transpose(1, 2) + self.patch_position
        patches = patches.reshape(batch, history, patches.shape[1], -1) + self.time_position
        queries = self.slot_queries.expand(batch, -1, -1)
        x = torch.cat([patches.flatten(1, 2), state, queries], dim=1)
        text = self.text_norm(self.text_embedding(tokens) + self.text_position)
        # A large finite bias, not -inf: a sentence without tokens then gives a number.
        bias = ((token_mask - 1.0) * 1e4)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, text, bias)
        return self.norm(x)

    def _normalise(self, image: Tensor) -> Tensor:
        """[B, T, 6, height, width] to 7 channels of about unit size; points without depth become 0, marked invalid."""
        colour, points = image[:, :, :3], image[:, :, 3:]
        valid = (points.abs().sum(dim=2, keepdim=True) > 0).to(image.dtype)
        points = (points - self.point_mean) / self.point_std * valid
        return torch.cat([(colour - 0.5) * 4.0, points, valid], dim=2)


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

    Conditioned by the flow time and the latent's mean through AdaLN, by the latent's tokens through cross-attention.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.width
        self.embedding = nn.Linear(config.action_dim, width)
        self.position = nn.Parameter(0.02 * torch.randn(config.horizon, width))
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.summary = nn.Linear(width, width)
        self.width = width
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulation = zeroed(nn.Linear(width, 2 * width))
        self.action_head = zeroed(nn.Linear(width, config.action_dim))
        frequencies = torch.exp(torch.linspace(0.0, math.log(200.0), width // 2))
        self.register_buffer('frequencies', frequencies, persistent=False)

    def forward(self, latent: Tensor, noisy_actions: Tensor, time: Tensor) -> Tensor:
        """Velocity [B · S, H, A] of noisy_actions [B · S, H, A] at time [B · S], 0 (noise) … 1 (data).

        S rows in turn belong to one latent of [B, N, D].
        """
        angle = time.unsqueeze(-1) * self.frequencies
        time_embedding = self.time(torch.cat([angle.sin(), angle.cos()], dim=-1))
        time_embedding = time_embedding.reshape(latent.shape[0], -1, self.width)
        summary = self.summary(latent.mean(dim=1, keepdim=True))
        condition = F.silu(time_embedding + summary).reshape(-1, 1, self.width)
        x = self.embedding(noisy_actions) + self.position
        for layer in self.layers:
            x = layer(x, condition, latent)
        shift, scale = self.modulation(condition).split(self.width, dim=-1)
        return self.action_head(modulate(self.norm(x), shift, scale))


class CosmosTransformer(nn.Module):
    """Both transformers, the shared latent, and the head that says where the instruction's objects are."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.visual_encoder = VisualEncoderTransformer(config)
        self.world_state_proj = nn.Linear(config.width, config.width)
        self.object_head = nn.Sequential(nn.Linear(config.width, config.width), nn.GELU(), nn.Linear(config.width, 4))
        self.action_decoder = ActionDecoderTransformer(config)
        self.register_buffer('object_mean', torch.zeros(len(config.slots), 3))
        self.register_buffer('object_scale', torch.ones(()))
        self.register_buffer('action_mean', torch.zeros(config.horizon, config.action_dim))
        self.register_buffer('action_std', torch.ones(config.horizon, config.action_dim))

    def encode(
        self, image: Tensor, proprioception: Tensor, tokens: Tensor, token_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """World state from an observation.

        image [B, T, 6, height, width] (colour 0…1; point in base_link, m, 0 without depth), proprioception [B, 27],
        tokens and token_mask [B, 16] to latent [B, N, D] and objects [B, slots, 4]: position in base_link, m, and the
        logarithm of its standard deviation.
        """
        features = self.visual_encoder(image, proprioception, tokens, token_mask)
        latent = self.world_state_proj(features)
        with torch.autocast(image.device.type, enabled=False):
            raw = self.object_head(features[:, -len(self.config.slots) :].float())
            position = self.object_mean + self.object_scale * raw[..., :3]
            log_std = raw[..., 3:].clamp(-6.0, 3.0) + self.object_scale.log()
        return latent, torch.cat([position, log_std], dim=-1)

    def decode(self, latent: Tensor, noisy_actions: Tensor, time: Tensor) -> Tensor:
        """Flow velocity [B · S, H, A] of normalised actions; see ActionDecoderTransformer."""
        return self.action_decoder(latent, noisy_actions, time)


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Adaptive layer normalisation's second half."""
    return x * (1.0 + scale) + shift


def zeroed(layer: nn.Linear) -> nn.Linear:
    """Sets a layer's weights to zero, so that its branch starts as the identity."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
