"""The loss: L = flow + autoregressive + subgoal + arm + world · (objects + slots + quantities + future + confidence)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import Config
from .dataset import Labels
from .diffusion import draw_time, flow_loss
from .model import CosmosTransformer
from .observation import build_image
from .studio import Batch
from .tokenizer import UNKNOWN_ID
from .video_tokenizer import VideoTokenizer

SUBGOAL_NOISE = 0.1
"""Of the subgoals with which the lower level is trained, in standard deviations."""
PARTS = ('flow', 'autoregressive', 'subgoal', 'arm', 'objects', 'slots', 'quantities', 'future', 'confidence')


class Objective(nn.Module):
    """Losses of a minibatch; one module, so that it can be compiled and sharded as one."""

    def __init__(
        self,
        config: Config,
        model: CosmosTransformer,
        video: VideoTokenizer,
        text: tuple[Tensor, Tensor],
        intrinsics: Tensor,
    ) -> None:
        """`text`: ids and mask of all instructions, [I, 24] each."""
        super().__init__()
        self.config = config
        self.model = model
        # Frozen: kept out of the module's parameters.
        self._video = (video,)
        self._tokens, self._token_mask = text
        self._intrinsics = intrinsics

    def forward(self, batch: Batch, disturbed: bool = True) -> tuple[Tensor, Tensor]:
        """The total, and its parts [9] in the order of PARTS."""
        labels, weights = batch.labels, self.config.loss
        latent, objects, arm_logit = self.encode(batch, disturbed)
        losses = self.action_losses(latent, arm_logit, labels, labels.teaches * (1.0 - batch.moved))
        losses |= self.world_losses(latent, objects, batch)
        total = (
            losses['flow']
            + weights.autoregressive * losses['autoregressive']
            + weights.subgoal * losses['subgoal']
            + weights.arm * losses['arm']
            + weights.world * sum(losses[name] for name in PARTS[4:])
        )
        return total, torch.stack([losses[name].detach() for name in PARTS])

    def encode(self, batch: Batch, disturbed: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Latent, objects and arm logit of the observations."""
        strength = self.config.augmentation if disturbed else None
        with torch.autocast(batch.colour.device.type, enabled=False):
            image = build_image(batch.colour, batch.depth, batch.camera, self._intrinsics, strength)
            state = batch.labels.state
            if strength is not None:
                spread = self.model.visual_encoder.proprioception_std
                state = state + strength.proprioception * spread * torch.randn_like(state)
        tokens, mask = self._tokens[batch.labels.task], self._token_mask[batch.labels.task]
        if strength is not None:
            lost = (torch.rand(tokens.shape, device=tokens.device) < strength.unknown_word) & (mask > 0)
            tokens = torch.where(lost, UNKNOWN_ID, tokens)
        return self.model.encode(image, state, tokens, mask)

    def action_losses(self, latent: Tensor, arm_logit: Tensor, labels: Labels, good: Tensor) -> dict[str, Tensor]:
        """Of what the demonstrations do, where `good` [B] is 1."""
        model, samples = self.model, self.config.training.noise_samples
        reached = good * labels.as_planned
        good, reached = (values / values.mean().clamp(min=1e-3) for values in (good, reached))
        plan = model.normalise(labels.plan)
        goal = (labels.subgoal - model.subgoal_mean) / model.subgoal_std
        many = plan.repeat_interleave(samples, dim=0)
        noise, time = torch.randn_like(many), draw_time(len(many), many.device)
        # Half of the samples know the subgoal, not exactly, if it was the plan's.
        told = (torch.rand(len(many), 1, device=many.device) < 0.5).float()
        told = told * labels.as_planned.repeat_interleave(samples).unsqueeze(-1)
        hint = goal.repeat_interleave(samples, dim=0)
        hint = torch.cat([(hint + SUBGOAL_NOISE * torch.randn_like(hint)) * told, told], dim=-1)
        arms = labels.arm.repeat_interleave(samples)
        flow = flow_loss(lambda x, t: model.decode(latent, x, t, arms, hint), many, noise, time)
        tokens = model.tokenize(plan)
        logits = model.autoregressive_decoder(latent, tokens, labels.arm).float()
        nats = F.cross_entropy(logits.flatten(0, 2), tokens.flatten(), reduction='none').view(len(plan), -1)
        found = model.subgoal_head(latent, labels.arm)[:, :-1].float()
        arm = F.binary_cross_entropy_with_logits(arm_logit.squeeze(-1), labels.arm, reduction='none')
        return {
            'flow': (flow.view(len(plan), samples).mean(dim=1) * good).mean(),
            'autoregressive': (nats.mean(dim=1) * good).mean(),
            'subgoal': ((found - goal).square().mean(dim=1) * reached).mean(),
            'arm': (arm * good).mean(),
        }

    def world_losses(self, latent: Tensor, objects: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Of what is there, and of what comes of the motion that followed."""
        model, labels = self.model, batch.labels
        actions = model.action_tokens(model.normalise(labels.executed), labels.arm)
        slots, quantities = model.world_state(latent)
        confidence = model.confidence_head(latent, actions).float()
        scale = model.world_state.body_scale
        there = batch.present.sum().clamp(min=1.0)

        def of_present(values: Tensor) -> Tensor:
            return (values * batch.present).sum() / there

        presence = F.binary_cross_entropy_with_logits(slots[..., 0], batch.present)
        visible = F.binary_cross_entropy_with_logits(slots[..., 8], batch.visible, reduction='none')
        extent = (slots[..., 4:7] - model.world_state.extent).abs().mean(dim=-1) / model.world_state.extent_scale
        place = gaussian_loss(slots[..., 1:4] - batch.position, slots[..., 7], scale)
        as_shown = 1.0 - batch.moved
        known = labels.quantities.isfinite() & (as_shown > 0.5).unsqueeze(-1)
        error = torch.where(known, quantities[..., 0] - labels.quantities, 0.0).unsqueeze(-1)
        physical = gaussian_loss(error, quantities[..., 1], model.world_state.physical_constraints.std) * known
        return {
            'objects': gaussian_loss(objects[..., :3] - labels.objects, objects[..., 3], model.object_scale).mean(),
            'slots': presence + of_present(place) + of_present(visible) + of_present(extent),
            'quantities': physical.sum() / known.sum().clamp(min=1),
            'future': self.future_loss(latent, actions, batch),
            'confidence': F.binary_cross_entropy_with_logits(confidence, labels.success, as_shown),
        }

    def future_loss(self, latent: Tensor, actions: Tensor, batch: Batch) -> Tensor:
        """Nats for each number of the codes of the frames to come, given the newest one."""
        count, steps = batch.future.shape[:2]
        if count == 0:
            return latent.new_zeros(())
        (video,) = self._video
        with torch.no_grad():
            future = batch.future.flatten(0, 1).float() / 255.0
            context = (batch.colour[:count, -1].float() / 255.0).repeat_interleave(steps, dim=0)
            codes = video.encode(future, context, future.new_ones(len(future)))
        logits = self.model.future_decoder(latent[:count], actions[:count])
        return video.loss_of_logits(logits.flatten(0, 1), codes) / codes.shape[-1]


def gaussian_loss(error: Tensor, log_std: Tensor, scale: Tensor) -> Tensor:
    """Negative log-likelihood of an isotropic normal, in units of `scale`.

    L = σ · (n ln σ + |e|² / 2σ²), σ a constant in the first factor: β-NLL with β = ½ (Seitzer et al. 2022), which keeps
    a confident output from outweighing the others. error [..., n], log_std [...], scale [...] or a number.
    """
    log_std = log_std - scale.log()
    squared = (error / (scale.unsqueeze(-1) if scale.ndim else scale)).square().sum(dim=-1)
    likelihood = error.shape[-1] * log_std + 0.5 * squared * (-2.0 * log_std).exp()
    return log_std.detach().exp() * likelihood
