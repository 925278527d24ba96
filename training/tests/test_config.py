import pytest
import torch

from training.config import Config, load_config
from training.model import CosmosTransformer
from training.tests.conftest import CONFIGS

ARTICLE = {'super': 70e9, 'nano': 14e9, 'edge': 3e9}
"""Parameters of the article's three sizes."""


@pytest.mark.parametrize('path', sorted(CONFIGS.glob('*.yaml')), ids=lambda path: path.stem)
def test_shipped_configurations_load_and_round_trip(path):
    config = load_config(path)
    assert config.id == f'cosmos3_{path.stem.removeprefix("cosmos3_")}'
    assert Config.from_dict(config.to_dict()) == config


@pytest.mark.parametrize('name', ARTICLE)
def test_the_articles_sizes(name):
    config = load_config(CONFIGS / f'cosmos3_{name}.yaml')
    with torch.device('meta'):
        model = CosmosTransformer(config.model, config.video)
    count = sum(p.numel() for p in model.parameters())
    assert abs(count / ARTICLE[name] - 1) <= 0.05


def test_faults_name_the_key_and_what_is_allowed():
    with pytest.raises(ValueError, match=r'training\.stepz: unknown key; allowed are seed, steps'):
        Config.from_dict({'training': {'stepz': 3}})
    with pytest.raises(ValueError, match=r"model\.width: '192' is a str, not a int"):
        Config.from_dict({'model': {'width': '192'}})
    with pytest.raises(ValueError, match=r'model\.width: 100 must be a multiple of 4 · heads'):
        Config.from_dict({'model': {'width': 100}})
    with pytest.raises(ValueError, match=r'model\.future_steps: .* reach beyond the horizon of 10'):
        Config.from_dict({'model': {'future_steps': [1, 12]}})
