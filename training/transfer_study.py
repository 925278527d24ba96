"""Measures what transfer saves: training steps and demonstrations until a held-out task succeeds.

`python -m training.transfer_study --config training/configs/cosmos3_micro.yaml --source CHECKPOINT --data DIR [DIR …] --out DIR`
trains the network from scratch and from SOURCE (visual encoder and world layers frozen) on shares of the demonstrations
of a task that SOURCE was not trained on, keeps a checkpoint at each mark, evaluates them closed loop and prints the table.
`--train`, `--evaluate` and `--table` do one of these alone: training needs the GPU, evaluation only the processor.

All marks are of one run, so the learning rate must not know where it will be read: it is constant after the warm-up, and
what a mark keeps is the moving average of the weights, which stands in for the rate's decay.
"""

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from .checkpoint import TrainedModel, halves, save_model
from .config import Config, load_config
from .dataset import load_demonstrations
from .studio import Studio
from .train import fit_vocabularies
from .trainer import Trainer
from .transfer_table import EVALUATOR, VARIANTS, evaluate, write_table
from .video_tokenizer import VideoTokenizer

WARMUP_STEPS = 100
UNTIMED_STEPS = 3
"""The first steps compile and record the CUDA graphs; that is not training."""

Run = tuple[str, float]
"""Variant, and share of the episodes."""


def train_runs(
    config: Config, source: TrainedModel, data: list[Path], out: Path, steps: list[int], runs: list[Run], device: str
) -> None:
    """Carries out runs on one device; writes OUT/RUN/STEPS/checkpoint.pt and OUT/RUN/run.json.

    What the first run of a variant compiles serves its others too.
    """
    torch.set_float32_matmul_precision('high')
    own_device = torch.device(device)
    if own_device.index is not None:
        torch.cuda.set_device(own_device)
    demonstrations = load_demonstrations(data, config.model).to(own_device)
    trainers: dict[str, Trainer] = {}
    for variant, share in runs:
        frames = demonstrations.share(share, config.training.seed)
        if variant in trainers:
            trainers[variant].restart(frames)
        else:
            known = source if variant == 'transferred' else None
            own, tokenizer = fit_vocabularies(config, demonstrations, known)
            # Neither variant trains the tokenizer of future frames: the policy does without.
            own = replace(own, video=source.config.video)
            video = VideoTokenizer(own.video, own.model.image_height, own.model.image_width).to(frames.device)
            video.load_state_dict(source.video.state_dict())
            video.eval().requires_grad_(False)
            trainers[variant] = Trainer(own, Studio(demonstrations, own), frames, video, tokenizer, known)
        about = {
            'variant': variant,
            'share': share,
            'episodes': len(demonstrations.episode[frames].unique()),
            'frames': len(frames),
            'data': demonstrations.sources,
            'source': f'{source.config.id} {source.config.version}',
        }
        train_run(trainers[variant], out / run_name(variant, share), steps, about)


def train_run(trainer: Trainer, out: Path, steps: list[int], about: dict[str, Any]) -> None:
    """One run up to the last of the marks `steps`; its seconds are of optimisation alone."""
    training = trainer.config.training
    record: dict[str, Any] = about | {
        'parameters': trainer.parameter_count,
        'parameters_trained': sum(p.numel() for p in trainer.parameters),
        'batch': training.batch,
        'device': torch.cuda.get_device_name(trainer.device) if trainer.device.type == 'cuda' else 'cpu',
        'marks': [],
    }
    used = 0.0
    for mark in steps:
        began = time.monotonic()
        while trainer.step < mark:
            # The schedule stays where its warm-up ends.
            total, parts = trainer.advance(training.warmup * min(1.0, trainer.step / WARMUP_STEPS))
            if trainer.step == UNTIMED_STEPS:
                trainer.describe(total, parts)
                began = time.monotonic()
        losses = trainer.describe(total, parts)
        used += time.monotonic() - began
        entry = {'steps': mark, 'samples': mark * training.batch, 'seconds': round(used, 2), 'losses': losses}
        record['marks'].append(entry)
        directory = out / str(mark)
        directory.mkdir(parents=True, exist_ok=True)
        (out / 'run.json').write_text(json.dumps(record, indent=2) + '\n', encoding='utf-8')
        weights = halves(trainer.model, trainer.averaged_state())
        kept = about | {'steps': mark, 'losses': losses}
        save_model(directory / 'checkpoint.pt', trainer.config, weights, trainer.video, trainer.tokenizer, kept)
        print(f'{out.name}: {json.dumps(entry)}', flush=True)


def run_name(variant: str, share: float) -> str:
    """The folder of a run."""
    return f'{variant}_{share:g}'


def train(
    config: Config, source: Path, data: list[Path], out: Path, steps: list[int], shares: list[float], devices: list[str]
) -> None:
    """All runs, spread over the devices; writes OUT/study.json with their names, and their records after the last.

    Raises FileExistsError where OUT holds a study already.
    """
    if (out / 'study.json').exists():
        raise FileExistsError(f'{out} holds a study; choose another --out')
    # Of two devices each has one variant, and compiles only that one.
    runs = [(variant, share) for share in shares for variant in VARIANTS]
    study: dict[str, Any] = {
        'steps': steps,
        'runs': [run_name(*run) for run in runs],
        'warmup_steps': WARMUP_STEPS,
        'config': config.to_dict(),
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / 'study.json').write_text(json.dumps(study, indent=2) + '\n', encoding='utf-8')
    parts = [(device, runs[i :: len(devices)]) for i, device in enumerate(devices)]
    known = TrainedModel.load(source)
    if len(parts) == 1:
        train_runs(config, known, data, out, steps, runs, devices[0])
    else:
        with ProcessPoolExecutor(len(parts), get_context('spawn')) as pool:
            jobs = [pool.submit(train_runs, config, known, data, out, steps, own, device) for device, own in parts]
            for job in jobs:
                job.result()
    study['records'] = [json.loads((out / name / 'run.json').read_text(encoding='utf-8')) for name in study['runs']]
    (out / 'study.json').write_text(json.dumps(study, indent=2) + '\n', encoding='utf-8')


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog='python -m training.transfer_study', description=__doc__.split('\n')[0])
    parser.add_argument('--out', type=Path, required=True, help='directory of the study')
    stages = parser.add_argument_group('stages; without any of these all three, in turn')
    stages.add_argument('--train', action='store_true')
    stages.add_argument('--evaluate', action='store_true', help='the checkpoints that were not evaluated yet')
    stages.add_argument('--table', action='store_true', help='writes OUT/transfer.md and OUT/transfer.json')
    training = parser.add_argument_group('training')
    training.add_argument('--config', type=Path, help='YAML configuration')
    training.add_argument('--source', type=Path, help='checkpoint to transfer from, not trained on the task')
    training.add_argument('--data', type=Path, nargs='+', help='demonstrations of the task')
    training.add_argument('--steps', type=int, nargs='+', default=[250, 500, 1000, 2000, 4000], help='the marks')
    training.add_argument('--shares', type=float, nargs='+', default=[1.0, 0.3, 0.1], help='of the episodes')
    training.add_argument('--batch', type=int, help="samples a step, instead of the configuration's")
    training.add_argument('--devices', nargs='+', default=['cuda' if torch.cuda.is_available() else 'cpu'])
    evaluation = parser.add_argument_group('evaluation')
    evaluation.add_argument('--evaluator', default=EVALUATOR, help='command; {model} and {json} are filled in (%(default)s)')
    evaluation.add_argument('--workers', type=int, default=1, help='runs at a time')
    evaluation.add_argument('--wait', type=float, default=0.0, help='s for the next checkpoint of a training that goes on')
    arguments = parser.parse_args()
    every = not (arguments.train or arguments.evaluate or arguments.table)
    if every or arguments.train:
        missing = [f'--{name}' for name in ('config', 'source', 'data') if getattr(arguments, name) is None]
        if missing:
            parser.error(f'training needs {", ".join(missing)}')
        if not all(0.0 < share <= 1.0 for share in arguments.shares):
            parser.error(f'--shares: {arguments.shares} must be above 0 and at most 1')
        config = load_config(arguments.config)
        if arguments.batch is not None:
            config = replace(config, training=replace(config.training, batch=arguments.batch))
        steps = sorted(arguments.steps)
        train(config, arguments.source, arguments.data, arguments.out, steps, arguments.shares, arguments.devices)
    if every or arguments.evaluate:
        evaluate(arguments.out, arguments.evaluator, arguments.workers, arguments.wait)
    if every or arguments.table:
        print(write_table(arguments.out))


if __name__ == '__main__':
    main()
