import hashlib
import json

import numpy as np
import onnx
import onnxruntime
import pytest

from training.export import PARITY, export_model, parity, tiny_model


@pytest.fixture(scope='module')
def exported(run, tmp_path_factory):
    directory = tmp_path_factory.mktemp('model')
    return directory, export_model(run[1], directory)


def ports(path):
    session = onnxruntime.InferenceSession(path)
    return {p.name: (p.type, p.shape) for p in [*session.get_inputs(), *session.get_outputs()]}


def test_networks_have_the_stated_ports(exported):
    directory, _ = exported
    assert ports(directory / 'encoder.onnx') == {
        'image': ('tensor(float)', [1, 1, 6, 48, 64]),
        'proprioception': ('tensor(float)', [1, 27]),
        'tokens': ('tensor(int64)', [1, 16]),
        'token_mask': ('tensor(float)', [1, 16]),
        'latent': ('tensor(float)', [1, 51, 16]),
        'objects': ('tensor(float)', [1, 2, 4]),
    }
    assert ports(directory / 'decoder.onnx') == {
        'latent': ('tensor(float)', [1, 51, 16]),
        'noisy_actions': ('tensor(float)', ['candidates', 10, 7]),
        'time': ('tensor(float)', ['candidates']),
        'velocity': ('tensor(float)', ['candidates', 10, 7]),
    }


def test_onnx_runtime_agrees_with_pytorch(exported, run):
    assert parity(run[1].model, exported[0], seeds=8) <= PARITY


def test_weights_are_stored_at_half_precision(exported):
    stored = onnx.load(exported[0] / 'decoder.onnx').graph.initializer
    large = [weights for weights in stored if np.prod(weights.dims) >= 256]
    assert large and all(weights.data_type == onnx.TensorProto.FLOAT16 for weights in large)


def test_card_states_the_files_the_shapes_and_the_training(exported, run):
    directory, card = exported
    assert card == json.loads((directory / 'card.json').read_text())
    for name, entry in card['files'].items():
        assert entry['sha256'] == hashlib.sha256((directory / name).read_bytes()).hexdigest()
    assert sum(part['size'] for part in card['proprioception']['layout']) == card['proprioception']['dim'] == 27
    assert np.shape(card['action']['mean']) == np.shape(card['action']['std']) == (10, 7)
    np.testing.assert_allclose(card['action']['std'], run[1].model.action_std, rtol=1e-5)
    assert card['training']['steps'] == 20 and card['training']['seeds'] and card['training']['losses']


def test_tiny_model_is_small_and_answers(tiny, tmp_path):
    export_model(tiny_model(tiny), tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 300_000
    decoder = onnxruntime.InferenceSession(tmp_path / 'decoder.onnx')
    feed = {
        'latent': np.random.default_rng(0).normal(size=(1, 51, 16)).astype(np.float32),
        'noisy_actions': np.zeros((5, 10, 7), np.float32),
        'time': np.zeros(5, np.float32),
    }
    assert np.abs(decoder.run(None, feed)[0]).max() > 0.01
