import hashlib
import json

import numpy as np
import onnx
import onnxruntime
import pytest

from training.export import PARITY, export_model, parity, tiny_model


@pytest.fixture(scope='module')
def exported(run, demonstrations, tmp_path_factory):
    directory = tmp_path_factory.mktemp('model')
    return directory, export_model(run[1], directory, [demonstrations])


def ports(path):
    session = onnxruntime.InferenceSession(path)
    return {p.name: (p.type, p.shape) for p in [*session.get_inputs(), *session.get_outputs()]}


def test_networks_have_the_stated_ports(exported):
    directory, card = exported
    objects = len(card['objects'])
    f, k = 'tensor(float)', 'candidates'
    assert ports(directory / 'encoder.onnx') == {
        'image': (f, ['observations', 2, 6, 48, 64]),
        'proprioception': (f, ['observations', 54]),
        'tokens': ('tensor(int64)', ['observations', 24]),
        'token_mask': (f, ['observations', 24]),
        'latent': (f, ['observations', 100, 16]),
        'objects': (f, ['observations', 2, 4]),
        'arm_logit': (f, ['observations', 1]),
    }
    assert ports(directory / 'decoder.onnx') == {
        'latent': (f, [1, 100, 16]),
        'noisy_actions': (f, [k, 10, 7]),
        'time': (f, [k]),
        'arm': (f, [k]),
        'subgoal': (f, [k, 8]),
        'velocity': (f, [k, 10, 7]),
    }
    world = ports(directory / 'world.onnx')
    assert world['visual_codes'] == (f, [k, 3, 48, 2]) and world['confidence'] == (f, [k])
    assert world['quantities'][1][1:] == [16, 2] and world['slots'][1][1:] == [objects, 9]
    auto = ports(directory / 'autoregressive.onnx')
    assert auto['noise'] == (f, [k, 10, 7, 16]) and auto['action_tokens'][1] == [k, 10, 7]


def test_onnx_runtime_agrees_with_pytorch(exported, run):
    assert parity(run[1], exported[0], seeds=4) <= PARITY


def test_8_bit_networks_run_and_are_near(exported):
    directory, card = exported
    assert set(card['variants']) == {'fp32', 'int8'} and set(card['variants']['int8']) == set(card['variants']['fp32'])
    errors = card['training']['int8_error']
    assert set(errors) == {'encoder', 'decoder', 'autoregressive', 'subgoal', 'world', 'critic'}
    assert max(errors.values()) < 0.5


def test_weights_are_stored_at_half_precision(exported):
    stored = onnx.load(exported[0] / 'decoder.onnx').graph.initializer
    large = [weights for weights in stored if np.prod(weights.dims) >= 256]
    assert large and all(weights.data_type == onnx.TensorProto.FLOAT16 for weights in large)


def test_card_states_the_files_the_shapes_and_the_training(exported, run):
    directory, card = exported
    assert card == json.loads((directory / 'card.json').read_text())
    for name, entry in card['files'].items():
        assert entry['sha256'] == hashlib.sha256((directory / name).read_bytes()).hexdigest()
    assert {name for files in card['variants'].values() for name in files.values()} < set(card['files'])
    assert sum(part['size'] for part in card['proprioception']['layout']) == card['proprioception']['dim'] == 54
    assert np.shape(card['action']['mean']) == np.shape(card['action']['std']) == (10, 7)
    np.testing.assert_allclose(card['action']['std'], run[1].model.action_std, rtol=1e-5)
    assert card['arms'] == ['right', 'left'] and card['history_spacing'] == 0.3
    assert len(card['quantities']) == 16 and card['quantities'][0] == {'name': 'gravity', 'unit': 'm/s^2'}
    assert card['training']['steps'] == 8 and card['training']['seeds'] and card['training']['losses']


def test_only_8_bits_leaves_nothing_unnamed(run, demonstrations, tmp_path):
    card = export_model(run[1], tmp_path, [demonstrations], full=False)
    assert {path.name for path in tmp_path.iterdir()} == {*card['files'], 'card.json'}
    assert set(card['variants']) == {'int8'} and card['variants']['int8']['encoder'] == 'encoder.int8.onnx'


def test_tiny_model_is_small_and_answers(tiny, tmp_path):
    export_model(tiny_model(tiny), tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 1_500_000
    decoder = onnxruntime.InferenceSession(tmp_path / 'decoder.onnx')
    feed = {
        'latent': np.random.default_rng(0).normal(size=(1, 100, 16)).astype(np.float32),
        'noisy_actions': np.zeros((5, 10, 7), np.float32),
        'time': np.zeros(5, np.float32),
        'arm': np.zeros(5, np.float32),
        'subgoal': np.zeros((5, 8), np.float32),
    }
    assert np.abs(decoder.run(None, feed)[0]).max() > 0.01
