import copy
import json

import pytest
import torch

from training.export import export_model
from training.networks import example_inputs, networks
from training.reload import load_exported, renew


def copy_of(run, tmp_path):
    """The model of a run as a checkpoint would give it back, after so few steps that norms must be told apart."""
    trained = copy.deepcopy(run)
    with torch.no_grad():
        for parameter in (*trained.model.parameters(), *trained.video.parameters()):
            parameter += 0.02 * torch.randn_like(parameter)
    trained.save(tmp_path / 'checkpoint.pt')
    return type(trained).load(tmp_path / 'checkpoint.pt')


def test_full_precision_gives_the_weights_back(run, tiny, tmp_path):
    trained = copy_of(run[1], tmp_path)
    export_model(trained, tmp_path / 'model')
    found = load_exported(tmp_path / 'model', tiny)
    assert found.config.model.bodies == trained.config.model.bodies
    assert found.tokenizer.to_str() == trained.tokenizer.to_str()
    for own, other in ((trained.model, found.model), (trained.video, found.video)):
        for name, value in own.state_dict().items():
            torch.testing.assert_close(other.state_dict()[name], value, rtol=1e-4, atol=1e-5, msg=name)


def test_8_bits_give_back_networks_that_answer_alike(run, tiny, demonstrations, tmp_path):
    trained = copy_of(run[1], tmp_path)
    export_model(trained, tmp_path / 'model', [demonstrations], full=False)
    found = load_exported(tmp_path / 'model', tiny)
    inputs = example_inputs(trained, candidates=2, observations=2)
    # Of actions one after the other the first that differs changes all that follow.
    continuous = [network for network in networks(trained) if network.name != 'autoregressive']
    for own, other in zip(continuous, networks(found, tuple(n.name for n in continuous)), strict=True):
        with torch.no_grad():
            expected, actual = (n.module(*(inputs[name] for name in n.inputs)) for n in (own, other))
        for a, b in zip(*((v if isinstance(v, tuple) else (v,)) for v in (actual, expected)), strict=True):
            assert (a - b).square().mean().sqrt() < 0.1 * b.std(correction=0) + 1e-3, own.name


def test_a_part_begins_anew(run):
    trained = copy.deepcopy(run[1])
    before = copy.deepcopy(trained.model.state_dict())
    renew(trained, 'autoregressive_decoder')
    changed = {name for name, value in trained.model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and all(name.startswith('autoregressive_decoder.') for name in changed)
    assert trained.model.autoregressive_decoder.norm.weight.eq(1.0).all()
    with pytest.raises(ValueError, match='no decoder; its parts are visual_encoder, '):
        renew(trained, 'decoder')


def test_a_network_of_another_size_is_refused(run, tiny, tmp_path):
    trained = copy_of(run[1], tmp_path)
    export_model(trained, tmp_path / 'model')
    card = json.loads((tmp_path / 'model' / 'card.json').read_text())
    card['objects'].append('one_more')
    (tmp_path / 'model' / 'card.json').write_text(json.dumps(card))
    with pytest.raises((ValueError, RuntimeError)):
        load_exported(tmp_path / 'model', tiny)
