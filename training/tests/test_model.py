import pytest
import torch

from training.config import ModelConfig, VideoConfig, load_config
from training.export import tiny_model
from training.model import CosmosTransformer
from training.networks import example_inputs
from training.objective import gaussian_loss
from training.tests.conftest import CONFIGS


@pytest.fixture(scope='module')
def trained(tiny):
    return tiny_model(tiny)


def decoder_inputs(trained, candidates):
    inputs = example_inputs(trained, candidates)
    return [inputs[name] for name in ('latent', 'noisy_actions', 'time', 'arm', 'subgoal')]


def test_cosmos3_micro_has_twelve_million_parameters():
    config = load_config(CONFIGS / 'cosmos3_micro.yaml')
    with torch.device('meta'):
        model = CosmosTransformer(config.model, config.video)
    assert 10e6 < sum(p.numel() for p in model.parameters()) < 13e6


def test_candidates_are_independent(trained):
    latent, *rest = decoder_inputs(trained, 3)
    together = trained.model.decode(latent, *rest)
    alone = torch.cat([trained.model.decode(latent, *(x[k : k + 1] for x in rest)) for k in range(3)])
    torch.testing.assert_close(together, alone)


def test_rows_in_turn_share_a_latent(trained):
    _, *rest = decoder_inputs(trained, 6)
    latent = torch.randn(2, 100, 16)
    model = trained.model
    apart = [model.decode(latent[i : i + 1], *(x[3 * i : 3 * i + 3] for x in rest)) for i in range(2)]
    torch.testing.assert_close(model.decode(latent, *rest), torch.cat(apart))


def test_arm_and_subgoal_change_the_actions(trained):
    latent, noisy, time, arm, subgoal = decoder_inputs(trained, 2)
    first = trained.model.decode(latent, noisy, time, arm, subgoal)
    assert not torch.allclose(trained.model.decode(latent, noisy, time, 1 - arm, subgoal), first)
    assert not torch.allclose(trained.model.decode(latent, noisy, time, arm, 0 * subgoal), first)


def test_only_real_tokens_and_points_count(trained):
    inputs = example_inputs(trained, 1)
    image, state, tokens, mask = (inputs[name] for name in ('image', 'proprioception', 'tokens', 'token_mask'))
    model = trained.model
    latent = model.encode(image, state, tokens, mask)[0]
    padded = torch.where(mask > 0, tokens, 5)
    torch.testing.assert_close(model.encode(image, state, padded, mask)[0], latent)
    assert not torch.allclose(model.encode(image, state, tokens.roll(1, dims=1), mask)[0], latent)
    assert model.encode(image, state, tokens, torch.zeros_like(mask))[0].isfinite().all()


def test_action_tokens_are_the_nearest_bins(trained):
    model = trained.model
    actions = torch.linspace(-2.9, 2.9, 70).view(1, 10, 7)
    tokens = model.tokenize(actions)
    width = 6.0 / trained.config.model.action_bins
    assert (model.detokenize(tokens) - actions).abs().max() <= width / 2 + 1e-6
    assert model.tokenize(torch.full((1, 10, 7), 9.0)).eq(trained.config.model.action_bins - 1).all()


def test_sampling_token_by_token_agrees_with_teacher_forcing(trained):
    model, inputs = trained.model, example_inputs(trained, 3)
    silent = torch.zeros_like(inputs['noise'])
    _, tokens = model.sample_autoregressively(inputs['latent'], inputs['arm'], silent)
    latent = inputs['latent'].expand(3, -1, -1)
    logits = model.autoregressive_decoder(latent, tokens, inputs['arm'])
    assert torch.equal(logits.argmax(dim=-1), tokens)


def test_autoregression_sees_only_what_came_before(trained):
    model, inputs = trained.model, example_inputs(trained, 1)
    tokens = torch.randint(0, 16, (1, 10, 7))
    changed = tokens.clone()
    changed[0, 4, 3] = (changed[0, 4, 3] + 1) % 16
    before, after = (model.autoregressive_decoder(inputs['latent'], t, inputs['arm']) for t in (tokens, changed))
    same = (before == after).all(dim=-1)[0].flatten()
    assert same[: 4 * 7 + 4].all() and not same[4 * 7 + 4 :].any()


def test_world_says_the_present_without_the_actions(trained):
    model, inputs = trained.model, example_inputs(trained, 2)
    future, quantities, slots, confidence = model.world(inputs['latent'], inputs['actions'], inputs['arm'])
    assert future.shape == (2, 3, 48, 10) and quantities.shape == (1, 16, 2)
    assert slots.shape == (1, 3, 9) and confidence.shape == (2,)
    torch.testing.assert_close(model.confidence(inputs['latent'], inputs['actions'], inputs['arm']), confidence)


def test_history_adds_tokens():
    shape = ModelConfig(width=16, heads=2, encoder_layers=1, decoder_layers=1, history=3)
    model = CosmosTransformer(shape, VideoConfig(width=16))
    latent = model.encode(
        torch.rand(1, 3, 6, 48, 64), torch.zeros(1, 54), torch.zeros(1, 24, dtype=torch.long), torch.ones(1, 24)
    )[0]
    assert latent.shape == (1, 3 * 48 + 4, 16)


def test_gaussian_loss_is_least_at_the_true_deviation():
    torch.manual_seed(0)
    error, scale = 0.01 * torch.randn(20000, 3), torch.tensor(0.1)
    log_std = torch.linspace(-6, -3, 61).requires_grad_()
    gradients = [torch.autograd.grad(gaussian_loss(error, v.expand(20000), scale).mean(), v)[0] for v in log_std]
    best = log_std[torch.stack(gradients).abs().argmin()]
    torch.testing.assert_close(best.exp().detach(), torch.tensor(0.01), rtol=0.05, atol=0)
