"""Demonstrations in the LeRobot v2.1 layout, as tensors that live on the training device.

A directory holds `data/chunk-*/episode_*.parquet` (one row a policy step, 10 Hz), `meta/scene.json`,
`meta/tasks.jsonl` and `meta/episodes.jsonl`. There are no images in it: they are rendered from the states when they
are needed. Columns read: `observation.state` [54] (proprioception of the right arm, then of the left), `action_plan`
[horizon · 7] (the clean plan, relative to the commanded gripper pose), `arm` (0 right, 1 left), `sim.joints` [75],
`sim.base` [7] and `sim.bodies` [7 · bodies] (world poses, xyz and xyzw), `observation.objects` [slots · 3] (m,
base_link), `labels.quantities` [16] (NaN where there is none), `labels.present` [bodies], `frame_index`, `task_index`.
"""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
import torch
from torch import Tensor

from .config import AugmentationConfig, ModelConfig
from .scene import Description

ARM_STATE = 27
"""Numbers of the proprioception that each arm has."""
LIES, FELL = 0.3, -0.3
"""The target is lost where its axis has a smaller z component, or its centre a smaller z in base_link, m."""
GONE = 3.0
"""m from base_link: no task has anything there."""
ASTRAY = 0.04
"""m from the end of a plan: farther away is what was commanded when another one acted, or something was in the way."""
AFTERWARDS = 10
"""Frames of a lost target that are kept."""
RATE = 10.0
"""Rows a second."""


class Frames(NamedTuple):
    """States to render, any leading dimensions."""

    joints: Tensor
    """[…, 75] rad."""
    base: Tensor
    """[…, 7] base_link in the world."""
    bodies: Tensor
    """[…, bodies, 7] in the world."""


class Labels(NamedTuple):
    """What the samples of a minibatch teach, B of them."""

    state: Tensor
    """[B, 54] float32, proprioception (an input)."""
    plan: Tensor
    """[B, horizon, 7] float32."""
    executed: Tensor
    """[B, horizon, 7]: the motion that was commanded afterwards, noise and all, in the same form."""
    subgoal: Tensor
    """[B, 7]: where the commanded hand is `subgoal_steps` later, in the same form."""
    arm: Tensor
    """[B] float32: 0 right, 1 left."""
    objects: Tensor
    """[B, slots, 3] float32."""
    quantities: Tensor
    """[B, 16] float32."""
    present: Tensor
    """[B, bodies] float32, in the order of the scene's bodies."""
    success: Tensor
    """[B] float32: whether the episode succeeded."""
    teaches: Tensor
    """[B] float32: whether the plan is one to learn."""
    as_planned: Tensor
    """[B] float32: whether what was commanded afterwards went where the plan goes, so that the subgoal is one to learn too."""
    task: Tensor
    """[B] int64, index into the instructions."""
    scene: Tensor
    """[B] int64."""


@dataclass(frozen=True)
class Demonstrations:
    """All frames of all episodes, F of them, in order."""

    joints: Tensor
    base: Tensor
    bodies: Tensor
    state: Tensor
    plan: Tensor
    arm: Tensor
    objects: Tensor
    quantities: Tensor
    present: Tensor
    task: Tensor
    scene: Tensor
    success: Tensor
    teaches: Tensor
    episode: Tensor
    """[F] int64."""
    start: Tensor
    end: Tensor
    """[F] int64, index of the first and of the last frame of the frame's episode."""
    instructions: list[str]
    scenes: list[Description]
    names: list[str]
    """Of the episodes: directory and file."""
    sources: list[dict[str, Any]]
    """For each directory its name, episodes, frames, and the seed and what carried the robot, where `meta/info.json` says."""

    def to(self, device: torch.device) -> 'Demonstrations':
        """Moves the tensors to a device."""
        moved = {f.name: getattr(self, f.name).to(device) for f in fields(self) if f.type is Tensor}
        return replace(self, **moved)

    def split(self, validation_episodes: int, seed: int) -> tuple[Tensor, Tensor]:
        """Frame indices for training and for validation; whole episodes are held out.

        Those whose names' hashes are least: an episode that was trained on is never held out when data are added.
        """
        count = len(self.names)
        if not 0 <= validation_episodes < count:
            raise ValueError(f'training.validation_episodes: {validation_episodes} of {count} episodes leaves no data')
        held_out = self._first(validation_episodes, seed)
        return (~held_out).nonzero().squeeze(1), held_out.nonzero().squeeze(1)

    def share(self, share: float, seed: int) -> Tensor:
        """Frame indices of a share 0…1 of the episodes, at least one; a larger share holds all of a smaller one."""
        return self._first(max(1, round(share * len(self.names))), seed).nonzero().squeeze(1)

    def _first(self, count: int, seed: int) -> Tensor:
        """Which frames [F] are of the `count` episodes whose names' hashes are least."""
        order = sorted(
            range(len(self.names)), key=lambda i: hashlib.sha256(f'{seed} {self.names[i]}'.encode()).digest()
        )
        return torch.isin(self.episode, torch.tensor(order[:count], device=self.episode.device, dtype=torch.int64))

    def frames(self, indices: Tensor) -> Frames:
        """The states of frames [B] or [B, T]."""
        return Frames(self.joints[indices], self.base[indices], self.bodies[indices])

    def history(self, indices: Tensor, shape: ModelConfig, strength: AugmentationConfig | None) -> Tensor:
        """The frames [B, T] that an observation at `indices` [B] shows, the newest last, with or without disturbance.

        Before an episode's start its first frame repeats.
        """
        spacing = round(shape.history_spacing * RATE)
        back = spacing * torch.arange(shape.history - 1, -1, -1, device=indices.device).expand(len(indices), -1)
        if strength is not None:
            chance = torch.rand(3, *back.shape, device=indices.device)
            older = (back > 0).long()
            side = 2 * torch.randint(2, back.shape, device=indices.device) - 1
            back = back + older * side * (chance[0] < strength.jitter).long()
            back = torch.where((chance[1] < strength.dropped) & (older > 0), 0, back)
            back = back + (chance[2, :, :1] < strength.late_image).long()
        return torch.maximum(indices.unsqueeze(1) - back, self.start[indices].unsqueeze(1))

    def later(self, indices: Tensor, steps: Tensor) -> Tensor:
        """The frames [B, K] that come `steps` [K] after `indices` [B]; after an episode's end its last frame repeats."""
        return torch.minimum(indices.unsqueeze(1) + steps, self.end[indices].unsqueeze(1))

    def labels(self, indices: Tensor, shape: ModelConfig) -> Labels:
        """The labels of the samples at `indices` [B]."""
        steps = torch.arange(1, shape.horizon + 1, device=indices.device)
        steps = torch.cat([steps, steps.new_tensor([shape.subgoal_steps])])
        arm = self.arm[indices]
        motion = relative_motion(self.state[indices], self.state[self.later(indices, steps)], arm)
        plan = self.plan[indices]
        astray = (motion[:, shape.horizon - 1, :3] - plan[:, -1, :3]).norm(dim=-1)
        return Labels(
            self.state[indices],
            plan,
            motion[:, :-1],
            motion[:, -1],
            arm,
            self.objects[indices],
            self.quantities[indices],
            self.present[indices],
            self.success[indices],
            self.teaches[indices],
            (astray < ASTRAY).float(),
            self.task[indices],
            self.scene[indices],
        )


def relative_motion(now: Tensor, later: Tensor, arm: Tensor) -> Tensor:
    """Actions [B, K, 7] that lead an arm from what was commanded `now` [B, 54] to what was `later` [B, K, 54].

    [p_k − p_0, rotation vector of R_k R_0ᵀ, gripper_k], all in base_link; arm [B], 1 for the left.
    """

    def own(state: Tensor) -> Tensor:
        right, left = state.split(ARM_STATE, dim=-1)
        return torch.where(arm.view(-1, *(1,) * (state.ndim - 1)) > 0.5, left, right)

    here, there = own(now).unsqueeze(1), own(later)
    turn = (rotation_matrix(there[..., 3:9]).unsqueeze(-2) * rotation_matrix(here[..., 3:9]).unsqueeze(-3)).sum(-1)
    return torch.cat([there[..., :3] - here[..., :3], rotation_vector(turn), there[..., 18:19]], dim=-1)


def rotation_matrix(columns: Tensor) -> Tensor:
    """Rotations [..., 3, 3] of their first two columns [..., 6]."""
    x, y = columns[..., :3], columns[..., 3:]
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=-1)


def rotation_vector(rotation: Tensor) -> Tensor:
    """Axis × angle [..., 3] of rotations [..., 3, 3] by less than π.

    The vector of the antisymmetric part is 2 sin θ · axis, the trace 1 + 2 cos θ.
    """
    r = rotation
    twice = torch.stack([r[..., 2, 1] - r[..., 1, 2], r[..., 0, 2] - r[..., 2, 0], r[..., 1, 0] - r[..., 0, 1]], dim=-1)
    sine = 0.5 * twice.norm(dim=-1, keepdim=True)
    cosine = 0.5 * (r.diagonal(dim1=-2, dim2=-1).sum(-1, keepdim=True) - 1.0)
    angle = torch.atan2(sine, cosine)
    return twice * torch.where(sine > 1e-6, 0.5 * angle / sine.clamp(min=1e-6), 0.5)


def load_demonstrations(directories: list[Path], shape: ModelConfig, threads: int = 8) -> Demonstrations:
    """Reads the data sets into memory (2 kB a frame); raises ValueError or FileNotFoundError that names the fault."""
    instructions: list[str] = []
    sources: list[dict[str, Any]] = []
    scenes: list[Description] = []
    episodes: list[dict[str, Tensor]] = []
    names: list[str] = []
    for directory in directories:
        found = sorted(directory.glob('data/chunk-*/episode_*.parquet'))
        if not found:
            raise FileNotFoundError(f'{directory}: no data/chunk-*/episode_*.parquet; make them with `npm run demos`')
        texts = {row['task_index']: row['task'] for row in _read_lines(directory / 'meta' / 'tasks.jsonl')}
        instructions += [text for text in texts.values() if text not in instructions]
        tasks = {index: instructions.index(text) for index, text in texts.items()}
        success = {row['episode_index']: row.get('success', True) for row in _episodes(directory)}
        scene = Description.read(directory / 'meta' / 'scene.json')
        in_turns = 'policy' in _info(directory)
        if (same := [i for i, known in enumerate(scenes) if known.content == scene.content]) == []:
            scenes.append(scene)
        number = same[0] if same else len(scenes) - 1
        bodies = len(scene.bodies)
        with ThreadPoolExecutor(threads) as pool:
            read = list(pool.map(lambda path, t=tasks, b=bodies: _read_episode(path, t, shape, b), found))
        for path, episode in zip(found, read, strict=True):
            rows = len(episode['task'])
            episode['scene'] = torch.full((rows,), number)
            episode['success'] = torch.full((rows,), float(success.get(int(path.stem.split('_')[1]), True)))
        read = [_teaching(episode, in_turns, shape) for episode in read]
        episodes += read
        names += [f'{directory.resolve().name}/{path.stem}' for path in found]
        sources.append(_describe(directory, len(found), sum(success.get(int(p.stem[8:]), True) for p in found)))
    lengths = torch.tensor([len(episode['task']) for episode in episodes])
    most = max(len(scene.bodies) for scene in scenes)
    for episode in episodes:
        missing = most - episode['bodies'].shape[1]
        if missing:
            parked = torch.tensor([0, 0, -5.0, 0, 0, 0, 1]).expand(len(episode['task']), missing, 7)
            episode['bodies'] = torch.cat([episode['bodies'], parked], dim=1)
            episode['present'] = torch.nn.functional.pad(episode['present'], (0, missing))
    joined = {name: torch.cat([e[name] for e in episodes]) for name in episodes[0]}
    start = torch.repeat_interleave(lengths.cumsum(0) - lengths, lengths)
    return Demonstrations(
        **joined,
        episode=torch.repeat_interleave(torch.arange(len(episodes)), lengths),
        start=start,
        end=start + torch.repeat_interleave(lengths, lengths) - 1,
        instructions=instructions,
        scenes=scenes,
        names=names,
        sources=sources,
    )


def _read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding='utf-8').splitlines() if line.strip()]


def _episodes(directory: Path) -> list[dict[str, Any]]:
    path = directory / 'meta' / 'episodes.jsonl'
    return _read_lines(path) if path.exists() else []


def _info(directory: Path) -> dict[str, Any]:
    path = directory / 'meta' / 'info.json'
    return json.loads(path.read_text(encoding='utf-8')) if path.exists() else {}


def _describe(directory: Path, episodes: int, successes: int) -> dict[str, Any]:
    info = _info(directory)
    kept = {key: info[key] for key in ('total_frames', 'seed', 'support') if key in info}
    return {'name': directory.resolve().name, 'episodes': episodes, 'successes': successes, **kept}


def _read_episode(path: Path, tasks: dict[int, int], shape: ModelConfig, bodies: int) -> dict[str, Tensor]:
    vectors = {
        'observation.state': ('state', (shape.proprioception_dim,)),
        'action_plan': ('plan', (shape.horizon, shape.action_dim)),
        'sim.joints': ('joints', (75,)),
        'sim.base': ('base', (7,)),
        'sim.bodies': ('bodies', (bodies, 7)),
        'observation.objects': ('objects', (len(shape.slots), 3)),
        'labels.quantities': ('quantities', (len(shape.quantities),)),
        'labels.present': ('present', (bodies,)),
    }
    numbers = ('arm', 'frame_index', 'task_index')
    missing = {*vectors, *numbers} - set(pq.read_schema(path).names)
    if missing:
        raise ValueError(f'{path}: no column {", ".join(sorted(missing))}')
    table = pq.read_table(path, columns=[*vectors, *numbers])
    rows = len(table)
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    result = {}
    for name, (key, size) in vectors.items():
        values = columns[name].flatten().to_numpy(zero_copy_only=False).astype(np.float32)
        finite = np.isfinite(values).all() or key == 'quantities'
        if values.size != rows * int(np.prod(size)) or not finite:
            raise ValueError(f'{path}: {name} must hold {int(np.prod(size))} finite numbers a row')
        result[key] = torch.from_numpy(values.reshape(rows, *size))
    arm, frame, task = (columns[name].to_numpy() for name in numbers)
    if not np.array_equal(frame, np.arange(rows)):
        raise ValueError(f'{path}: frame_index must count the rows from 0')
    if unknown := set(task.tolist()) - set(tasks):
        raise ValueError(f'{path}: task_index {sorted(unknown)} is not in meta/tasks.jsonl')
    if not np.isin(arm, (0, 1)).all():
        raise ValueError(f'{path}: arm must be 0 (right) or 1 (left)')
    result['arm'] = torch.from_numpy(arm.astype(np.float32))
    result['task'] = torch.tensor([tasks[index] for index in task.tolist()])
    return _within_reach(result)


def _teaching(episode: dict[str, Tensor], in_turns: bool, shape: ModelConfig) -> dict[str, Tensor]:
    """The episode with `teaches` [rows], without what comes long after the target was lost.

    What fails in the expert's hands teaches no plan. Where a policy acted in turns with it (`in_turns`) the expert's plans
    are right nonetheless, and show the ways back that the policy needs, until the target falls.
    """
    if episode['success'][0] > 0.5:
        return episode | {'teaches': torch.ones_like(episode['success'])}
    lies = episode['quantities'][:, shape.quantities.index('upright')] < LIES
    lost = lies | (episode['objects'][:, 0, 2] < FELL)
    first = int(lost.nonzero()[0]) if lost.any() else len(lost)
    teaches = (torch.arange(len(lost)) < first).float() if in_turns else torch.zeros(len(lost))
    return {name: values[: first + AFTERWARDS] for name, values in (episode | {'teaches': teaches}).items()}


def _within_reach(episode: dict[str, Tensor]) -> dict[str, Tensor]:
    """The frames before an object is gone: one that fell and rolls away would outweigh all others in the loss."""
    base = episode['base'][:, None, :3]
    away = (episode['bodies'][..., :3] - base).norm(dim=-1) * (episode['present'] > 0.5)
    gone = (away.amax(dim=1) > GONE).nonzero()
    rows = int(gone[0]) if len(gone) else len(away)
    return {name: values[: max(rows, 1)] for name, values in episode.items()}
