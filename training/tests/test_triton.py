"""The Triton kernels beside PyTorch's arithmetic, in Triton's interpreter, so that no GPU is needed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('triton')
pytestmark = pytest.mark.skipif(
    tuple(int(part) for part in np.__version__.split('.')[:2]) >= (2, 4),
    reason="Triton's interpreter takes arrays of one number for numbers, which NumPy refuses from 2.4 on",
)

PROGRAM = """
import torch
from training.kinematics import Kinematics, identity
from training.renderer_torch import render as render_torch
from training.renderer_triton import render as render_triton
from training.tests.test_renderer import robot_pictures
from training.triton_kinematics import launch_forward

kinematics = Kinematics()
joints = torch.linspace(-0.8, 0.8, 3 * 75).view(3, 75)
launched = launch_forward(kinematics, joints, identity(joints))
torch.testing.assert_close(launched, kinematics.forward_torch(joints, identity(joints)), atol=1e-6, rtol=0)

renderer, (joints, base, bodies), pose, _ = next(robot_pictures('cpu'))
scene = torch.zeros(1, dtype=torch.long)
look = renderer.standard_look(scene)
look.noise[:] = torch.tensor([0.3, 20.0])
look.seed[:] = 7
look.noisy = True
frames = renderer.scenes.frames(kinematics(joints, base), bodies)[:1]
camera = torch.cat([renderer.intrinsics.expand(1, 4), pose[:1].reshape(1, 12)], dim=1)
inputs = (renderer.scenes, frames, scene, camera, renderer.size, look)
(colour, depth, body), expected = render_triton(*inputs), render_torch(*inputs)
assert ((colour.int() - expected[0].int()).abs() <= 1).float().mean() >= 0.999
assert ((depth - expected[1]).abs() <= 1e-4).float().mean() >= 0.999
assert (body == expected[2]).float().mean() >= 0.999
print('equal')
"""


def test_kernels_are_pytorchs_arithmetic():
    environment = os.environ | {'TRITON_INTERPRET': '1', 'CUDA_VISIBLE_DEVICES': ''}
    root = Path(__file__).parents[2]
    command = [sys.executable, '-W', 'ignore', '-c', PROGRAM]
    result = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300)
    assert result.stdout.strip() == 'equal', result.stderr
