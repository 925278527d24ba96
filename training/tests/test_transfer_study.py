import json
import shutil
import sys
from dataclasses import replace

import pytest
import torch

from training.checkpoint import TrainedModel
from training.studio import Studio
from training.train import fit_vocabularies
from training.trainer import Trainer
from training.transfer_study import run_name, train
from training.transfer_table import evaluate, write_table
from training.video_tokenizer import VideoTokenizer

# Stands in for the simulation: what is judged is the study, not the policy.
EVALUATOR = """
import json, pathlib, sys
model, figures = map(pathlib.Path, sys.argv[1:])
training = json.loads((model / 'card.json').read_text())['training']
rate = training['steps'] / (1 if training['variant'] == 'transferred' else 5)
figures.write_text(json.dumps({'episodes': 30, 'success_rate': min(1.0, rate), 'interval95': [0.0, 1.0]}))
"""


@pytest.fixture(scope='module')
def study(run, tiny, demonstrations, tmp_path_factory):
    out = tmp_path_factory.mktemp('study')
    config = replace(tiny, training=replace(tiny.training, batch=2, learning_rate=0.5))
    train(config, run[0] / 'checkpoint.pt', [demonstrations], out, [1, 2], [1.0, 0.5], ['cpu'])
    return out


def test_a_larger_share_holds_the_smaller_ones_whole_episodes(data):
    small, large, every = (data.share(share, seed=3) for share in (0.25, 0.5, 1.0))
    assert [len(frames) for frames in (small, large, every)] == [8, 16, 32]
    assert set(small.tolist()) < set(large.tolist()) < set(every.tolist())
    assert len(data.episode[small].unique()) == 1 and len(data.share(0.01, seed=3)) == 8


def test_a_restart_is_a_new_trainer(run, tiny, data):
    config, tokenizer = fit_vocabularies(tiny, data, run[1])
    studio = Studio(data, config)
    video = VideoTokenizer(config.video, 48, 64).eval().requires_grad_(False)
    used, new = (Trainer(config, studio, data.share(share, 1), video, tokenizer, run[1]) for share in (1.0, 0.5))
    used.advance(0.1)
    used.restart(data.share(0.5, 1))
    losses = []
    for trainer in (used, new):
        torch.manual_seed(0)
        losses.append([trainer.describe(*trainer.advance(0.1)) for _ in range(2)])
    assert losses[0] == losses[1]
    for mine, other in zip(used.average, new.average, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=0)


def test_training_keeps_a_checkpoint_at_each_mark(study, run):
    source = run[1].model.state_dict()
    for variant in ('scratch', 'transferred'):
        for share, episodes in ((1.0, 4), (0.5, 2)):
            folder = study / run_name(variant, share)
            record = json.loads((folder / 'run.json').read_text())
            assert record['episodes'] == episodes and record['frames'] == 8 * episodes
            assert [mark['samples'] for mark in record['marks']] == [2, 4]
            assert (record['parameters_trained'] < record['parameters']) == (variant == 'transferred')
            weights = [TrainedModel.load(folder / str(mark) / 'checkpoint.pt').model.state_dict() for mark in (1, 2)]
            frozen = [name for name in source if name.startswith('visual_encoder.layers.') and source[name].ndim > 1]
            kept = all(torch.equal(weights[1][name], source[name]) for name in frozen)
            assert frozen and kept == (variant == 'transferred')
            head = 'action_decoder.action_head.weight'
            assert not torch.equal(weights[0][head], weights[1][head])
    assert [record['variant'] for record in json.loads((study / 'study.json').read_text())['records']] == 2 * [
        'scratch',
        'transferred',
    ]


def test_a_study_is_not_trained_over_another(study, run, tiny, demonstrations):
    with pytest.raises(FileExistsError, match='holds a study'):
        train(tiny, run[0] / 'checkpoint.pt', [demonstrations], study, [1], [1.0], ['cpu'])


def test_evaluation_ends_where_the_goal_is_reached(study, tmp_path):
    program = tmp_path / 'evaluator.py'
    program.write_text(EVALUATOR)
    evaluate(study, f'{sys.executable} {program} {{model}} {{json}}', workers=2, wait=0.0)
    judged = {str(path.parent.relative_to(study)) for path in study.glob('*/*/evaluation.json')}
    assert judged == {
        *(f'scratch_{share}/{mark}' for share in ('1', '0.5') for mark in (1, 2)),
        *(f'transferred_{share}/1' for share in ('1', '0.5')),
    }
    text = write_table(study)
    assert '| 4 (100 %) | not within 2 steps (best 40 %) | 1 steps, 2 samples, ' in text
    assert '| scratch, 2 demonstrations | 20 % | 40 % |' in text and text == (study / 'transfer.md').read_text()
    content = json.loads((study / 'transfer.json').read_text())
    assert content['steps_ratio'] == {'1': '> 2', '0.5': '> 2'}
    assert content['fewest_demonstrations'] == {'scratch': None, 'transferred': 2}


def test_an_evaluator_that_fails_is_named(study, tmp_path):
    (tmp_path / 'scratch' / '1').mkdir(parents=True)
    shutil.copy(study / 'scratch_1' / '1' / 'checkpoint.pt', tmp_path / 'scratch' / '1')
    (tmp_path / 'study.json').write_text(json.dumps({'steps': [1], 'runs': ['scratch']}))
    with pytest.raises(RuntimeError, match='no such task'):
        evaluate(tmp_path, f"{sys.executable} -c 'import sys; sys.exit(\"no such task\")'", workers=1, wait=0.0)
