import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from training.checkpoint import TrainedModel
from training.config import LossConfig
from training.normalisation import set_normalisation
from training.studio import Studio, object_vocabulary
from training.tokenizer import train_tokenizer
from training.train import train
from training.trainer import Trainer, schedule
from training.transfer import FROZEN
from training.video_tokenizer import VideoTokenizer


def lines(out):
    return [json.loads(line) for line in (out / 'log.jsonl').read_text().splitlines()]


def test_run_writes_log_curve_and_checkpoints(run, tiny):
    out, trained = run
    rows = [row for row in lines(out) if 'flow' in row]
    assert [row['step'] for row in rows] == [2, 4, 6, 8] and 'validation' in rows[-1]
    assert {'flow_mm', 'diffusion_mm', 'autoregressive_mm', 'hierarchical_mm'} <= set(rows[-1]['validation'])
    assert (out / 'curve.png').stat().st_size > 1000
    assert trained.record['steps'] == 8 and trained.record['video']['video_intra_db'] > 0
    assert trained.config.model.bodies == tuple(sorted(trained.config.model.bodies)) and trained.config.model.bodies
    assert TrainedModel.load(out / 'checkpoint.pt').config == trained.config


@pytest.fixture(scope='module')
def trainer(tiny, data):
    config = replace(
        tiny,
        model=replace(tiny.model, bodies=object_vocabulary(data), width=32),
        loss=LossConfig(future_share=0.25),
        training=replace(tiny.training, batch=8, learning_rate=3e-3),
    )
    studio = Studio(data, config)
    video = VideoTokenizer(config.video, 48, 64).eval().requires_grad_(False)
    tokenizer = train_tokenizer(data.instructions, 24, 384)
    return Trainer(config, studio, torch.arange(16), video, tokenizer)


def test_learns(trainer):
    losses = [trainer.describe(*trainer.advance(0.1)) for _ in range(40)]
    mean = [{k: sum(row[k] for row in part) / 10 for k in part[0]} for part in (losses[:10], losses[-10:])]
    for name in ('loss', 'flow', 'autoregressive', 'objects', 'slots', 'confidence'):
        assert mean[1][name] < mean[0][name], name


def test_failed_episodes_teach_no_actions(trainer):
    batch = trainer.sample()
    failed = batch._replace(labels=batch.labels._replace(teaches=torch.zeros(8)))
    losses = dict(zip(('flow', 'autoregressive', 'subgoal', 'arm'), trainer.objective(failed)[1].tolist(), strict=False))
    assert losses == {'flow': 0, 'autoregressive': 0, 'subgoal': 0, 'arm': 0}


def test_unknown_quantities_teach_nothing(trainer):
    batch = trainer.sample()
    unknown = batch._replace(labels=batch.labels._replace(quantities=torch.full((8, 16), torch.nan)))
    total, parts = trainer.objective(unknown)
    assert parts[6] == 0 and total.isfinite()
    total.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in trainer.parameters)
    trainer.optimizer.zero_grad(set_to_none=True)


def test_normalisation_is_that_of_the_data(trainer, data):
    model = trainer.model
    set_normalisation(model, trainer.studio, torch.arange(16), seed=0)
    torch.testing.assert_close(model.action_mean, data.plan[:16].mean(dim=0))
    physical = model.world_state.physical_constraints
    torch.testing.assert_close(physical.mean[0], torch.tensor(9.81))
    assert physical.std.min() > 0 and model.bin_high.gt(model.bin_low).all()
    assert model.world_state.extent[model.config.bodies.index('red_cup')].max() > 0.1


def test_the_average_is_swapped_in_and_out(trainer):
    before = [p.detach().clone() for p in trainer.parameters]
    with trainer.averaged() as model:
        assert not model.training
        assert any(not torch.equal(p, q) for p, q in zip(trainer.parameters, before, strict=True))
    assert all(torch.equal(p, q) for p, q in zip(trainer.parameters, before, strict=True))


def test_transfer_keeps_the_frozen_parts(run, tiny, demonstrations, tmp_path):
    source = TrainedModel.load(run[0] / 'checkpoint.pt')
    trained = train(tiny, [demonstrations], tmp_path / 'out', source=source)
    assert trained.record['transferred_from'] == 'cosmos3_tiny 0.2.0'
    old, new = source.model.state_dict(), trained.model.state_dict()
    for name in old:
        same = torch.equal(old[name], new[name])
        if name.startswith('visual_encoder.layers') or name.startswith('world_state_proj'):
            assert same, name
        if name == 'action_decoder.action_head.weight':
            assert not same
    assert 'visual_encoder' in FROZEN


def test_going_on_trains_every_part(run, tiny, demonstrations, tmp_path):
    source = TrainedModel.load(run[0] / 'checkpoint.pt')
    trained = train(tiny, [demonstrations], tmp_path / 'out', source=source, frozen=False)
    assert trained.record['continued_from'] == 'cosmos3_tiny 0.2.0'
    old, new = source.model.state_dict(), trained.model.state_dict()
    assert not torch.equal(old['world_state_proj.weight'], new['world_state_proj.weight'])
    assert torch.equal(old['action_mean'], new['action_mean'])


TWO = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from training.config import load_config
from training.train import train
from dataclasses import replace
config = load_config(sys.argv[1])
steps = int(sys.argv[4])
training = replace(config.training, steps=steps, validate_every=4, validation_episodes=1)
config = replace(config, training=training)
train(config, [Path(sys.argv[2])], Path(sys.argv[3]), resume=len(sys.argv) > 5)
"""


def test_a_run_of_two_processes_goes_on_in_one(demonstrations, tmp_path):
    from training.tests.conftest import CONFIGS

    root = Path(__file__).parents[2]
    out = tmp_path / 'out'
    program = tmp_path / 'run.py'
    program.write_text(TWO)
    common = [str(CONFIGS / 'tiny.yaml'), str(demonstrations), str(out)]
    environment = os.environ | {'PYTHONPATH': str(root), 'OMP_NUM_THREADS': '1'}
    launch = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2', str(program)]
    options = {'cwd': root, 'env': environment, 'capture_output': True, 'text': True, 'timeout': 300}
    first = subprocess.run([*launch, *common, '4'], **options)
    assert first.returncode == 0, first.stderr
    second = subprocess.run([sys.executable, str(program), *common, '6', 'resume'], **options)
    assert second.returncode == 0, second.stderr
    steps = [row['step'] for row in lines(out) if 'flow' in row]
    assert steps == [2, 4, 6]
    assert TrainedModel.load(out / 'checkpoint.pt').record['steps'] == 6


def test_schedule_warms_up_and_ends_at_zero():
    assert schedule(0.01, 0.02) == 0.5 and schedule(0.02, 0.02) == 1.0 and schedule(1.0, 0.02) < 1e-12
