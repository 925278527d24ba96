"""Random episodes in the demonstrations' format: the fixture's table with two cups, a hand that goes to one of them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HORIZON = 10
FIXTURES = Path(__file__).parent / 'fixtures'
INSTRUCTIONS = ['Pick up the red cup.', 'pick up the blue cup']
TARGETS = ['red_cup', 'blue_cup']
SCENE = json.loads((FIXTURES / 'scene.json').read_text())
BODIES = [body['name'] for body in SCENE['bodies']]
ABSENT = 'yellow_ball'


def write_demonstrations(directory: Path, episodes: int, frames: int = 12, seed: int = 0) -> Path:
    """Writes a data set of `episodes` · `frames` rows and returns its directory; the last episode is a failure."""
    random = np.random.default_rng(seed)
    (directory / 'data' / 'chunk-000').mkdir(parents=True)
    (directory / 'meta').mkdir()
    shutil.copy(FIXTURES / 'scene.json', directory / 'meta' / 'scene.json')
    rows = pq.read_table(FIXTURES / 'robot.parquet')
    for episode in range(episodes):
        table = pa.table(_episode(random, rows, frames, task=episode % 2, arm=episode // 2 % 2))
        pq.write_table(table, directory / 'data' / 'chunk-000' / f'episode_{episode:06d}.parquet')
    tasks = [{'task_index': index, 'task': text} for index, text in enumerate(INSTRUCTIONS)]
    _write_lines(directory / 'meta' / 'tasks.jsonl', tasks)
    _write_lines(
        directory / 'meta' / 'episodes.jsonl',
        [{'episode_index': e, 'length': frames, 'success': e < episodes - 1} for e in range(episodes)],
    )
    info = {'codebase_version': 'v2.1', 'total_frames': episodes * frames, 'seed': seed}
    (directory / 'meta' / 'info.json').write_text(json.dumps(info))
    return directory


def _episode(random: np.random.Generator, rows: pa.Table, frames: int, task: int, arm: int) -> dict[str, pa.Array]:
    index = np.arange(frames)
    base = np.array([0, 0, 0.86, 0, 0, 0, 1.0])
    bodies = np.array(rows['bodies'][0].as_py()).reshape(-1, 7)
    for name in TARGETS:
        bodies[BODIES.index(name), :2] = random.uniform([0.35, -0.25], [0.6, 0.25])
    bodies[BODIES.index(ABSENT), 2] = -5.0
    joints = np.array(rows['joints'][0].as_py()) + random.normal(0, 0.02, (frames, 75))
    target = bodies[BODIES.index(TARGETS[task]), :3] - base[:3]
    receptacle = bodies[BODIES.index('bin'), :3] - base[:3]
    hands = random.uniform([0.3, -0.3, 0.0], [0.4, -0.1, 0.2], (2, 3)) * [[1, 1, 1], [1, -1, 1]]
    states, plans = [], []
    for _ in range(frames):
        states.append(np.concatenate([_arm_state(random, hand) for hand in hands]))
        plan = np.zeros((HORIZON, 7))
        plan[:, :3] = np.arange(1, HORIZON + 1)[:, None] / HORIZON * 0.3 * (target - hands[arm])
        plan[:, 6] = np.linalg.norm(target - hands[arm]) < 0.1
        plans.append(plan.ravel())
        hands[arm] += 0.1 * (target - hands[arm]) + random.normal(0, 0.003, 3)
    quantities = np.full((frames, 16), np.nan)
    quantities[:, 0], quantities[:, 8] = 9.81, 0.2
    quantities[:, 13] = np.linalg.norm(target - hands[arm]) + 0.01 * index
    present = np.ones((frames, len(BODIES)))
    present[:, BODIES.index(ABSENT)] = 0
    return {
        'observation.state': _lists(np.array(states)),
        'action': _lists(np.concatenate([np.array(plans)[:, :7], np.full((frames, 1), arm)], axis=1)),
        'action_plan': _lists(np.array(plans)),
        'arm': pa.array([arm] * frames, pa.int64()),
        'sim.joints': _lists(joints),
        'sim.base': _lists(np.tile(base, (frames, 1))),
        'sim.bodies': _lists(np.tile(bodies.ravel(), (frames, 1))),
        'observation.objects': _lists(np.tile(np.concatenate([target, receptacle]), (frames, 1))),
        'labels.quantities': _lists(quantities),
        'labels.present': _lists(present),
        'timestamp': pa.array(0.1 * index, pa.float32()),
        'frame_index': pa.array(index, pa.int64()),
        'task_index': pa.array([task] * frames, pa.int64()),
    }


def _arm_state(random: np.random.Generator, hand: np.ndarray) -> np.ndarray:
    rotation = [1, 0, 0, 0, 1, 0]
    return np.concatenate([hand, rotation, hand, rotation, [0, 0], random.normal(0, 0.1, 7)])


def _lists(values: np.ndarray) -> pa.Array:
    return pa.array(list(values.astype(np.float32)), pa.list_(pa.float32()))


def _write_lines(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text(''.join(json.dumps(row) + '\n' for row in rows))
