"""Success of the checkpoints of a transfer study, closed loop, and the table of what transfer saves."""

import json
import math
import shlex
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from .checkpoint import TrainedModel

VARIANTS = ('scratch', 'transferred')
GOAL = 0.8
"""Success rate at which a run has learnt the task."""
NETWORKS = ('encoder', 'decoder', 'critic')
"""What the evaluated policy runs."""
EVALUATOR = (
    'npm run evaluate -- --task door_opening --episodes 30 --seed 400000 --workers 1 --model {model} --json {json}'
)
CLAIMED = 'The article claims 14–24 × less training time and 10 × less data.'
POLL = 1.0
"""Time between looks for the next checkpoint, s."""


def evaluate(out: Path, evaluator: str, workers: int, wait: float) -> None:
    """Evaluates each run's checkpoints in ascending order up to the first that reaches GOAL, `workers` runs at a time.

    Each one's figures are kept as OUT/RUN/STEPS/evaluation.json, and not made again. Waits up to `wait` seconds for the
    next checkpoint of a run. Raises RuntimeError with the evaluator's last words if it fails.
    """
    _await(out / 'study.json', wait)
    study = _read(out / 'study.json')
    with ProcessPoolExecutor(workers, get_context('spawn')) as pool:
        jobs = [pool.submit(_evaluate_run, out / name, study['steps'], evaluator, wait) for name in study['runs']]
        for job in jobs:
            job.result()


def _evaluate_run(run: Path, steps: list[int], evaluator: str, wait: float) -> None:
    torch.set_num_threads(1)
    for mark in steps:
        figures = run / str(mark) / 'evaluation.json'
        checkpoint = figures.with_name('checkpoint.pt')
        if not figures.exists():
            if not _await(checkpoint, wait):
                print(f'{run.name}: no checkpoint of {mark} steps', flush=True)
                return
            _evaluate_checkpoint(checkpoint, figures, evaluator)
        rate = _read(figures)['success_rate']
        print(f'{run.name}: {100 * rate:.0f} % after {mark} steps', flush=True)
        if rate >= GOAL:
            return


def _await(path: Path, seconds: float) -> bool:
    """Whether a file is there, at the latest after so many seconds."""
    deadline = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(POLL)
    return path.exists()


def _evaluate_checkpoint(checkpoint: Path, figures: Path, evaluator: str) -> None:
    # Where a study is only trained there need be no ONNX.
    from .export import export_model

    model, partial = checkpoint.with_name('policy'), figures.with_suffix('.partial')
    export_model(TrainedModel.load(checkpoint), model, only=NETWORKS)
    command = [part.format(model=model.resolve(), json=partial.resolve()) for part in shlex.split(evaluator)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f'{shlex.join(command)} failed: {(done.stderr or done.stdout)[-2000:]}')
    partial.replace(figures)


def write_table(out: Path) -> str:
    """Writes OUT/transfer.json and OUT/transfer.md from what was trained and evaluated so far; returns the latter."""
    study = _read(out / 'study.json')
    runs = [_summary(out / name) for name in study['runs'] if (out / name / 'run.json').exists()]
    by_share: dict[float, dict[str, dict[str, Any]]] = {}
    for run in runs:
        by_share.setdefault(run['share'], {})[run['variant']] = run
    ratios = {f'{share:g}': _ratio(pair) for share, pair in by_share.items()}
    fewest = {variant: _fewest(runs, variant) for variant in VARIANTS}
    content = {'goal': GOAL, 'runs': runs, 'steps_ratio': ratios, 'fewest_demonstrations': fewest}
    (out / 'transfer.json').write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')
    lines = [
        f'| demonstrations | from scratch: to {100 * GOAL:.0f} % success | transferred | steps, from scratch ÷ transferred |',
        '|---|---|---|---|',
    ]
    for share, pair in by_share.items():
        episodes = next(iter(pair.values()))['episodes']
        cells = [_cell(pair[variant]) if variant in pair else '–' for variant in VARIANTS]
        lines.append(f'| {episodes} ({100 * share:g} %) | {" | ".join(cells)} | {ratios[f"{share:g}"]} |')
    needed = [str(count) if count is not None else 'more than tried' for count in fewest.values()]
    lines += ['', f'Fewest demonstrations that sufficed: from scratch {needed[0]}, transferred {needed[1]}. {CLAIMED}', '']
    lines += ['| success after | ' + ' | '.join(f'{mark} steps' for mark in study['steps']) + ' |']
    lines.append('|---' * (len(study['steps']) + 1) + '|')
    for run in runs:
        rates = {entry['steps']: entry.get('success_rate') for entry in run['marks']}
        cells = [_percent(rates.get(mark)) for mark in study['steps']]
        lines.append(f'| {run["variant"]}, {run["episodes"]} demonstrations | {" | ".join(cells)} |')
    text = '\n'.join(lines) + '\n'
    (out / 'transfer.md').write_text(text, encoding='utf-8')
    return text


def _summary(run: Path) -> dict[str, Any]:
    """A run's record with each mark's success, and the first mark that reached GOAL (None: none did)."""
    record = _read(run / 'run.json')
    for entry in record['marks']:
        figures = run / str(entry['steps']) / 'evaluation.json'
        if figures.exists():
            entry |= {key: _read(figures)[key] for key in ('episodes', 'success_rate', 'interval95')}
    reached = [entry for entry in record['marks'] if entry.get('success_rate', 0.0) >= GOAL]
    return record | {'reached': reached[0] if reached else None}


def _cell(run: dict[str, Any]) -> str:
    if (mark := run['reached']) is not None:
        return f'{mark["steps"]} steps, {mark["samples"]} samples, {mark["seconds"]:.0f} s ({_percent(mark["success_rate"])})'
    judged = [entry for entry in run['marks'] if 'success_rate' in entry]
    if not judged:
        return 'not evaluated'
    best = max(judged, key=lambda entry: entry['success_rate'])
    return f'not within {judged[-1]["steps"]} steps (best {_percent(best["success_rate"])})'


def _ratio(pair: dict[str, dict[str, Any]]) -> str:
    """Steps from scratch over steps transferred; a bound where one of them did not reach GOAL."""
    if set(pair) != set(VARIANTS):
        return '–'
    scratch, transferred = (_steps(pair[variant]) for variant in VARIANTS)
    if math.isinf(scratch[1]) and math.isinf(transferred[1]):
        return '–'
    sign = '> ' if math.isinf(scratch[1]) else '< ' if math.isinf(transferred[1]) else ''
    return f'{sign}{scratch[0] / transferred[0]:.3g}'


def _steps(run: dict[str, Any]) -> tuple[int, float]:
    """The last mark that had to be judged, and the one that reached GOAL or infinity."""
    judged = [entry['steps'] for entry in run['marks'] if 'success_rate' in entry]
    reached = run['reached']
    return (reached['steps'], reached['steps']) if reached else (max(judged, default=1), math.inf)


def _fewest(runs: list[dict[str, Any]], variant: str) -> int | None:
    """The fewest demonstrations with which a variant reached GOAL; None where it never did."""
    return min((run['episodes'] for run in runs if run['variant'] == variant and run['reached']), default=None)


def _percent(rate: float | None) -> str:
    return '–' if rate is None else f'{100 * rate:.0f} %'


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding='utf-8'))
