import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from training.config import ModelConfig
from training.dataset import load_demonstrations
from training.tests.synthetic import CAMERA, INSTRUCTIONS, write_demonstrations

SHAPE = ModelConfig()


def test_reads_all_frames_in_order(demonstrations):
    data = load_demonstrations([demonstrations], SHAPE)
    assert data.colour.shape == (72, 48, 64, 3) and data.colour.dtype == torch.uint8
    assert data.plan.shape == (72, 10, 7) and data.objects.shape == (72, 2, 3)
    assert data.depth[0, 0].eq(0).all() and data.depth[0, 1, 0] == 15000
    assert torch.equal(data.camera[0], torch.from_numpy(CAMERA))
    assert data.start.tolist() == [12 * (frame // 12) for frame in range(72)]
    assert data.instructions == INSTRUCTIONS and data.task[:24:12].tolist() == [0, 1]
    assert data.sources == [{'name': 'squares', 'episodes': 6, 'total_frames': 72, 'seed': 0}]


def test_joins_directories_and_shares_their_instructions(demonstrations, tmp_path):
    other = write_demonstrations(tmp_path / 'more', episodes=1, frames=3, seed=1)
    data = load_demonstrations([demonstrations, other], SHAPE)
    assert len(data.task) == 75 and data.instructions == INSTRUCTIONS and data.start[-1] == 72


def test_history_repeats_an_episodes_first_frame(demonstrations):
    data = load_demonstrations([demonstrations], SHAPE)
    batch = data.batch(torch.tensor([13, 20]), history=3)
    assert torch.equal(batch.colour[0], data.colour[[12, 12, 13]])
    assert torch.equal(batch.depth[1], data.depth[[18, 19, 20]])
    assert torch.equal(batch.state, data.state[[13, 20]])


def test_holds_out_whole_episodes(demonstrations):
    data = load_demonstrations([demonstrations], SHAPE)
    train, validation = data.split(2, seed=3)
    assert len(train) == 48 and len(validation) == 24
    assert not set(data.episode[train].tolist()) & set(data.episode[validation].tolist())
    with pytest.raises(ValueError, match='leaves no data'):
        data.split(6, seed=3)


def test_faults_name_the_file_and_the_column(tmp_path):
    with pytest.raises(FileNotFoundError, match='npm run demos'):
        load_demonstrations([tmp_path], SHAPE)
    path = write_demonstrations(tmp_path / 'bad', episodes=1) / 'data/chunk-000/episode_000000.parquet'
    table = pq.read_table(path)
    pq.write_table(table.drop_columns('observation.camera'), path)
    with pytest.raises(ValueError, match=r'000000\.parquet: no column observation\.camera'):
        load_demonstrations([tmp_path / 'bad'], SHAPE)
    column = table.column_names.index('observation.images.head_depth')
    pq.write_table(table.set_column(column, 'observation.images.head_depth', pa.array([b'x'] * len(table))), path)
    with pytest.raises(ValueError, match='head_depth must hold 6144 bytes a row'):
        load_demonstrations([tmp_path / 'bad'], SHAPE)
