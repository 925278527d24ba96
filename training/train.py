"""Trains the world-action model on demonstrations.

`python -m training.train --config training/configs/cosmos3_micro.yaml --data DIR [DIR …] --out DIR [--minutes M]`, or
`torchrun --nproc-per-node N -m training.train …` on several GPUs.
"""

import argparse
import json
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from . import distributed
from .checkpoint import TrainedModel, save_model, write
from .config import Config, load_config
from .dataset import Demonstrations, load_demonstrations
from .plot import plot_run
from .studio import Studio, object_vocabulary
from .tokenizer import train_tokenizer
from .train_video import train_video, validate_video
from .trainer import Trainer
from .transfer import transfer_config, transfer_tokenizer
from .validation import validate
from .video_tokenizer import VideoTokenizer

AGREE_EVERY = 10
"""Several processes agree on the time that is left every so many steps."""


def train(
    config: Config,
    directories: list[Path],
    out: Path,
    device: str = 'cpu',
    minutes: float = math.inf,
    source: TrainedModel | None = None,
    video_from: Path | None = None,
    resume: bool = False,
    frozen: bool = True,
) -> TrainedModel | None:
    """Trains for `config.training.steps` or `minutes` of optimisation, whichever is first; writes OUT/checkpoint.pt.

    The learning rate follows the share of that limit which is used up. Also writes OUT/log.jsonl, OUT/curve.png and
    OUT/resume.pt. Only the first process returns the model. `source` is a model to begin with: to transfer from, or to go
    on from if not `frozen`; `video_from` a checkpoint whose video tokenizer is taken; `resume` goes on from OUT/resume.pt.
    """
    own, rank, world = distributed.start(device)
    torch.manual_seed(config.training.seed)
    torch.set_float32_matmul_precision('high')
    began = time.monotonic()
    data = load_demonstrations(directories, config.model).to(own)
    config, tokenizer = fit_vocabularies(config, data, source)
    if resume:
        tokenizer = TrainedModel.load(out / 'checkpoint.pt').tokenizer
    studio = Studio(data, config)
    training = config.training
    train_frames, held_out = data.split(training.validation_episodes, training.seed)
    if rank == 0:
        out.mkdir(parents=True, exist_ok=True)
        print(
            f'{len(train_frames)} frames to train on and {len(held_out)} held out, {len(data.instructions)} '
            f'instructions, {len(config.model.bodies)} objects, on {world} × {own.type}; '
            f'loaded in {time.monotonic() - began:.1f} s',
            flush=True,
        )
    kept = torch.load(out / 'resume.pt', map_location='cpu', weights_only=True) if resume else None
    with (out / 'log.jsonl').open('a' if resume else 'w', encoding='utf-8') if rank == 0 else _Nowhere() as log:
        video, video_record, video_minutes = _video_stage(config, studio, train_frames, minutes, source, video_from, kept, log)
        trainer = Trainer(config, studio, train_frames, video, tokenizer, source, rank, world, frozen)
        record = {
            'data': data.sources,
            'seeds': {'weights': training.seed, 'split': training.seed},
            'parameters': trainer.parameter_count,
            'device': torch.cuda.get_device_name(own) if own.type == 'cuda' else 'cpu',
            'processes': world,
            'torch': str(torch.__version__),
            'video': video_record,
        }
        if source is not None:
            record['transferred_from' if frozen else 'continued_from'] = f'{source.config.id} {source.config.version}'
        used = 0.0
        if kept is not None:
            trainer.restore(kept)
            used = kept['minutes']
        run = _Run(trainer, config, out, record, held_out, rank, log)
        run.go(minutes - video_minutes, used)
    if rank == 0:
        plot_run(out / 'log.jsonl', out / 'curve.png')
    distributed.stop()
    return TrainedModel.load(out / 'checkpoint.pt') if rank == 0 else None


def fit_vocabularies(config: Config, data: Demonstrations, source: TrainedModel | None) -> tuple[Config, Tokenizer]:
    """The configuration with the data's objects, and a tokenizer of its words; a source's are extended by them."""
    bodies = object_vocabulary(data)
    if source is not None:
        return transfer_config(config, source, bodies), transfer_tokenizer(source, data.instructions)
    config = replace(config, model=replace(config.model, bodies=config.model.bodies or bodies))
    return config, train_tokenizer(data.instructions, config.model.token_length, config.model.vocabulary)


class _Nowhere:
    """The log of the processes that keep none."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _video_stage(
    config: Config,
    studio: Studio,
    frames: torch.Tensor,
    minutes: float,
    source: TrainedModel | None,
    video_from: Path | None,
    kept: dict[str, Any] | None,
    log: Any,
) -> tuple[VideoTokenizer, dict[str, Any], float]:
    """The video tokenizer: another model's, or trained now (by each process alike); its record; and minutes used."""
    shape = config.model
    video = VideoTokenizer(config.video, shape.image_height, shape.image_width).to(frames.device)
    if kept is not None:
        video.load_state_dict(kept['video'])
        return video.eval().requires_grad_(False), kept['video_record'], 0.0
    if source is not None or video_from is not None:
        taken = source or TrainedModel.load(video_from)
        video.load_state_dict(taken.video.state_dict())
        return video.eval().requires_grad_(False), taken.record['video'], 0.0
    began = time.monotonic()
    video = train_video(config, studio, frames, config.video.share * minutes, log)
    for parameter in video.parameters():
        if torch.distributed.is_initialized():
            torch.distributed.broadcast(parameter.data, 0)
    record = validate_video(config, studio, video, frames)
    used = min((time.monotonic() - began) / 60.0, config.video.share * minutes)
    if log is not None:
        print(json.dumps(record), flush=True)
        log.write(json.dumps({'stage': 'video', 'validation': record}) + '\n')
    return video, record, used


class _Run:
    """The loop over steps, with its log and checkpoints."""

    def __init__(
        self,
        trainer: Trainer,
        config: Config,
        out: Path,
        record: dict[str, Any],
        held_out: torch.Tensor,
        rank: int,
        log: Any,
    ) -> None:
        self.trainer, self.config, self.out, self.record = trainer, config, out, record
        self.held_out, self.rank, self.log = held_out, rank, log

    def go(self, minutes: float, used: float) -> None:
        """Trains until the steps or the minutes are used up; `used` minutes are already."""
        trainer, training = self.trainer, self.config.training
        began: float | None = None
        progress, mark = used / minutes, (trainer.step, time.monotonic())
        progress = max(progress, trainer.step / training.steps)
        while progress < 1.0:
            total, parts = trainer.advance(progress)
            now = time.monotonic()
            if began is None:
                # The first step compiles; that is not training.
                trainer.describe(total, parts)
                began = time.monotonic() - 60.0 * used
                mark = (trainer.step, time.monotonic())
                now = mark[1]
            done = trainer.step / training.steps
            if done >= 1.0:
                progress = done
            elif self.record['processes'] == 1 or trainer.step % AGREE_EVERY == 0:
                progress = distributed.agree(max(done, (now - began) / (60.0 * minutes)), trainer.device)
            checks = trainer.step % training.validate_every == 0 or progress >= 1.0
            if not checks and trainer.step % training.log_every:
                continue
            entry: dict[str, Any] = {'step': trainer.step, 'minutes': round((now - began) / 60, 3)}
            entry |= trainer.describe(total, parts)
            now = time.monotonic()
            entry['steps_per_s'] = float(f'{(trainer.step - mark[0]) / max(now - mark[1], 1e-9):.4g}')
            if checks:
                self._check(entry)
            if self.rank == 0:
                print(f'{100 * min(progress, 1):5.1f} %  {json.dumps(entry)}', flush=True)
                self.log.write(json.dumps(entry) + '\n')
                self.log.flush()
            mark = (trainer.step, time.monotonic())

    def _check(self, entry: dict[str, Any]) -> None:
        """Validates the averaged weights and writes both checkpoints; `entry` gets the figures."""
        trainer = self.trainer
        if self.record['processes'] == 1:
            with trainer.averaged():
                entry['validation'] = validate(
                    trainer.objective, trainer.studio, self.held_out, trainer.autocast()
                )
        state, averaged = trainer.state(), trainer.averaged_state()
        if self.rank != 0:
            return
        record = self.record | {'steps': trainer.step, 'minutes': entry['minutes'], 'losses': entry}
        names = {name for name, _ in trainer.model.named_parameters()}
        weights = {name: value.half() if name in names else value for name, value in averaged.items()}
        save_model(self.out / 'checkpoint.pt', self.config, weights, trainer.video, trainer.tokenizer, record)
        kept = {'minutes': entry['minutes'], 'video': trainer.video.state_dict(), 'video_record': self.record['video']}
        write(self.out / 'resume.pt', state | kept)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog='python -m training.train', description=__doc__.split('\n')[0])
    parser.add_argument('--config', type=Path, required=True, help='YAML configuration')
    parser.add_argument('--data', type=Path, nargs='+', required=True, help='directories of demonstrations')
    parser.add_argument('--out', type=Path, required=True, help='directory for checkpoint.pt, log.jsonl, curve.png')
    parser.add_argument('--steps', type=int, help="limit in steps, instead of the configuration's")
    parser.add_argument('--minutes', type=float, default=math.inf, help='limit in minutes, besides the steps')
    parser.add_argument('--seed', type=int, help="instead of the configuration's")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument('--init-from', type=Path, help='checkpoint to transfer from; its encoder and world layers stay')
    begin.add_argument('--continue-from', type=Path, help='checkpoint to go on from, every weight still learning')
    parser.add_argument('--video-from', type=Path, help='checkpoint whose video tokenizer is taken')
    parser.add_argument('--resume', action='store_true', help='go on from OUT/resume.pt')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    chosen = {key: getattr(arguments, key) for key in ('steps', 'seed') if getattr(arguments, key) is not None}
    config = replace(config, training=replace(config.training, **chosen))
    checkpoint = arguments.init_from or arguments.continue_from
    source = TrainedModel.load(checkpoint) if checkpoint else None
    train(
        config,
        arguments.data,
        arguments.out,
        arguments.device,
        arguments.minutes,
        source,
        arguments.video_from,
        arguments.resume,
        frozen=arguments.continue_from is None,
    )


if __name__ == '__main__':
    main()
