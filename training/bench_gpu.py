"""Figures of kinematics and renderer on this machine: `python -m training.bench_gpu [--json FILE]`.

Configurations a second of forward kinematics (all links) and of Jacobians, beside `pytorch-kinematics` where it is
installed; frames a second of the renderer at 64 × 48, plain and with random looks, from joint positions to pictures.
Each is the median of several runs after warming up.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from .config import LookConfig
from .kinematics import URDF, Kinematics
from .looks import random_camera_offset, random_look
from .renderer import Renderer
from .scene import Description, Scenes

FIXTURE = Path(__file__).parent / 'tests' / 'fixtures'
RUNS = 9


def seconds(function: Callable[[], Any], device: torch.device) -> float:
    """Median time of one call."""
    times = []
    for run in range(RUNS + 3):
        _wait(device)
        began = time.perf_counter()
        function()
        _wait(device)
        if run >= 3:
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def _wait(device: torch.device) -> None:
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


def bench_kinematics(device: torch.device, count: int) -> dict[str, float]:
    """Configurations a second."""
    kinematics = Kinematics().to(device)
    joints = 0.5 * torch.randn(count, len(kinematics.joint_names), device=device)
    links = torch.tensor([kinematics.link(name) for name in ('l_gripper', 'r_gripper')], device=device)
    figures = {'kinematics': count / seconds(lambda: kinematics(joints), device)}
    jacobian = torch.compile(kinematics.jacobian) if device.type == 'cuda' else kinematics.jacobian
    figures['kinematics_and_jacobians'] = count / seconds(lambda: jacobian(kinematics(joints), links), device)
    try:
        import pytorch_kinematics
    except ImportError:
        return figures
    chain = pytorch_kinematics.build_chain_from_urdf(URDF.read_text(encoding='utf-8'))
    chain = chain.to(dtype=torch.float32, device=device)
    theirs = joints[:, [kinematics.joint_names.index(name) for name in chain.get_joint_parameter_names()]]
    figures['pytorch_kinematics'] = count / seconds(lambda: chain.forward_kinematics(theirs), device)
    ours = kinematics(joints[:64])
    matrices = chain.forward_kinematics(theirs[:64])
    figures['difference_m'] = max(
        (ours[:, kinematics.link(name), :, 3] - transform.get_matrix()[:, :3, 3]).abs().max().item()
        for name, transform in matrices.items()
    )
    return figures


def bench_renderer(device: torch.device, count: int, scene_file: Path) -> dict[str, float]:
    """Frames a second of the head camera."""
    kinematics = Kinematics().to(device)
    scenes = Scenes([Description.read(scene_file)], kinematics).to(device)
    renderer = Renderer(scenes, kinematics)
    import pyarrow.parquet as pq

    rows = pq.read_table(FIXTURE / 'robot.parquet')

    def column(name: str) -> torch.Tensor:
        values = torch.tensor(rows[name].to_pylist(), dtype=torch.float32, device=device)
        return values[torch.arange(count, device=device) % len(values)]

    joints, base, bodies = column('joints'), column('base'), column('bodies').view(count, -1, 7)
    scene = torch.zeros(count, dtype=torch.long, device=device)
    plain = renderer.standard_look(scene)
    strength = LookConfig()
    look, offset = random_look(scenes, scene, strength), random_camera_offset(count, strength, device)
    figures = {
        'frames': count / seconds(lambda: renderer.render(joints, base, bodies, scene, plain), device),
        'frames_random_looks': count / seconds(lambda: renderer.render(joints, base, bodies, scene, look, offset), device),
    }
    if device.type == 'cuda':
        frames = scenes.frames(kinematics(joints, base), bodies)
        pose = kinematics(joints, base)[:, renderer.link]
        figures['frames_without_kinematics'] = count / seconds(
            lambda: renderer.render_from(frames, scene, pose, plain), device
        )
    return figures


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog='python -m training.bench_gpu', description=__doc__.split(':')[0])
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--configurations', type=int, help='of the robot, at a time (GPU 262144, CPU 1024)')
    parser.add_argument('--frames', type=int, help='at a time (GPU 8192, CPU 16)')
    parser.add_argument('--scene', type=Path, default=FIXTURE / 'scene.json', help='meta/scene.json; its bodies as in the fixture')
    parser.add_argument('--json', type=Path, help='file for the figures')
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    fast = device.type == 'cuda'
    figures = {
        'device': torch.cuda.get_device_name(device) if fast else 'cpu',
        'torch': torch.__version__,
        **bench_kinematics(device, arguments.configurations or (262144 if fast else 1024)),
        **bench_renderer(device, arguments.frames or (8192 if fast else 16), arguments.scene),
    }
    if 'pytorch_kinematics' in figures:
        figures['kinematics_ratio'] = figures['kinematics'] / figures['pytorch_kinematics']
    for name, value in figures.items():
        print(f'{name:28} {value:,.4g}' if isinstance(value, float) else f'{name:28} {value}')
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
