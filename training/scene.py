"""What the renderer draws: `meta/scene.json` of one or more data sets as tensors."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .kinematics import Kinematics, pose_matrix

TYPES = ('box', 'capsule', 'cylinder', 'sphere', 'ellipsoid', 'plane')
"""Kinds of primitive, in the order in which a scene's are kept."""
BOX, CAPSULE, CYLINDER, SPHERE, ELLIPSOID, PLANE = range(len(TYPES))
FINISHES = ('plain', 'tiles', 'wood')


@dataclass(frozen=True)
class Description:
    """A parsed `meta/scene.json`."""

    path: Path
    content: dict[str, Any]

    @staticmethod
    def read(path: Path) -> 'Description':
        """Reads and checks the file; raises ValueError or FileNotFoundError that names the fault."""
        content = json.loads(path.read_text(encoding='utf-8'))
        if content.get('version') != 1:
            raise ValueError(f'{path}: version {content.get("version")}; this reader knows 1')
        for primitive in content['primitives']:
            if primitive['type'] not in TYPES or primitive['finish'] not in FINISHES:
                raise ValueError(f'{path}: primitive {primitive["type"]}, {primitive["finish"]} is not known')
        return Description(path, content)

    @cached_property
    def bodies(self) -> list[str]:
        """Names, in the order of the column `sim.bodies`."""
        return [body['name'] for body in self.content['bodies']]


class Scenes(nn.Module):
    """S scenes with the robot in each, padded to G primitives and `body_count` bodies.

    A primitive's frame is one of: the robot's links (0 … L − 1), the scene's bodies (L …), the world (last). All
    scenes share cameras, light, materials and tone curve.
    """

    def __init__(self, descriptions: list[Description], kinematics: Kinematics) -> None:
        super().__init__()
        contents = [description.content for description in descriptions]
        for description, content in zip(descriptions, contents, strict=True):
            if content['robot']['joints'] and content['robot']['joints'] != kinematics.joint_names:
                raise ValueError(f'{description.path}: its joints are not those of the URDF, in its order')
            for key in ('cameras', 'style', 'shading', 'textures', 'tone'):
                if content[key] != contents[0][key]:
                    raise ValueError(f'{description.path}: its {key} differ from those of {descriptions[0].path}')
        self.descriptions = descriptions
        self.link_count = len(kinematics.link_names)
        self.body_count = max(len(description.bodies) for description in descriptions)
        self.size = max(len(content['primitives']) for content in contents)
        self.cameras = {camera['name']: camera for camera in contents[0]['cameras']}
        self.constants = {key: contents[0][key] for key in ('style', 'shading', 'textures')}
        rows = [self._rows(description, kinematics) for description in descriptions]
        for name, values in rows[0].items():
            self.register_buffer(name, torch.stack([row[name] for row in rows]), persistent=False)
            assert values.shape == rows[-1][name].shape
        self.register_buffer('style', _style(contents[0]['style']), persistent=False)
        tone = contents[0]['tone']
        self.tone_scale = (tone['steps'] - 1) / tone['white']
        self.tone_white = float(tone['white'])
        table = torch.bucketize(torch.arange(tone['steps']), torch.tensor(tone['rises']), right=True)
        self.register_buffer('tone', table.to(torch.uint8), persistent=False)
        self.register_buffer('wood', wood_texture(contents[0]['textures']['wood']), persistent=False)

    def frames(self, links: Tensor, bodies: Tensor) -> Tensor:
        """All frames [F, L + body_count + 1, 3, 4] of links [F, L, 3, 4] and bodies [F, body_count, 7] in the world."""
        world = torch.eye(3, 4, device=links.device).expand(len(links), 1, 3, 4)
        return torch.cat([links, pose_matrix(bodies.float()), world], dim=1)

    def _rows(self, description: Description, kinematics: Kinematics) -> dict[str, Tensor]:
        """One scene's tensors, its primitives ordered by type."""
        primitives = sorted(description.content['primitives'], key=lambda p: TYPES.index(p['type']))
        world = self.link_count + self.body_count

        def frame(parent: dict[str, str]) -> int:
            if parent['kind'] == 'world':
                return world
            if parent['kind'] == 'link':
                return kinematics.link(parent['name'])
            return self.link_count + description.bodies.index(parent['name'])

        def column(values: list[Any], dtype: torch.dtype = torch.float32, fill: float = 0) -> Tensor:
            tensor = torch.tensor(values, dtype=dtype)
            padding = torch.full((self.size - len(tensor), *tensor.shape[1:]), fill, dtype=dtype)
            return torch.cat([tensor, padding])

        parents = [frame(p['parent']) for p in primitives]
        poses = torch.tensor([p['position'] + p['quaternion'] for p in primitives], dtype=torch.float64)
        types = torch.tensor([TYPES.index(p['type']) for p in primitives])
        colours = torch.tensor([p['color'] for p in primitives])
        return {
            'kind': column(types.tolist(), torch.int32, fill=len(TYPES)),
            'parent': column(parents, torch.int32, fill=world),
            'local': column(pose_matrix(poses).float().tolist()),
            'half_size': column([p['size'] for p in primitives], fill=1.0),
            'albedo': column((colours * colours).tolist()),
            'gloss': column([p['gloss'] for p in primitives]),
            'finish': column([FINISHES.index(p['finish']) for p in primitives], torch.int32),
            'body': column([p - self.link_count if self.link_count <= p < world else -1 for p in parents], torch.int32),
        }


def _style(style: dict[str, Any]) -> Tensor:
    """19 numbers: unit vector to the light; light, sky less ground light, ground, horizon, zenith less horizon; fade."""
    vectors = {key: np.array(value, dtype=np.float64) for key, value in style.items() if key != 'fadeDistance'}
    light = vectors['lightDirection']
    parts = [
        light / np.sqrt((light * light).sum()),
        vectors['light'],
        vectors['skyLight'] - vectors['groundLight'],
        vectors['groundLight'],
        vectors['horizon'],
        vectors['zenith'] - vectors['horizon'],
        [1.0 / style['fadeDistance'] ** 2],
    ]
    return torch.from_numpy(np.concatenate(parts)).float()


def wood_texture(wood: dict[str, Any]) -> Tensor:
    """Brightness [side, side] of planed boards, indexed by column (across the grain) and row."""
    side = wood['side']
    column, row = np.meshgrid(np.arange(side), np.arange(side), indexing='ij')
    plank = column // wood['plank']
    x, y = column / side, row / side
    (bend_x, bend_y), (fibre_x, fibre_y) = wood['bendCells'], wood['fibreCells']
    bend = _smooth_noise(x * bend_x, y * bend_y, wood['bendPeriod'], plank + 1)
    rings = x * wood['rings'] + bend * wood['bend']
    ring = np.abs(2 * (rings - np.floor(rings)) - 1)
    fibre = _smooth_noise(x * fibre_x, y * fibre_y, wood['fibrePeriod'], np.full_like(plank, wood['fibreSeed']))
    joint = np.where(column % wood['plank'] == 0, wood['joint'], 1.0)
    vary = wood['vary']
    shade = wood['base'] + vary * hash_numpy(plank, wood['plankSeed']) + vary * ring + vary * fibre + wood['offset']
    return torch.from_numpy((joint * shade).astype(np.float32))


def hash_numpy(i: np.ndarray, j: np.ndarray | int) -> np.ndarray:
    """Whole numbers to reproducible, evenly spread ones in 0…1, by 32-bit arithmetic."""
    mask = np.uint64(0xFFFFFFFF)
    h = (np.asarray(i).astype(np.int64).astype(np.uint64) * np.uint64(0x27D4EB2D)) & mask
    h = h ^ ((np.asarray(j).astype(np.int64).astype(np.uint64) * np.uint64(0x165667B1)) & mask)
    h = ((h ^ (h >> np.uint64(15))) * np.uint64(0x2C1B3C6D)) & mask
    h = ((h ^ (h >> np.uint64(12))) * np.uint64(0x297A2D39)) & mask
    return (h ^ (h >> np.uint64(15))).astype(np.float64) / 2**32


def _smooth_noise(x: np.ndarray, y: np.ndarray, period: int, seed: np.ndarray) -> np.ndarray:
    """Value noise in 0…1 that repeats every `period` cells in both directions."""
    i, j = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    fx, fy = x - i, y - j
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)

    def at(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return hash_numpy(a % period + seed * 1009, b % period)

    low = at(i, j) + fx * (at(i + 1, j) - at(i, j))
    high = at(i, j + 1) + fx * (at(i + 1, j + 1) - at(i, j + 1))
    return low + fy * (high - low)
