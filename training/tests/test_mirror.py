import torch

from training.dataset import relative_motion, rotation_matrix
from training.mirror import mirror
from training.observation import point_map
from training.studio import Studio

S = torch.diag(torch.tensor([1.0, -1.0, 1.0]))


def batch_of(data, tiny, which):
    torch.manual_seed(0)
    studio = Studio(data, tiny)
    batch = studio.batch(torch.tensor([3, 20]), disturbed=False, futures=2)
    state = batch.labels.state.clone()
    for arm in (0, 27):
        for at in (3, 12):
            turn = torch.linalg.matrix_exp(_skew(torch.randn(2, 3)))
            state[:, arm + at : arm + at + 6] = turn[:, :, :2].transpose(1, 2).flatten(1)
    plan = 0.3 * torch.randn_like(batch.labels.plan)
    batch = batch._replace(labels=batch.labels._replace(state=state, plan=plan))
    return studio, batch, mirror(batch, torch.tensor(which))


def test_points_are_reflected_and_keep_their_colours(data, tiny):
    studio, plain, seen = batch_of(data, tiny, [1.0, 1.0])
    there = point_map(plain.depth, plain.camera, studio.intrinsics)
    mirrored = point_map(seen.depth, seen.camera, studio.intrinsics)
    expected = torch.einsum('ij,btjhw->btihw', S, there)
    torch.testing.assert_close(mirrored.flip(-1), expected, atol=1e-5, rtol=0)
    assert torch.equal(seen.colour.flip(-1), plain.colour) and torch.equal(seen.future.flip(-1), plain.future)


def test_the_other_arm_does_the_same(data, tiny):
    _, plain, seen = batch_of(data, tiny, [1.0, 1.0])
    assert torch.equal(seen.labels.arm, 1.0 - plain.labels.arm)
    for own, other in ((0, 27), (27, 0)):
        old, new = plain.labels.state[:, other : other + 27], seen.labels.state[:, own : own + 27]
        torch.testing.assert_close(new[:, :3], old[:, :3] @ S)
        torch.testing.assert_close(rotation_matrix(new[:, 3:9]), S @ rotation_matrix(old[:, 3:9]) @ S)
        torch.testing.assert_close(rotation_matrix(new[:, 12:18]), S @ rotation_matrix(old[:, 12:18]) @ S)
        assert torch.equal(new[:, 18:20], old[:, 18:20])
    turn = torch.linalg.matrix_exp(_skew(plain.labels.plan[..., 3:6]))
    torch.testing.assert_close(torch.linalg.matrix_exp(_skew(seen.labels.plan[..., 3:6])), S @ turn @ S)
    torch.testing.assert_close(seen.labels.plan[..., :3], plain.labels.plan[..., :3] @ S)


def test_motion_between_mirrored_states_is_the_mirrored_motion(data, tiny):
    _, plain, seen = batch_of(data, tiny, [1.0, 1.0])
    before, after = plain.labels.state[:1], plain.labels.state[1:]
    arm = plain.labels.arm[:1]
    motion = relative_motion(before, after.unsqueeze(1), arm)
    mirrored = relative_motion(seen.labels.state[:1], seen.labels.state[1:].unsqueeze(1), 1.0 - arm)
    expected = motion * torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0])
    torch.testing.assert_close(mirrored, expected, atol=1e-5, rtol=1e-4)


def test_others_stay_and_twice_is_none(data, tiny):
    _, plain, seen = batch_of(data, tiny, [0.0, 1.0])
    assert torch.equal(seen.colour[0], plain.colour[0]) and torch.equal(seen.labels.state[0], plain.labels.state[0])
    again = mirror(seen, torch.tensor([0.0, 1.0]))
    for mirrored, value in zip((again.camera, again.position, *again.labels), (plain.camera, plain.position, *plain.labels), strict=True):
        torch.testing.assert_close(mirrored, value, equal_nan=True)


def _skew(w):
    zero = torch.zeros_like(w[..., 0])
    x, y, z = w.unbind(-1)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).unflatten(-1, (3, 3))
