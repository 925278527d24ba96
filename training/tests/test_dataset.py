import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from training.config import ModelConfig
from training.dataset import load_demonstrations, relative_motion, rotation_vector
from training.kinematics import pose_matrix
from training.tests.synthetic import BODIES, INSTRUCTIONS, write_demonstrations

SHAPE = ModelConfig()


def test_reads_all_frames_in_order(data):
    assert data.joints.shape == (32, 75) and data.bodies.shape == (32, len(BODIES), 7)
    assert data.plan.shape == (32, 10, 7) and data.objects.shape == (32, 2, 3)
    assert data.start.tolist() == [8 * (frame // 8) for frame in range(32)]
    assert data.end.tolist() == [8 * (frame // 8) + 7 for frame in range(32)]
    assert data.instructions == INSTRUCTIONS and data.task[:16:8].tolist() == [0, 1]
    assert data.arm[::8].tolist() == [0, 0, 1, 1] and data.success[::8].tolist() == [1, 1, 1, 0]
    assert data.quantities.isnan().any() and data.quantities[:, 0].eq(9.81).all()
    assert data.sources == [{'name': 'cups', 'episodes': 4, 'successes': 3, 'total_frames': 32, 'seed': 0}]


def test_joins_directories_and_shares_instructions_and_scenes(demonstrations, tmp_path):
    other = write_demonstrations(tmp_path / 'more', episodes=1, frames=3, seed=1)
    data = load_demonstrations([demonstrations, other], SHAPE)
    assert len(data.task) == 35 and data.instructions == INSTRUCTIONS and data.start[-1] == 32
    assert len(data.scenes) == 1 and not data.scene.any()


def test_history_is_spaced_in_time_and_stops_at_the_start(data):
    indices = torch.tensor([9, 15])
    assert data.history(indices, SHAPE, None).tolist() == [[8, 9], [12, 15]]
    assert data.later(indices, torch.tensor([1, 10])).tolist() == [[10, 15], [15, 15]]


def test_disturbed_history_stays_near(data):
    from training.config import AugmentationConfig

    indices = torch.full((2000,), 31)
    shown = data.history(indices, SHAPE, AugmentationConfig(late_image=0.3, jitter=0.3, dropped=0.1))
    back = 31 - shown
    assert set(back[:, 1].tolist()) == {0, 1} and set((back[:, 0] - back[:, 1]).tolist()) == {0, 2, 3, 4}


def test_holds_out_whole_episodes(data):
    train, validation = data.split(2, seed=3)
    assert len(train) == 16 and len(validation) == 16
    assert not set(data.episode[train].tolist()) & set(data.episode[validation].tolist())
    with pytest.raises(ValueError, match='leaves no data'):
        data.split(4, seed=3)


def test_executed_motion_is_that_of_the_chosen_arm():
    random = torch.Generator().manual_seed(0)
    turn = torch.tensor([[0.0, 0.0, 0.3], [0.1, -0.4, 0.2]])
    half = 0.5 * turn.norm(dim=1, keepdim=True)
    quaternion = torch.cat([turn / (2 * half) * half.sin(), half.cos()], dim=1)
    rotation = pose_matrix(torch.cat([torch.zeros(2, 3), quaternion], dim=1))[:, :, :3]
    torch.testing.assert_close(rotation_vector(rotation), turn)
    now, later = torch.randn(2, 54, generator=random), torch.randn(2, 1, 54, generator=random)
    for arm in (0, 1):
        own = slice(27 * arm, 27 * arm + 27)
        now[arm, own][3:9] = torch.tensor([1.0, 0, 0, 0, 1, 0])
        later[arm, 0, own][3:9] = rotation[arm, :, :2].t().flatten()
    motion = relative_motion(now, later, torch.tensor([0.0, 1.0]))[:, 0]
    torch.testing.assert_close(motion[:, 3:6], turn)
    torch.testing.assert_close(motion[0, :3], later[0, 0, :3] - now[0, :3])
    torch.testing.assert_close(motion[1, :3], later[1, 0, 27:30] - now[1, 27:30])
    torch.testing.assert_close(motion[:, 6], torch.stack([later[0, 0, 18], later[1, 0, 45]]))


def test_an_episode_ends_where_an_object_rolls_away(tmp_path, tiny):
    directory = write_demonstrations(tmp_path / 'rolling', episodes=1, frames=8)
    path = next(directory.glob('data/*/*.parquet'))
    table = pq.read_table(path)
    bodies = np.array(table['sim.bodies'].to_pylist())
    body = 7 * BODIES.index('red_cup')
    bodies[5:, body] = 4.0
    column = pa.array(list(bodies.astype(np.float32)), pa.list_(pa.float32()))
    pq.write_table(table.set_column(table.column_names.index('sim.bodies'), 'sim.bodies', column), path)
    data = load_demonstrations([directory], tiny.model)
    assert len(data.task) == 5 and data.end.tolist() == [4] * 5


def test_faults_name_the_file_and_the_column(tmp_path):
    with pytest.raises(FileNotFoundError, match='npm run demos'):
        load_demonstrations([tmp_path], SHAPE)
    path = write_demonstrations(tmp_path / 'bad', episodes=1) / 'data/chunk-000/episode_000000.parquet'
    table = pq.read_table(path)
    pq.write_table(table.drop_columns('sim.base'), path)
    with pytest.raises(ValueError, match=r'000000\.parquet: no column sim\.base'):
        load_demonstrations([tmp_path / 'bad'], SHAPE)
    column = table.column_names.index('sim.joints')
    short = pa.array([row[:74] for row in table['sim.joints'].to_pylist()], pa.list_(pa.float32()))
    pq.write_table(table.set_column(column, 'sim.joints', short), path)
    with pytest.raises(ValueError, match='sim.joints must hold 75 finite numbers a row'):
        load_demonstrations([tmp_path / 'bad'], SHAPE)


def test_failures_teach_in_turns_only_until_the_target_is_lost(tmp_path):
    alone = write_demonstrations(tmp_path / 'alone', episodes=2, frames=30)
    turns = write_demonstrations(tmp_path / 'turns', episodes=2, frames=30)
    info = json.loads((turns / 'meta' / 'info.json').read_text())
    (turns / 'meta' / 'info.json').write_text(json.dumps(info | {'policy': 'cosmos3_micro'}))
    for directory in (alone, turns):
        path = directory / 'data' / 'chunk-000' / 'episode_000001.parquet'
        table = pq.read_table(path)
        objects = np.stack(table['observation.objects'].to_numpy())
        objects[12:, 2] = -0.8
        column = pa.array(objects.tolist(), table['observation.objects'].type)
        position = table.column_names.index('observation.objects')
        pq.write_table(table.set_column(position, 'observation.objects', column), path)
    data = load_demonstrations([alone, turns], SHAPE)
    # The frames of a second afterwards show what is there.
    assert torch.bincount(data.episode).tolist() == [30, 22, 30, 22]
    assert data.teaches.tolist() == [1.0] * 30 + [0.0] * 22 + [1.0] * 30 + [1.0] * 12 + [0.0] * 10


def test_where_another_acts_the_subgoal_is_none(data):
    indices = torch.arange(32)
    labels = data.labels(indices, SHAPE)
    away = (labels.executed[:, -1, :3] - labels.plan[:, -1, :3]).norm(dim=-1)
    assert labels.as_planned.tolist() == (away < 0.04).float().tolist()
    assert 0 < labels.as_planned.sum() < 32
