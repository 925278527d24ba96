import torch

from training.rearrangement import Rearrangement
from training.studio import Studio
from training.tests.synthetic import ABSENT, BODIES


def test_bodies_stand_where_they_stood_in_some_episode(data):
    torch.manual_seed(0)
    indices = torch.arange(len(data.scene))
    drawn = Rearrangement(data, indices).draw(indices)
    assert drawn.moved.all()
    starts = data.start.unique()
    for name in BODIES:
        body = BODIES.index(name)
        places = {tuple(row) for row in data.bodies[starts, body].tolist()}
        drawn_places = {tuple(row) for row in drawn.bodies[:, body].tolist()}
        assert drawn_places <= places and len(drawn_places) == len(places)
    # The cups change places without each other.
    cups = drawn.bodies[:, [BODIES.index('red_cup'), BODIES.index('blue_cup')], :2].flatten(1)
    assert len(cups.unique(dim=0)) > len(starts)


def test_named_objects_move_with_their_bodies(data):
    indices = torch.tensor([0, 9, 17, 25])
    drawn = Rearrangement(data, indices).draw(indices)
    for row, index in enumerate(indices.tolist()):
        target = 'red_cup' if data.task[index] == 0 else 'blue_cup'
        for slot, name in enumerate((target, 'bin')):
            expected = drawn.bodies[row, BODIES.index(name), :3] - data.base[index, :3]
            torch.testing.assert_close(drawn.objects[row, slot], expected, atol=1e-5, rtol=0)


def test_only_starts_of_the_given_frames_are_shown(data):
    indices = torch.arange(8)
    drawn = Rearrangement(data, indices).draw(torch.arange(len(data.scene)))
    body = BODIES.index('red_cup')
    assert torch.equal(drawn.bodies[:, body].unique(dim=0), data.bodies[:1, body])


def test_bodies_that_hang_together_stay(data):
    scene = data.scenes[0]
    content = {**scene.content, 'bodies': [{**body, 'parent': 'table'} for body in scene.content['bodies']]}
    linked = type(data)(**{**data.__dict__, 'scenes': [type(scene)(scene.path, content)]})
    indices = torch.arange(6)
    drawn = Rearrangement(linked, indices).draw(indices)
    assert not drawn.moved.any()
    assert torch.equal(drawn.bodies, data.bodies[:6]) and torch.equal(drawn.objects, data.objects[:6])


def test_pictures_and_labels_are_of_the_arrangement(data, tiny):
    studio = Studio(data, tiny)
    indices = torch.tensor([0, 1, 2, 12])
    drawn = Rearrangement(data, torch.arange(len(data.scene))).draw(indices[2:])
    plain = studio.batch(indices, disturbed=False, futures=1)
    batch = studio.batch(indices, disturbed=False, futures=1, arrangement=drawn)
    assert batch.moved.tolist() == [0, 0, 1, 1]
    assert torch.equal(batch.colour[:2], plain.colour[:2]) and not torch.equal(batch.colour[2:], plain.colour[2:])
    assert torch.equal(batch.labels.objects[2:], drawn.objects)
    names = studio.vocabulary
    assert not batch.present[:, names.index(ABSENT)].any()
    red = batch.position[2, names.index('red_cup')]
    torch.testing.assert_close(red, drawn.objects[0, 0], atol=1e-5, rtol=0)
