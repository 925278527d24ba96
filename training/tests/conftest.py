from pathlib import Path

import pytest
import torch

from training.checkpoint import TrainedModel
from training.config import Config, load_config
from training.tests.synthetic import write_demonstrations
from training.train import train

CONFIGS = Path(__file__).parents[1] / 'configs'


@pytest.fixture(scope='session')
def tiny() -> Config:
    return load_config(CONFIGS / 'tiny.yaml')


@pytest.fixture(scope='session')
def demonstrations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demonstrations(tmp_path_factory.mktemp('data') / 'squares', episodes=6)


@pytest.fixture(scope='session')
def run(tiny: Config, demonstrations: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainedModel]:
    """A run of 20 steps: its output directory and its result."""
    out = tmp_path_factory.mktemp('run')
    return out, train(tiny, [demonstrations], out, torch.device('cpu'))
