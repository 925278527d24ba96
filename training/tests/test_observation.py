import torch

from training.config import AugmentationConfig
from training.observation import build_image, disturb_camera, point_map, shift_image
from training.tests.synthetic import CAMERA


def frame(depth: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    raw = torch.tensor(depth).to(torch.int16)[None, None]
    return torch.full((*raw.shape, 3), 51, dtype=torch.uint8), raw, torch.from_numpy(CAMERA)[None, None]


def test_points_follow_the_pinhole_model_and_the_camera_pose():
    depth = torch.zeros(1, 1, 48, 64)
    depth[0, 0, 30, 40] = 0.8
    points = point_map(depth, torch.from_numpy(CAMERA)[None, None])[0, 0]
    # Optical x right, y down, z forward; the camera looks along base_link's x from (0.1, 0, 0.3).
    expected = torch.tensor([0.1 + 0.8, -(40.5 - 32) / 55 * 0.8, 0.3 - (30.5 - 24) / 55 * 0.8])
    torch.testing.assert_close(points[:, 30, 40], expected)
    assert points.abs().sum(dim=0).nonzero().tolist() == [[30, 40]]


def test_depth_is_unsigned_tenths_of_a_millimetre():
    colour, depth, camera = frame([[10000, 40000, 0]])
    image = build_image(colour, depth, camera)
    assert image.shape == (1, 1, 6, 1, 3)
    torch.testing.assert_close(image[0, 0, 3, 0], torch.tensor([1.1, 4.1, 0.0]))
    torch.testing.assert_close(image[0, 0, :3], torch.full((3, 1, 3), 0.2))


def test_augmentation_is_small_keeps_missing_depth_and_can_be_off():
    torch.manual_seed(0)
    colour, depth, camera = frame([[10000] * 64] * 47 + [[0] * 64])
    plain = build_image(colour, depth, camera)
    image = build_image(colour, depth, camera, AugmentationConfig(shift=0))
    lost = image[0, 0, 3:].abs().sum(dim=0) == 0
    assert lost[-1].all() and lost[:-1].float().mean() < 0.06
    assert (image - plain)[0, 0, 3:, ~lost].abs().max() < 0.03
    assert image[:, :, :3].min() >= 0.0 and image[:, :, :3].max() <= 1.0 and not image.equal(plain)
    off = AugmentationConfig(**dict.fromkeys(AugmentationConfig.__dataclass_fields__, 0))
    torch.testing.assert_close(build_image(colour, depth, camera, off), plain)


def test_a_shift_moves_whole_pixels_and_repeats_the_edge():
    torch.manual_seed(0)
    rows, columns = torch.arange(48.0)[:, None].expand(48, 64), torch.arange(64.0).expand(48, 64)
    image = torch.stack([rows, columns] * 3).expand(200, 2, 6, 48, 64)
    moved = shift_image(image, AugmentationConfig(shift=2))
    down, right = (moved - image)[:, 0, 0, 20, 20], (moved - image)[:, 0, 1, 20, 20]
    assert set(down.tolist()) == set(right.tolist()) == {-2, -1, 0, 1, 2}
    expected = (image[:, 0, 0] + down[:, None, None]).clamp(0, 47)
    assert torch.equal(moved[:, 0, 0], expected) and torch.equal(moved[:, 1, 4], expected)


def test_camera_error_turns_and_shifts_by_the_stated_amount():
    torch.manual_seed(0)
    camera = torch.from_numpy(CAMERA).expand(4000, 2, -1)
    error = AugmentationConfig(camera_rotation=0.01, camera_translation=0.002)
    moved = disturb_camera(camera, error)
    assert torch.equal(moved[:, 0], moved[:, 1]) and torch.equal(moved[..., :4], camera[..., :4])
    change = (moved - camera)[:, 0, 4:].unflatten(1, (3, 4))
    torch.testing.assert_close(change[..., 3].std(), torch.tensor(0.002), rtol=0.05, atol=0)
    # Rᵀ(R' − R) = [w]× is skew-symmetric.
    rotation = camera[0, 0, 4:].unflatten(0, (3, 4))[:, :3]
    skew = rotation.T @ change[..., :3]
    torch.testing.assert_close(skew, -skew.transpose(1, 2))
    torch.testing.assert_close(skew[:, 0, 1].std(), torch.tensor(0.01), rtol=0.05, atol=0)
