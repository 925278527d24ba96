from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from training.kinematics import Kinematics, compose
from training.renderer import Renderer
from training.scene import Description, Scenes

FIXTURES = Path(__file__).parent / 'fixtures'
DEVICES = ['cpu', *(['cuda'] if torch.cuda.is_available() else [])]
"""A share of pixels may differ: those at outlines, where single precision decides otherwise."""
SHARE = 0.999


def column(table, name):
    return torch.from_numpy(np.array(table[name].to_pylist(), dtype=np.float64)).float()


def images(table):
    colour = np.stack([np.frombuffer(row.as_py(), np.uint8).reshape(48, 64, 3) for row in table['color']])
    depth = np.stack([np.frombuffer(row.as_py(), np.float32).reshape(48, 64) for row in table['depth']])
    return torch.from_numpy(colour).permute(0, 3, 1, 2), torch.from_numpy(depth)


def check(rendered, expected):
    """Colours are equal within 1 of 255 and depths within 0.1 mm."""
    same = ((rendered[0].cpu().int() - expected[0].int()).abs() <= 1).all(dim=1)
    near = (rendered[1].cpu() - expected[1]).abs() <= 1e-4
    print(f'equal colours {same.float().mean():.6f}, depths {near.float().mean():.6f}')
    assert same.float().mean() >= SHARE and near.float().mean() >= SHARE


def robot_pictures(device):
    """For each camera: the renderer, the states and what the simulation's renderer made of them."""
    table = pq.read_table(FIXTURES / 'robot.parquet')
    kinematics = Kinematics().to(device)
    scenes = Scenes([Description.read(FIXTURES / 'scene.json')], kinematics).to(device)
    for camera in scenes.cameras:
        rows = table.filter([name == camera for name in table['camera'].to_pylist()])
        bodies = column(rows, 'bodies').view(len(rows), -1, 7)
        states = [values.to(device) for values in (column(rows, 'joints'), column(rows, 'base'), bodies)]
        pose = torch.cat([column(rows, 'rotation').view(-1, 3, 3), column(rows, 'position').unsqueeze(-1)], dim=-1)
        yield Renderer(scenes, kinematics, camera), states, pose.to(device), images(rows)


@pytest.mark.parametrize('device', DEVICES)
def test_pictures_of_the_robot_are_the_simulations(device):
    for renderer, (joints, base, bodies), pose, expected in robot_pictures(device):
        scene = torch.zeros(len(joints), dtype=torch.long, device=device)
        torch.testing.assert_close(renderer.kinematics(joints, base)[:, renderer.link], pose, atol=1e-5, rtol=0)
        pictures = renderer.render(joints, base, bodies, scene, renderer.standard_look(scene))
        check((pictures.colour, pictures.depth), expected)


@pytest.mark.parametrize('device', DEVICES)
def test_pictures_of_all_shapes_are_the_simulations(device):
    table = pq.read_table(FIXTURES / 'shapes.parquet')
    kinematics = Kinematics().to(device)
    scenes = Scenes([Description.read(FIXTURES / f'shapes-{seed}.json') for seed in (1, 2)], kinematics).to(device)
    renderer = Renderer(scenes, kinematics, 'eye')
    pose = torch.cat([column(table, 'rotation').view(-1, 3, 3), column(table, 'position').unsqueeze(-1)], dim=-1)
    scene = torch.arange(2, device=device)
    links = torch.eye(3, 4, device=device).expand(2, scenes.link_count, 3, 4)
    frames = scenes.frames(links, torch.zeros(2, scenes.body_count, 7, device=device))
    check(renderer.render_from(frames, scene, pose.to(device), renderer.standard_look(scene)), images(table))


@pytest.mark.parametrize('device', DEVICES)
def test_says_which_body_a_pixel_shows(device):
    renderer, (joints, base, bodies), _, _ = next(robot_pictures(device))
    scene = torch.zeros(len(joints), dtype=torch.long, device=device)
    look = renderer.standard_look(scene)
    pictures = renderer.render(joints, base, bodies, scene, look)
    hidden = bodies.clone()
    cup = renderer.scenes.descriptions[0].bodies.index('red_cup')
    hidden[:, cup, 2] = -5.0
    without = renderer.render(joints, base, hidden, scene, look)
    shown = pictures.body == cup
    assert shown.any() and not (without.body == cup).any()
    changed = (pictures.depth - without.depth).abs() > 1e-6
    assert torch.equal(changed, shown & changed) and (changed == shown).float().mean() > 0.999


@pytest.mark.parametrize('device', DEVICES)
def test_a_moved_camera_sees_from_there(device):
    renderer, (joints, base, bodies), _, _ = next(robot_pictures(device))
    scene = torch.zeros(len(joints), dtype=torch.long, device=device)
    offset = torch.eye(3, 4, device=device).repeat(len(joints), 1, 1)
    offset[:, 2, 3] = -0.05
    pictures = renderer.render(joints, base, bodies, scene, renderer.standard_look(scene), offset)
    links = renderer.kinematics(joints, base)
    pose = compose(links[:, renderer.link], offset)
    frames = renderer.scenes.frames(links, bodies)
    again = renderer.render_from(frames, scene, pose, renderer.standard_look(scene))
    assert torch.equal(pictures.colour, again[0])
    plain = renderer.render(joints, base, bodies, scene, renderer.standard_look(scene))
    assert ((pictures.depth - plain.depth)[plain.depth > 0].median() - 0.05).abs() < 0.005
