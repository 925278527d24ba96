"""The dual transformer: a visual encoder and an action decoder that communicate through a shared world-state latent.

Names follow the article's (`CosmosTransformer`, `VisualEncoderTransformer`, `ActionDecoderTransformer`,
`PhysicalConstraintModule`, `world_state_proj`). Shapes: B batch, S samples of each, T history, N latent tokens, D width,
H horizon, A numbers of an action.
"""

import torch
from torch import Tensor, nn

from .action_decoder import ActionDecoderTransformer, AutoregressiveDecoder, SubgoalHead
from .config import ModelConfig, VideoConfig
from .visual_encoder import VisualEncoderTransformer
from .world_model import LOG_STD, ActionTokens, ConfidenceHead, FutureDecoder, WorldState


class CosmosTransformer(nn.Module):
    """Both transformers, the shared latent, and the heads."""

    def __init__(self, config: ModelConfig, video: VideoConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.visual_encoder = VisualEncoderTransformer(config)
        self.world_state_proj = nn.Linear(width, width)
        self.object_head = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 4))
        self.arm_head = nn.Linear(width, 1)
        self.action_decoder = ActionDecoderTransformer(config)
        self.autoregressive_decoder = AutoregressiveDecoder(config)
        self.subgoal_head = SubgoalHead(config)
        self.action_tokens = ActionTokens(config)
        self.world_state = WorldState(config)
        self.confidence_head = ConfidenceHead(config)
        self.future_decoder = FutureDecoder(config, video)
        self.register_buffer('object_mean', torch.zeros(len(config.slots), 3))
        self.register_buffer('object_scale', torch.ones(()))
        self.register_buffer('action_mean', torch.zeros(config.horizon, config.action_dim))
        self.register_buffer('action_std', torch.ones(config.horizon, config.action_dim))
        self.register_buffer('subgoal_mean', torch.zeros(config.action_dim))
        self.register_buffer('subgoal_std', torch.ones(config.action_dim))
        self.register_buffer('bin_low', torch.full((config.horizon, config.action_dim), -3.0))
        self.register_buffer('bin_high', torch.full((config.horizon, config.action_dim), 3.0))

    def encode(
        self, image: Tensor, proprioception: Tensor, tokens: Tensor, token_mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """World state from an observation.

        image [B, T, 6, height, width] (colour 0…1; point in base_link, m, 0 without depth), proprioception [B, 54],
        tokens and token_mask [B, 24] to latent [B, N, D], objects [B, slots, 4]: position in base_link, m, and the
        logarithm of its standard deviation; and arm_logit [B, 1], positive for the left arm.
        """
        features = self.visual_encoder(image, proprioception, tokens, token_mask)
        latent = self.world_state_proj(features)
        with torch.autocast(image.device.type, enabled=False):
            slots = len(self.config.slots)
            raw = self.object_head(features[:, -slots - 1 : -1].float())
            position = self.object_mean + self.object_scale * raw[..., :3]
            log_std = raw[..., 3:].clamp(*LOG_STD) + self.object_scale.log()
            arm = self.arm_head(features[:, -1].float())
        return latent, torch.cat([position, log_std], dim=-1), arm

    def decode(self, latent: Tensor, noisy_actions: Tensor, time: Tensor, arm: Tensor, subgoal: Tensor) -> Tensor:
        """Flow velocity [B · S, H, A] of normalised actions; see ActionDecoderTransformer."""
        return self.action_decoder(latent, noisy_actions, time, arm, subgoal)

    def normalise(self, actions: Tensor) -> Tensor:
        """Actions [B, H, A] in physical units to about unit size."""
        return (actions - self.action_mean) / self.action_std

    def tokenize(self, normalised: Tensor) -> Tensor:
        """Normalised actions [B, H, A] to tokens int64: equal bins between `bin_low` and `bin_high`."""
        share = (normalised - self.bin_low) / (self.bin_high - self.bin_low)
        bins = self.config.action_bins
        return (share * bins).floor().clamp(0, bins - 1).long()

    def detokenize(self, tokens: Tensor) -> Tensor:
        """Tokens [B, H, A] to normalised actions: the bins' centres."""
        share = (tokens.float() + 0.5) / self.config.action_bins
        return self.bin_low + share * (self.bin_high - self.bin_low)

    def sample_autoregressively(self, latent: Tensor, arm: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised actions [B · S, H, A] and their tokens; see AutoregressiveDecoder.sample."""
        tokens = self.autoregressive_decoder.sample(latent, arm, noise)
        return self.detokenize(tokens), tokens

    def world(self, latent: Tensor, actions: Tensor, arm: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Visual token logits [S, K, P, levels], quantities [B, 16, 2], slots [B, M, 9] and confidence logits [S].

        latent [B, N, D], normalised actions [S, H, A], arm [S]; S is B, or any number where B is 1.
        """
        action_tokens = self.action_tokens(actions, arm)
        slots, quantities = self.world_state(latent)
        future = self.future_decoder(latent, action_tokens)
        return future, quantities, slots, self.confidence_head(latent, action_tokens)

    def confidence(self, latent: Tensor, actions: Tensor, arm: Tensor) -> Tensor:
        """Confidence logits [S] of S candidates for one latent [1, N, D]."""
        return self.confidence_head(latent, self.action_tokens(actions, arm))
