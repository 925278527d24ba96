"""The video tokenizer: frames to discrete tokens, one for each 8 × 8 pixels, and back.

It is causal in time: a frame is coded and decoded given the frame that is known before it (`context`), so that tokens
say what changes; without one the context is black and marked absent. A token's code is a few numbers, each rounded to
one of a few levels in −1 … 1 (finite scalar quantisation, Mentzer et al. 2023), so that no codebook is learned.

Shapes: B batch, P = H/8 · W/8 patches in rows, C numbers of a code.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import VideoConfig
from .visual_encoder import PATCH


class ResidualBlock(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.GroupNorm(8, width), nn.GELU(), nn.Conv2d(width, width, 3, padding=1),
            nn.GroupNorm(8, width), nn.GELU(), nn.Conv2d(width, width, 3, padding=1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class VideoTokenizer(nn.Module):
    """Encoder, quantisation and decoder."""

    def __init__(self, config: VideoConfig, height: int, width: int) -> None:
        super().__init__()
        c = config.width
        self.config = config
        self.grid = (height // PATCH, width // PATCH)
        self.encoder = nn.Sequential(
            nn.Conv2d(7, c // 2, 4, stride=2, padding=1), nn.GELU(),
            nn.Conv2d(c // 2, c, 4, stride=2, padding=1), ResidualBlock(c), nn.GELU(),
            nn.Conv2d(c, 2 * c, 4, stride=2, padding=1), ResidualBlock(2 * c), ResidualBlock(2 * c),
            nn.GELU(), nn.Conv2d(2 * c, len(config.levels), 1),
        )  # fmt: skip
        self.context = nn.ModuleList(
            [
                nn.Conv2d(4, c // 2, 3, padding=1),
                nn.Conv2d(c // 2, c // 2, 4, stride=2, padding=1),
                nn.Conv2d(c // 2, c, 4, stride=2, padding=1),
                nn.Conv2d(c, c, 4, stride=2, padding=1),
            ]
        )
        self.bottom = nn.Sequential(
            nn.Conv2d(len(config.levels) + c, 2 * c, 3, padding=1), ResidualBlock(2 * c), ResidualBlock(2 * c)
        )
        self.ups = nn.ModuleList(
            [nn.Conv2d(2 * c, 4 * c, 3, padding=1), nn.Conv2d(c, 2 * c, 3, padding=1), nn.Conv2d(c // 2, 2 * c, 3, padding=1)]
        )
        self.merges = nn.ModuleList(
            [nn.Conv2d(2 * c, c, 3, padding=1), nn.Conv2d(c, c // 2, 3, padding=1), nn.Conv2d(c, c // 2, 3, padding=1)]
        )
        self.head = nn.Conv2d(c // 2, 4, 3, padding=1)
        levels = torch.tensor(config.levels)
        self.register_buffer('half_range', (levels - 1) / 2.0, persistent=False)

    def encode(self, frame: Tensor, context: Tensor, known: Tensor) -> Tensor:
        """Codes [B, P, C] in −1 … 1, quantised (gradients pass through).

        frame, context [B, 3, H, W] in 0 … 1; known [B], 1 where there is a context.
        """
        mark = known.view(-1, 1, 1, 1).expand(-1, 1, *frame.shape[2:])
        raw = self.encoder(torch.cat([frame - 0.5, (context - 0.5) * mark, mark], dim=1))
        return self.quantise(raw.flatten(2).transpose(1, 2))

    def quantise(self, raw: Tensor) -> Tensor:
        """Any numbers [..., C] to the nearest levels, by way of tanh; the gradient is that without rounding."""
        bounded = raw.float().tanh() * (self.half_range + 0.499)
        # With an even number of levels these lie at half numbers.
        shift = torch.where(self.half_range % 1 > 0, 0.5, 0.0)
        rounded = (bounded + shift).round() - shift
        rounded = torch.minimum(torch.maximum(rounded, -self.half_range), self.half_range)
        return (bounded + (rounded - bounded).detach()) / self.half_range

    def tokens(self, codes: Tensor) -> Tensor:
        """Level numbers [..., C] int64, from 0, of codes [..., C]."""
        return ((codes + 1.0) * self.half_range).round().long()

    def codes(self, tokens: Tensor) -> Tensor:
        """The inverse of `tokens`."""
        return tokens.float() / self.half_range - 1.0

    def expected_codes(self, logits: Tensor) -> Tensor:
        """The mean code [..., C] under logits [..., sum of levels], which gives the least squared error."""
        parts = []
        for number, own in enumerate(logits.float().split(list(self.config.levels), dim=-1)):
            values = torch.arange(self.config.levels[number], device=own.device) / self.half_range[number] - 1.0
            parts.append((own.softmax(dim=-1) * values).sum(dim=-1))
        return torch.stack(parts, dim=-1)

    def loss_of_logits(self, logits: Tensor, codes: Tensor) -> Tensor:
        """Cross-entropy, in nats a token, of logits [..., sum of levels] for codes [..., C]."""
        tokens = self.tokens(codes)
        parts = logits.float().split(list(self.config.levels), dim=-1)
        losses = [F.cross_entropy(own.flatten(0, -2), tokens[..., i].flatten()) for i, own in enumerate(parts)]
        return torch.stack(losses).sum()

    def decode(self, codes: Tensor, context: Tensor, known: Tensor) -> Tensor:
        """Frames [B, 3, H, W] in 0 … 1: out = (1 − m) · context + m · new, where the mask m is learned.

        codes [B, P, C], context [B, 3, H, W], known [B].
        """
        mark = known.view(-1, 1, 1, 1).expand(-1, 1, *context.shape[2:])
        x = torch.cat([(context - 0.5) * mark, mark], dim=1)
        skips = []
        for layer in self.context:
            x = F.gelu(layer(x))
            skips.append(x)
        grid = codes.transpose(1, 2).reshape(-1, codes.shape[2], *self.grid)
        x = self.bottom(torch.cat([grid, skips.pop()], dim=1))
        for up, merge in zip(self.ups, self.merges, strict=True):
            x = F.pixel_shuffle(F.gelu(up(x)), 2)
            x = F.gelu(merge(torch.cat([x, skips.pop()], dim=1)))
        out = self.head(x)
        mask = 1.0 - mark * (1.0 - out[:, 3:].sigmoid())
        new = out[:, :3].sigmoid()
        return context * (1.0 - mask) + new * mask
