import torch

from training.config import ModelConfig
from training.export import example_inputs, tiny_model
from training.model import CosmosTransformer


def test_cosmos3_micro_has_six_million_parameters():
    with torch.device('meta'):
        model = CosmosTransformer(ModelConfig())
    assert 5.5e6 < sum(p.numel() for p in model.parameters()) < 7e6


def test_candidates_are_independent(tiny):
    model = tiny_model(tiny).model
    _, (latent, noisy, time) = example_inputs(model, candidates=3)
    together = model.decode(latent, noisy, time)
    alone = torch.cat([model.decode(latent, noisy[k : k + 1], time[k : k + 1]) for k in range(3)])
    torch.testing.assert_close(together, alone)


def test_rows_in_turn_share_a_latent(tiny):
    model = tiny_model(tiny).model
    latent, noisy, time = torch.randn(2, 51, 16), torch.randn(6, 10, 7), torch.rand(6)
    apart = [model.decode(latent[i : i + 1], noisy[3 * i : 3 * i + 3], time[3 * i : 3 * i + 3]) for i in range(2)]
    torch.testing.assert_close(model.decode(latent, noisy, time), torch.cat(apart))


def test_only_real_tokens_and_points_count(tiny):
    model = tiny_model(tiny).model
    (image, state, tokens, mask), _ = example_inputs(model, candidates=1)
    latent, _ = model.encode(image, state, tokens, mask)
    padded = torch.where(mask > 0, tokens, 5)
    torch.testing.assert_close(model.encode(image, state, padded, mask)[0], latent)
    other, _ = model.encode(image, state, tokens.roll(1, dims=1), mask)
    assert not torch.allclose(other, latent)
    silent, _ = model.encode(image, state, tokens, torch.zeros_like(mask))
    assert silent.isfinite().all()


def test_history_adds_tokens(tiny):
    shape = ModelConfig(width=16, heads=2, encoder_layers=1, decoder_layers=1, history=3)
    model = CosmosTransformer(shape)
    inputs, (latent, _, _) = example_inputs(model, candidates=1)
    assert inputs[0].shape == (1, 3, 6, 48, 64) and latent.shape == (1, 3 * 48 + 1 + 2, 16)
