import torch

from training.config import AugmentationConfig
from training.observation import build_image, disturb_depth, point_map, quantise_depth

INTRINSICS = torch.tensor([55.0, 55.0, 32.0, 24.0])
# Looking along base_link's x from 0.3 m up: right is −y, down is −z.
CAMERA = torch.tensor([[0, 0, 1, 0.1], [-1, 0, 0, 0.0], [0, -1, 0, 0.3]])


def test_points_follow_the_pinhole_model_and_the_camera_pose():
    depth = torch.zeros(1, 1, 48, 64)
    depth[0, 0, 30, 40] = 0.8
    points = point_map(depth, CAMERA[None, None], INTRINSICS)[0, 0]
    # Optical x right, y down, z forward; the camera looks along base_link's x from (0.1, 0, 0.3).
    expected = torch.tensor([0.1 + 0.8, -(40.5 - 32) / 55 * 0.8, 0.3 - (30.5 - 24) / 55 * 0.8])
    torch.testing.assert_close(points[:, 30, 40], expected)
    points[:, 30, 40] = 0
    assert not points.any()


def test_depth_comes_in_tenths_of_millimetres_up_to_a_limit():
    depth = torch.tensor([0.0, 0.12344, 6.5535, 6.6])
    torch.testing.assert_close(quantise_depth(depth), torch.tensor([0.0, 0.1234, 6.5535, 0.0]))


def test_image_holds_colour_and_points():
    colour = torch.full((1, 1, 3, 48, 64), 51, dtype=torch.uint8)
    image = build_image(colour, torch.ones(1, 1, 48, 64), CAMERA[None, None], INTRINSICS)
    assert image.shape == (1, 1, 6, 48, 64)
    torch.testing.assert_close(image[:, :, :3], torch.full((1, 1, 3, 48, 64), 0.2))
    torch.testing.assert_close(image[0, 0, 3], torch.full((48, 64), 1.1))


def test_disturbed_depth_loses_pixels_but_gains_none():
    torch.manual_seed(0)
    depth = torch.ones(8, 2, 48, 64)
    depth[..., :8] = 0
    out = disturb_depth(depth, AugmentationConfig(depth_noise=0.01, depth_dropout=0.5))
    assert not out[..., :8].any()
    lost = (out[..., 8:] == 0).float().mean(dim=(1, 2, 3))
    assert 0.05 < lost.mean() < 0.45 and lost.max() <= 0.55
    kept = out[out > 0]
    assert 0.001 < kept.std() < 0.01 and (kept.mean() - 1).abs() < 0.001
