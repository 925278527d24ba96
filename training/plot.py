"""Curves of a run's log: `python -m training.plot OUT/log.jsonl [MORE.jsonl …] --out FILE`."""

import argparse
import json
from pathlib import Path


def plot_run(log: Path, picture: Path) -> None:
    """Draws one run."""
    plot_runs([log], picture)


def plot_runs(logs: list[Path], picture: Path) -> None:
    """Draws the losses of runs over their steps, and the errors of their plans on held-out episodes."""
    try:
        import matplotlib
    except ImportError:
        print('no curve is drawn: matplotlib is not installed')
        return
    matplotlib.use('Agg')
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4), layout='constrained')
    for log in logs:
        lines = [json.loads(line) for line in log.read_text(encoding='utf-8').splitlines()]
        rows = [line for line in lines if 'flow' in line]
        name = log.parent.name
        steps = [row['step'] for row in rows]
        for part in ('flow', 'objects', 'slots', 'future', 'autoregressive'):
            label = f'{name}: {part}' if len(logs) > 1 else part
            axes[0].plot(steps, [row[part] for row in rows], label=label, linewidth=1)
        checked = [row for row in rows if 'flow_mm' in row.get('validation', {})]
        for kind in ('flow', 'autoregressive', 'hierarchical'):
            label = f'{name}: {kind}' if len(logs) > 1 else kind
            errors = [row['validation'][f'{kind}_mm'] for row in checked]
            axes[1].plot([row['step'] for row in checked], errors, marker='.', label=label)
    axes[0].set(title='Loss in training', xlabel='step')
    axes[1].set(title='Error of the plan on held-out episodes', xlabel='step', ylabel='mm')
    for axis in axes:
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7)
    figure.savefig(picture, dpi=120)
    pyplot.close(figure)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog='python -m training.plot', description=__doc__.split(':')[0])
    parser.add_argument('logs', type=Path, nargs='+')
    parser.add_argument('--out', type=Path, required=True)
    arguments = parser.parse_args()
    plot_runs(arguments.logs, arguments.out)


if __name__ == '__main__':
    main()
