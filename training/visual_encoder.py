"""The visual encoder transformer: fused RGB-D patches with history, proprioception and text to the latent's tokens."""

import torch
from torch import Tensor, nn

from .config import ModelConfig
from .layers import CrossAttention, SelfAttention, feed_forward

PATCH = 8
"""Side of the square of pixels that becomes one token."""


def patch_count(config: ModelConfig) -> int:
    """Tokens a frame."""
    return (config.image_height // PATCH) * (config.image_width // PATCH)


def latent_tokens(config: ModelConfig) -> int:
    """N: the patches of all frames, one token of proprioception, one for each named object, one for the arm."""
    return config.history * patch_count(config) + 1 + len(config.slots) + 1


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

    N = T · patches + 1 (proprioception) + slots (learned queries, one for each named object) + 1 (a query for the arm
    that is to move), in this order.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.width
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
        self.patch_position = nn.Parameter(0.02 * torch.randn(patch_count(config), width))
        self.time_position = nn.Parameter(0.02 * torch.randn(config.history, 1, width))
        self.queries = nn.Parameter(0.02 * torch.randn(len(config.slots) + 1, width))
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
        queries = self.queries.expand(batch, -1, -1)
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
