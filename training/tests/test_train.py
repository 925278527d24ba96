import json

import pytest
import torch

from training.checkpoint import TrainedModel
from training.dataset import load_demonstrations
from training.train import Trainer, schedule, world_loss


def test_a_run_lowers_the_loss_and_leaves_a_log_and_a_checkpoint(run):
    out, trained = run
    entries = [json.loads(line) for line in (out / 'log.jsonl').read_text().splitlines()]
    assert [entry['step'] for entry in entries] == [10, 20]
    assert entries[1]['validation']['action_loss'] < entries[0]['validation']['action_loss']
    assert trained.record['steps'] == 20 and trained.record['data'][0]['seed'] == 0
    loaded = TrainedModel.load(out / 'checkpoint.pt')
    assert loaded.config == trained.config and loaded.record == trained.record
    assert loaded.tokenizer.to_str() == trained.tokenizer.to_str()
    assert torch.equal(loaded.model.action_std, trained.model.action_std)
    for saved, kept in zip(loaded.model.parameters(), trained.model.parameters(), strict=True):
        torch.testing.assert_close(saved, kept, rtol=1e-3, atol=1e-4)


def test_the_same_seed_gives_the_same_loss(tiny, demonstrations):
    data = load_demonstrations([demonstrations], tiny.model)
    losses = [Trainer(tiny, data, torch.device('cpu')).advance(0.5)[0].item() for _ in range(2)]
    assert losses[0] == losses[1]


def test_normalised_labels_have_unit_spread(tiny, demonstrations):
    trainer = Trainer(tiny, load_demonstrations([demonstrations], tiny.model), torch.device('cpu'))
    plan = trainer.data.plan[trainer.train_frames]
    normalised = (plan - trainer.model.action_mean) / trainer.model.action_std
    torch.testing.assert_close(normalised[..., :3].std(dim=0), torch.ones(10, 3))
    assert normalised.isfinite().all()


def test_schedule_warms_up_and_ends_at_zero():
    assert schedule(0.0, 0.1) == 0.0 and schedule(0.05, 0.1) == 0.5
    assert schedule(0.1, 0.1) == 1.0 and schedule(1.0, 0.1) == pytest.approx(0.0)


def test_world_loss_is_least_at_the_true_spread():
    torch.manual_seed(0)
    truth, scale = 0.01 * torch.randn(20000, 1, 3), torch.tensor(0.1)
    log_std = torch.linspace(-6, -3, 61).requires_grad_()
    gradients = []
    for value in log_std:
        guess = torch.cat([torch.zeros(20000, 1, 3), value.expand(20000, 1, 1)], dim=-1)
        gradients.append(torch.autograd.grad(world_loss(guess, truth, scale), value)[0])
    best = log_std[torch.stack(gradients).abs().argmin()]
    torch.testing.assert_close(best.exp().detach(), torch.tensor(0.01), rtol=0.05, atol=0)
