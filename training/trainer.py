"""One training run: data and network on a device, optimiser, moving average of the weights."""

import math
from contextlib import contextmanager
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from . import distributed
from .compiled_step import Losses, choose_losses
from .config import Config, TrainingConfig
from .mirror import mirror
from .model import CosmosTransformer
from .normalisation import set_normalisation
from .objective import PARTS, Objective
from .rearrangement import Rearrangement
from .studio import Batch, Studio
from .tokenizer import encode
from .transfer import freeze, transfer_weights
from .checkpoint import TrainedModel
from .video_tokenizer import VideoTokenizer

BELIEVABLE = 1e4
"""A gradient with a greater norm is one of a fault in how it is computed, or in the data."""
TEXT_ROWS = 1024
"""Instructions are padded to a multiple of it, so that a compiled step stays valid when demonstrations are added."""


class Trainer:
    """Steps of AdamW on minibatches that are rendered for each, by this process's share of each batch."""

    def __init__(
        self,
        config: Config,
        studio: Studio,
        train_frames: Tensor,
        video: VideoTokenizer,
        tokenizer: Tokenizer,
        source: TrainedModel | None = None,
        rank: int = 0,
        world: int = 1,
        frozen: bool = True,
    ) -> None:
        """`source` is a model to begin with; what transfer freezes stays as it is, if `frozen`."""
        # cuDNN's attention is left out, as the likeliest cause of gradients with norms of 1e5 (README: a run that failed).
        torch.backends.cuda.enable_cudnn_sdp(False)
        device = train_frames.device
        self.config, self.device, self.studio, self.source = config, device, studio, source
        self.rank, training = rank, config.training
        model = self._first_model(train_frames)
        if source is not None and frozen:
            freeze(model)
        text = tuple(_padded(values).to(device) for values in encode(tokenizer, studio.data.instructions))
        self.video, self.tokenizer = video, tokenizer
        self.objective = Objective(config, model, video, text, studio.intrinsics)
        self.parameter_count = sum(p.numel() for p in model.parameters())
        if world > 1:
            layers = [*model.visual_encoder.layers, *model.action_decoder.layers, *model.future_decoder.layers]
            distributed.shard(self.objective, layers, device)
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        share = training.batch // (world * training.accumulation)
        if share * world * training.accumulation != training.batch:
            raise ValueError(f'training.batch: {training.batch} is no multiple of {world} processes × accumulation')
        self.share = share
        self.futures = max(1, round(config.loss.future_share * share))
        self.rearranged = min(share - self.futures, round(config.augmentation.rearranged * share))
        self._begin(train_frames)
        self._losses = self.objective
        if training.compile and device.type == 'cuda':
            self._losses = self._compiled(graphs=world == 1 and training.accumulation == 1)

    @property
    def model(self) -> CosmosTransformer:
        """The network; its parameters may be spread over the processes."""
        return self.objective.model

    def restart(self, train_frames: Tensor) -> None:
        """Begins anew on other frames, as a new trainer does; what was compiled stays. For one process."""
        self.model.load_state_dict(self._first_model(train_frames).state_dict())
        self._begin(train_frames)

    def sample(self) -> Batch:
        """A minibatch of this process, rendered."""
        chance = torch.rand(self.share, device=self.device, dtype=torch.float64) * self.cumulative[-1]
        picks = torch.searchsorted(self.cumulative, chance, right=True).clamp(max=len(self.frames) - 1)
        frames, studio = self.frames[picks], self.studio
        with torch.no_grad():
            arrangement = self.rearrangement.draw(frames[self.share - self.rearranged :]) if self.rearranged else None
            batch = studio.batch(frames, disturbed=True, futures=self.futures, arrangement=arrangement)
            chance = torch.rand(self.share, device=self.device)
            which = (chance < self.config.augmentation.mirrored) & studio.mirrorable[studio.data.scene[frames]]
            return mirror(batch, which.float())

    def advance(self, progress: float) -> tuple[Tensor, Tensor]:
        """One optimisation step at `progress` 0…1 of the run; the total loss and its parts (see objective.PARTS).

        Nothing in it waits for the device.
        """
        training = self.config.training
        rate = training.learning_rate * schedule(progress, training.warmup)
        for group in self.optimizer.param_groups:
            group['lr'] = rate
        for part in range(training.accumulation):
            batch = self.sample()
            torch.compiler.cudagraph_mark_step_begin()
            if hasattr(self.objective, 'set_requires_gradient_sync'):
                self.objective.set_requires_gradient_sync(part + 1 == training.accumulation)
            with self.autocast():
                total, parts = self._losses(batch)
                # The graphs' own memory is written again by the next step.
                loss, parts = total.detach().clone(), parts.clone()
            (total / training.accumulation).backward()
        self.gradient_norm = torch.nn.utils.clip_grad_norm_(self.parameters, training.gradient_clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        decay = min(training.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.average, [distributed.own_part(p) for p in self.parameters], 1.0 - decay)
        self.step += 1
        return loss, parts

    def autocast(self) -> torch.autocast:
        """bfloat16 on a GPU."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.device.type == 'cuda')

    @contextmanager
    def averaged(self) -> Iterator[CosmosTransformer]:
        """The network with the averaged weights, for as long as the context lasts."""
        self._swap()
        self.objective.eval()
        try:
            yield self.model
        finally:
            self.objective.train()
            self._swap()

    def state(self) -> dict[str, Any]:
        """All that it takes to go on, whatever the number of processes then; only the first one gets it."""
        state = distributed.state_of(self.objective, self.optimizer)
        with self.averaged():
            state['average'] = distributed.state_of(self.objective)['model']
        return state | {'step': self.step}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from `state`."""
        distributed.restore(self.objective, {'model': state['average']})
        for mean, parameter in zip(self.average, self.parameters, strict=True):
            mean.copy_(distributed.own_part(parameter).detach())
        distributed.restore(self.objective, state, self.optimizer)
        self.step = state['step']

    def averaged_state(self) -> dict[str, Tensor]:
        """The network's state with the averaged weights, whole; only the first process gets it."""
        with self.averaged():
            state = distributed.state_of(self.objective)['model']
        return {name.removeprefix('model.'): value for name, value in state.items()}

    def describe(self, total: Tensor, parts: Tensor) -> dict[str, float]:
        """The losses as numbers, the mean of all processes, and the last step's gradient before it was clipped.

        Waits for the device. Raises RuntimeError if the loss is not finite, or the gradient beyond belief.
        """
        values = distributed.mean_of_all(torch.cat([total.view(1), parts])).tolist()
        norm = distributed.whole(self.gradient_norm).item()
        if not math.isfinite(values[0]):
            raise RuntimeError(f'loss is {values[0]} at step {self.step}; lower training.learning_rate')
        if not norm < BELIEVABLE:
            raise RuntimeError(f'the gradient has a norm of {norm:.3g} at step {self.step}: what is right in it is lost to clipping')
        named = zip(('loss', *PARTS, 'gradient_norm'), (*values, norm), strict=True)
        return {name: float(f'{value:.5g}') for name, value in named}

    def _compiled(self, graphs: bool) -> Losses:
        """The objective as fast as its gradient stays right; one process replays it as CUDA graphs, if `graphs`.

        Its kernels are shorter than their launches.
        """

        def forms() -> Iterator[tuple[str, Losses]]:
            if graphs:
                yield 'compiled, as CUDA graphs', torch.compile(self.objective, dynamic=False, mode='reduce-overhead')
                torch.compiler.reset()
            yield 'compiled', torch.compile(self.objective, dynamic=False)
            yield 'as it is written', self.objective

        named = {name: parameter for name, parameter in self.model.named_parameters() if parameter.requires_grad}
        return choose_losses(self.objective, forms(), self.sample, named, self.autocast)

    def _first_model(self, train_frames: Tensor) -> CosmosTransformer:
        """The network before the first step, the same in all processes."""
        seed = self.config.training.seed
        torch.manual_seed(seed)
        model = CosmosTransformer(self.config.model, self.config.video).to(self.device)
        set_normalisation(model, self.studio, train_frames, seed)
        if self.source is not None:
            transfer_weights(model, self.source)
        return model

    def _begin(self, train_frames: Tensor) -> None:
        """Optimiser, average and samples at their start; each process draws samples of its own."""
        training = self.config.training
        self.frames, self.step = train_frames, 0
        self.rearrangement = Rearrangement(self.studio.data, train_frames)
        self.cumulative = frame_weights(self.studio.data.scene[train_frames], training.balance).cumsum(0)
        self.optimizer = make_optimizer(self.parameters, training, fused=self.device.type == 'cuda')
        self.average = [distributed.own_part(p).detach().clone() for p in self.parameters]
        torch.manual_seed(training.seed + 1000 * (self.rank + 1))

    def _swap(self) -> None:
        with torch.no_grad():
            for mean, parameter in zip(self.average, self.parameters, strict=True):
                own = distributed.own_part(parameter)
                kept = own.clone()
                own.copy_(mean)
                mean.copy_(kept)


def _padded(rows: Tensor) -> Tensor:
    """[n, length] with rows of zeros up to a multiple of TEXT_ROWS."""
    return F.pad(rows, (0, 0, 0, -len(rows) % TEXT_ROWS))


def frame_weights(scene: Tensor, balance: float) -> Tensor:
    """How often each frame is drawn, [F] float64, of frames of the scenes [F]: n^-balance with the scene's n frames."""
    return torch.bincount(scene).double()[scene] ** -balance


def make_optimizer(parameters: list[Tensor], training: TrainingConfig, fused: bool) -> torch.optim.AdamW:
    """AdamW; only the matrices decay."""
    groups = [
        {'params': [p for p in parameters if p.ndim >= 2], 'weight_decay': training.weight_decay},
        {'params': [p for p in parameters if p.ndim < 2], 'weight_decay': 0.0},
    ]
    return torch.optim.AdamW(groups, lr=training.learning_rate, betas=(0.9, 0.95), fused=fused)


def schedule(progress: float, warmup: float) -> float:
    """Share of the learning rate: linear warm-up, then a cosine to 0 at progress 1."""
    if progress < warmup:
        return progress / warmup
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (progress - warmup) / (1.0 - warmup))))
