from dataclasses import replace

import pytest
import torch

from training.config import LookConfig
from training.looks import random_camera_offset, random_look
from training.studio import Studio, object_vocabulary, slot_of_bodies
from training.tests.synthetic import ABSENT, BODIES


@pytest.fixture(scope='module')
def studio(data, tiny):
    return Studio(data, replace(tiny, model=replace(tiny.model, bodies=object_vocabulary(data))))


def test_batch_shows_the_states_and_labels_them(studio, data):
    indices = torch.tensor([3, 20])
    batch = studio.batch(indices, disturbed=False, futures=1)
    assert batch.colour.shape == (2, 2, 3, 48, 64) and batch.colour.dtype == torch.uint8
    assert batch.depth.shape == (2, 2, 48, 64) and batch.future.shape == (1, 3, 3, 48, 64)
    names = studio.vocabulary
    present = dict(zip(names, batch.present[0].tolist(), strict=True))
    visible = dict(zip(names, batch.visible[0].tolist(), strict=True))
    assert present == {name: float(name != ABSENT) for name in BODIES} and visible[ABSENT] == 0
    assert visible['table'] == visible['bin'] == 1
    target = batch.position[0, names.index('red_cup')]
    torch.testing.assert_close(target, data.objects[3, 0], atol=1e-5, rtol=0)


def test_nothing_random_without_disturbance(studio):
    indices = torch.tensor([5])
    first, second = (studio.batch(indices, disturbed=False, futures=1) for _ in range(2))
    assert torch.equal(first.colour, second.colour) and torch.equal(first.depth, second.depth)


def test_looks_change_colours_and_keep_shapes(studio):
    torch.manual_seed(0)
    indices = torch.tensor([5, 5, 5, 5])
    scene = studio.data.scene[indices]
    look = random_look(studio.scenes, scene, LookConfig(plain=0.0))
    still = torch.eye(3, 4).expand(4, 3, 4)
    colour, depth, _, _ = studio.render(indices.unsqueeze(1), look, still)
    plain, same, _, _ = studio.render(indices.unsqueeze(1), *studio.look(scene, disturbed=False))
    assert torch.equal(depth, same)
    change = (colour.float() - plain.float()).abs().mean(dim=(1, 2, 3, 4))
    assert (change > 3).all() and (change < 80).all() and len(set(change.tolist())) == 4


def test_plain_looks_are_the_simulations(studio):
    scene = torch.zeros(3, dtype=torch.long)
    look, own = random_look(studio.scenes, scene, LookConfig(plain=1.0)), studio.renderer.standard_look(scene)
    torch.testing.assert_close(look.style, own.style)
    torch.testing.assert_close(look.albedo, own.albedo.clamp(min=0.002))
    assert not look.noise[..., 0].any()


def test_camera_offsets_stay_within_their_limits():
    strength = LookConfig()
    offset = random_camera_offset(500, strength, torch.device('cpu'))
    assert offset[:, :, 3].abs().max() <= 0.02
    eye = offset[:, :, :3] @ offset[:, :, :3].transpose(1, 2)
    torch.testing.assert_close(eye, torch.eye(3).expand(500, 3, 3), atol=1e-4, rtol=0)
    angle = ((offset[:, :, :3].diagonal(dim1=1, dim2=2).sum(-1) - 1) / 2).clamp(max=1).acos()
    assert angle.max() <= 3**0.5 * 0.035 + 1e-3 and angle.mean() > 0.02


def test_bodies_outside_the_vocabulary_are_left_out(data):
    slots = slot_of_bodies(data, ('red_cup', 'bin'), 7)[0].tolist()
    assert slots[BODIES.index('bin')] == 1 and slots[BODIES.index('red_cup')] == 0
    assert slots[BODIES.index('table')] == 2 and len(slots) == 7
