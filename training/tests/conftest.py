from pathlib import Path

import pytest
import torch

from training.checkpoint import TrainedModel
from training.config import Config, load_config
from training.dataset import Demonstrations, load_demonstrations
from training.tests.synthetic import write_demonstrations
from training.train import train

CONFIGS = Path(__file__).parents[1] / 'configs'


@pytest.fixture(scope='session', autouse=True)
def few_threads() -> None:
    torch.set_num_threads(2)


@pytest.fixture(scope='session')
def tiny() -> Config:
    return load_config(CONFIGS / 'tiny.yaml')


@pytest.fixture(scope='session')
def demonstrations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demonstrations(tmp_path_factory.mktemp('data') / 'cups', episodes=4, frames=8)


@pytest.fixture(scope='session')
def data(demonstrations: Path, tiny: Config) -> Demonstrations:
    return load_demonstrations([demonstrations], tiny.model)


@pytest.fixture(scope='session')
def run(tiny: Config, demonstrations: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainedModel]:
    """A run of a few steps: its output directory and its result."""
    out = tmp_path_factory.mktemp('run')
    return out, train(tiny, [demonstrations], out)
