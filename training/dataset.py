"""Demonstrations in the LeRobot v2.1 layout, as tensors that live on the training device.

A directory holds `data/chunk-*/episode_*.parquet` (one row a policy step, 10 Hz) and `meta/tasks.jsonl`. Columns read:
`observation.state` [27], `action_plan` [horizon · 7] (the clean plan, relative to the commanded gripper pose),
`observation.objects` [slots · 3] (m, base_link), `observation.camera` [16] (fx, fy, cx, cy in pixels, then the 3×4
transform, row-major, from the optical frame to base_link), `observation.images.head_rgb` (u8, height · width · 3),
`observation.images.head_depth` (u16 little-endian, 0.1 mm, 0 = none), `frame_index`, `task_index`.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from torch import Tensor

from .config import ModelConfig

CAMERA_DIM = 16


class Batch(NamedTuple):
    """Frames of a minibatch; B samples of T frames each, the newest last."""

    colour: Tensor
    """[B, T, height, width, 3] uint8."""
    depth: Tensor
    """[B, T, height, width] the 16 bits of an unsigned number, in an int16."""
    camera: Tensor
    """[B, T, 16] float32."""
    state: Tensor
    """[B, 27] float32, proprioception."""
    plan: Tensor
    """[B, horizon, 7] float32."""
    objects: Tensor
    """[B, slots, 3] float32."""
    task: Tensor
    """[B] int64, index into the instructions."""


@dataclass(frozen=True)
class Demonstrations:
    """All frames of all episodes, F of them, in order."""

    colour: Tensor
    depth: Tensor
    camera: Tensor
    state: Tensor
    plan: Tensor
    objects: Tensor
    task: Tensor
    episode: Tensor
    """[F] int64."""
    start: Tensor
    """[F] int64, index of the first frame of the frame's episode."""
    instructions: list[str]
    sources: list[dict[str, Any]]
    """For each directory its name, episodes, frames, and the seed if its `meta/info.json` states one."""

    def to(self, device: torch.device) -> 'Demonstrations':
        """Moves the tensors to a device."""
        moved = {f.name: getattr(self, f.name).to(device) for f in fields(self) if f.type is Tensor}
        return replace(self, **moved)

    def split(self, validation_episodes: int, seed: int) -> tuple[Tensor, Tensor]:
        """Frame indices for training and for validation; whole episodes are held out."""
        count = int(self.episode[-1]) + 1
        if not 0 <= validation_episodes < count:
            raise ValueError(f'training.validation_episodes: {validation_episodes} of {count} episodes leaves no data')
        order = torch.randperm(count, generator=torch.Generator().manual_seed(seed)).to(self.episode.device)
        held_out = torch.isin(self.episode, order[:validation_episodes])
        return (~held_out).nonzero().squeeze(1), held_out.nonzero().squeeze(1)

    def batch(self, indices: Tensor, history: int) -> Batch:
        """The samples whose newest frames are `indices` [B]; before an episode's start its first frame repeats."""
        back = torch.arange(history - 1, -1, -1, device=indices.device)
        frames = torch.maximum(indices.unsqueeze(1) - back, self.start[indices].unsqueeze(1))
        return Batch(
            self.colour[frames],
            self.depth[frames],
            self.camera[frames],
            self.state[indices],
            self.plan[indices],
            self.objects[indices],
            self.task[indices],
        )


def load_demonstrations(directories: list[Path], shape: ModelConfig, threads: int = 8) -> Demonstrations:
    """Reads the data sets into memory (15 kB a frame); raises ValueError or FileNotFoundError that names the fault."""
    instructions: list[str] = []
    sources: list[dict[str, Any]] = []
    paths: list[Path] = []
    tasks: list[dict[int, int]] = []
    for directory in directories:
        found = sorted(directory.glob('data/chunk-*/episode_*.parquet'))
        if not found:
            raise FileNotFoundError(f'{directory}: no data/chunk-*/episode_*.parquet; make them with `npm run demos`')
        texts = _read_tasks(directory)
        instructions += [text for text in texts.values() if text not in instructions]
        paths += found
        tasks += [{index: instructions.index(text) for index, text in texts.items()}] * len(found)
        sources.append(_describe(directory, len(found)))
    with ThreadPoolExecutor(threads) as pool:
        episodes = list(pool.map(lambda pair: _read_episode(*pair, shape), zip(paths, tasks, strict=True)))
    lengths = torch.tensor([len(episode['task']) for episode in episodes])
    joined = {name: torch.from_numpy(np.concatenate([e[name] for e in episodes])) for name in episodes[0]}
    return Demonstrations(
        **joined,
        episode=torch.repeat_interleave(torch.arange(len(episodes)), lengths),
        start=torch.repeat_interleave(lengths.cumsum(0) - lengths, lengths),
        instructions=instructions,
        sources=sources,
    )


def _read_tasks(directory: Path) -> dict[int, str]:
    lines = (directory / 'meta' / 'tasks.jsonl').read_text(encoding='utf-8').splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return {row['task_index']: row['task'] for row in rows}


def _describe(directory: Path, episodes: int) -> dict[str, Any]:
    path = directory / 'meta' / 'info.json'
    info = json.loads(path.read_text(encoding='utf-8')) if path.exists() else {}
    kept = {key: info[key] for key in ('total_frames', 'seed') if key in info}
    return {'name': directory.resolve().name, 'episodes': episodes, **kept}


def _read_episode(path: Path, tasks: dict[int, int], shape: ModelConfig) -> dict[str, np.ndarray]:
    height, width = shape.image_height, shape.image_width
    slots = len(shape.slots)
    vectors = {
        'observation.state': shape.proprioception_dim,
        'action_plan': shape.horizon * shape.action_dim,
        'observation.objects': slots * 3,
        'observation.camera': CAMERA_DIM,
    }
    blobs = {
        'observation.images.head_rgb': height * width * 3,
        'observation.images.head_depth': height * width * 2,
    }
    missing = {*vectors, *blobs, 'frame_index', 'task_index'} - set(pq.read_schema(path).names)
    if missing:
        raise ValueError(f'{path}: no column {", ".join(sorted(missing))}')
    table = pq.read_table(path, columns=[*vectors, *blobs, 'frame_index', 'task_index'])
    rows = len(table)
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    for name, size in vectors.items():
        values = columns[name].flatten().to_numpy(zero_copy_only=False).astype(np.float32)
        if values.size != rows * size or not np.isfinite(values).all():
            raise ValueError(f'{path}: {name} must hold {size} finite numbers a row')
        columns[name] = values.reshape(rows, size)
    for name, size in blobs.items():
        if columns[name].null_count or not pc.all(pc.equal(pc.binary_length(columns[name]), size)).as_py():
            raise ValueError(f'{path}: {name} must hold {size} bytes a row')
        columns[name] = np.frombuffer(b''.join(columns[name].to_pylist()), dtype=np.uint8)
    if not np.array_equal(columns['frame_index'].to_numpy(), np.arange(rows)):
        raise ValueError(f'{path}: frame_index must count the rows from 0')
    unknown = set(columns['task_index'].to_pylist()) - set(tasks)
    if unknown:
        raise ValueError(f'{path}: task_index {sorted(unknown)} is not in meta/tasks.jsonl')
    return {
        'colour': columns['observation.images.head_rgb'].reshape(rows, height, width, 3),
        'depth': columns['observation.images.head_depth'].view('<i2').reshape(rows, height, width),
        'camera': columns['observation.camera'],
        'state': columns['observation.state'],
        'plan': columns['action_plan'].reshape(rows, shape.horizon, shape.action_dim),
        'objects': columns['observation.objects'].reshape(rows, slots, 3),
        'task': np.array([tasks[index] for index in columns['task_index'].to_pylist()], dtype=np.int64),
    }
