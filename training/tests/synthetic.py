"""Random episodes in the demonstrations' format: a red and a blue square above a grey wall, a hand that goes to one."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HEIGHT, WIDTH, HORIZON = 48, 64, 10
INSTRUCTIONS = ['Pick up the red square.', 'pick up the blue square']
COLOURS = [(220, 30, 30), (30, 30, 220)]
CAMERA = np.array(
    # fx, fy, cx, cy; then looking along base_link's x from 0.3 m up: right is −y, down is −z.
    [55.0, 55.0, 32.0, 24.0] + [0, 0, 1, 0.1] + [-1, 0, 0, 0.0] + [0, -1, 0, 0.3],
    dtype=np.float32,
)


def write_demonstrations(directory: Path, episodes: int, frames: int = 12, seed: int = 0) -> Path:
    """Writes a data set of `episodes` · `frames` rows and returns its directory."""
    random = np.random.default_rng(seed)
    (directory / 'data' / 'chunk-000').mkdir(parents=True)
    (directory / 'meta').mkdir()
    for episode in range(episodes):
        table = pa.table(_episode(random, frames, task=episode % 2))
        pq.write_table(table, directory / 'data' / 'chunk-000' / f'episode_{episode:06d}.parquet')
    tasks = [{'task_index': index, 'task': text} for index, text in enumerate(INSTRUCTIONS)]
    (directory / 'meta' / 'tasks.jsonl').write_text('\n'.join(json.dumps(task) for task in tasks) + '\n')
    info = {'codebase_version': 'v2.1', 'total_frames': episodes * frames, 'seed': seed}
    (directory / 'meta' / 'info.json').write_text(json.dumps(info))
    return directory


def _episode(random: np.random.Generator, frames: int, task: int) -> dict[str, pa.Array]:
    squares = random.uniform([0.8, -0.3, 0.1], [1.0, 0.3, 0.5], (2, 3))
    receptacle = random.uniform([0.9, -0.3, 0.0], [1.0, 0.3, 0.1])
    hand = random.uniform([0.3, -0.2, 0.2], [0.5, 0.2, 0.4])
    colour, depth = _draw(squares)
    states, plans = [], []
    for _ in range(frames):
        rotation = [1, 0, 0, 0, 1, 0]
        states.append(np.concatenate([hand, rotation, hand, rotation, [0, 0], random.normal(0, 0.1, 7)]))
        steps = np.arange(1, HORIZON + 1)[:, None] / HORIZON
        plan = np.zeros((HORIZON, 7))
        plan[:, :3] = steps * 0.3 * (squares[task] - hand)
        plan[:, 6] = np.linalg.norm(squares[task] - hand) < 0.2
        plans.append(plan.ravel())
        hand = hand + 0.1 * (squares[task] - hand) + random.normal(0, 0.005, 3)
    index = np.arange(frames)
    return {
        'observation.state': _lists(np.array(states)),
        'action': _lists(np.array(plans)[:, :7]),
        'action_plan': _lists(np.array(plans)),
        'observation.objects': _lists(np.tile(np.concatenate([squares[task], receptacle]), (frames, 1))),
        'observation.camera': _lists(np.tile(CAMERA, (frames, 1))),
        'observation.images.head_rgb': pa.array([colour.tobytes()] * frames, pa.binary()),
        'observation.images.head_depth': pa.array([depth.tobytes()] * frames, pa.binary()),
        'timestamp': pa.array(0.1 * index, pa.float32()),
        'frame_index': pa.array(index, pa.int64()),
        'task_index': pa.array([task] * frames, pa.int64()),
    }


def _draw(squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colour [48, 64, 3] u8 and depth [48, 64] u16 in 0.1 mm; the top row has no depth."""
    colour = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    depth = np.full((HEIGHT, WIDTH), 15000, '<u2')
    depth[0] = 0
    for centre, shade in zip(squares, COLOURS, strict=True):
        z, x, y = centre[0] - 0.1, -centre[1], 0.3 - centre[2]
        u, v = int(CAMERA[0] * x / z + CAMERA[2]), int(CAMERA[1] * y / z + CAMERA[3])
        box = (slice(max(v - 3, 0), max(v + 3, 0)), slice(max(u - 3, 0), max(u + 3, 0)))
        colour[box], depth[box] = shade, round(z * 1e4)
    return colour, depth


def _lists(values: np.ndarray) -> pa.Array:
    return pa.array(list(values.astype(np.float32)), pa.list_(pa.float32()))
