"""Parts that the transformers share. Shapes: B batch, S samples of each, D width.

Sizes come from the configuration, not from the tensors, wherever they can: the exported graphs then compute no shapes.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Multi-head attention among the rows of `x` [B, rows, D]; `causal`: of each row to itself and those before."""

    def __init__(self, width: int, heads: int, rows: int, causal: bool = False) -> None:
        super().__init__()
        self.width = width
        self.shape = (rows, heads, width // heads)
        self.scale = (width // heads) ** -0.5
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.causal = causal

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (part.reshape(-1, *self.shape) for part in self.query_key_value(x).split(self.width, dim=-1))
        return self.output(
            attend(q, k, v, self.scale, causal=self.causal).reshape(-1, self.shape[0], self.width)
        )

    def step(self, x: Tensor, memory: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """One further row x [B, 1, D] of a causal sequence; `memory` holds keys and values of those before."""
        q, k, v = (part.reshape(-1, 1, *self.shape[1:]) for part in self.query_key_value(x).split(self.width, dim=-1))
        if memory is not None:
            k, v = torch.cat([memory[0], k], dim=1), torch.cat([memory[1], v], dim=1)
        return self.output(attend(q, k, v, self.scale).reshape(-1, 1, self.width)), (k, v)


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
        return self.attend_to(x, self.keys_values(context), context.shape[0], bias)

    def keys_values(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """What `attend_to` needs of a context."""
        k, v = (part.reshape(-1, *self.shape) for part in self.key_value(context).split(self.width, dim=-1))
        return k, v

    def attend_to(
        self, x: Tensor, memory: tuple[Tensor, Tensor], batch: int, bias: Tensor | None = None
    ) -> Tensor:
        """x [B · S, rows or fewer, D]."""
        rows = x.shape[1]
        q = self.query(x).reshape(batch, -1, *self.shape[1:])
        return self.output(attend(q, *memory, self.scale, bias).reshape(-1, rows, self.width))


def attend(
    q: Tensor, k: Tensor, v: Tensor, scale: float, bias: Tensor | None = None, causal: bool = False
) -> Tensor:
    """Scaled dot-product attention of [B, rows, heads, D / heads], in and out."""
    q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
    bias = None if bias is None else bias.to(q.dtype)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=scale, is_causal=causal).transpose(1, 2)


def feed_forward(width: int) -> nn.Sequential:
    """The position-wise network of a transformer layer."""
    return nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))


class QueryLayer(nn.Module):
    """Cross-attention of queries to a context and feed-forward, pre-LN, with self-attention first where asked."""

    def __init__(self, width: int, heads: int, rows: int, context_rows: int, among: bool = False) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3 if among else 2))
        self.self_attention = SelfAttention(width, heads, rows) if among else None
        self.cross_attention = CrossAttention(width, heads, rows, context_rows)
        self.feed_forward = feed_forward(width)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        if self.self_attention is not None:
            x = x + self.self_attention(self.norms[2](x))
        x = x + self.cross_attention(self.norms[0](x), context)
        return x + self.feed_forward(self.norms[1](x))


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Adaptive layer normalisation's second half."""
    return x * (1.0 + scale) + shift


def zeroed(layer: nn.Linear) -> nn.Linear:
    """Sets a layer's weights to zero, so that its branch starts as the identity."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
