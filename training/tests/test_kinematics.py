import numpy as np
import pytest
import torch

from training.kinematics import URDF, Kinematics, compose, invert, pose_matrix

pinocchio = pytest.importorskip('pinocchio')


@pytest.fixture(scope='module')
def reference():
    model = pinocchio.buildModelFromUrdf(str(URDF))
    return model, model.createData()


@pytest.fixture(scope='module')
def kinematics():
    return Kinematics()


def configurations(model, kinematics, count):
    """Joint positions within their limits, in our order and in Pinocchio's."""
    random = np.random.default_rng(0)
    joints = np.zeros((count, len(kinematics.joint_names)))
    theirs = np.zeros((count, model.nq))
    for j, name in enumerate(kinematics.joint_names):
        at = model.joints[model.getJointId(name)].idx_q
        joints[:, j] = theirs[:, at] = random.uniform(model.lowerPositionLimit[at], model.upperPositionLimit[at], count)
    return torch.from_numpy(joints), theirs


def test_poses_are_pinocchios_to_ten_micrometres(reference, kinematics):
    model, data = reference
    joints, theirs = configurations(model, kinematics, 20)
    poses = kinematics(joints)
    assert poses.shape == (20, 114, 3, 4) and poses.dtype == torch.float32
    for i, q in enumerate(theirs):
        pinocchio.framesForwardKinematics(model, data, q)
        for link, name in enumerate(kinematics.link_names):
            expected = data.oMf[model.getFrameId(name)]
            np.testing.assert_allclose(poses[i, link, :, 3], expected.translation, atol=1e-5)
            np.testing.assert_allclose(poses[i, link, :, :3], expected.rotation, atol=1e-5)


def test_jacobians_are_pinocchios(reference, kinematics):
    model, data = reference
    joints, theirs = configurations(model, kinematics, 5)
    names = ['r_gripper', 'l_gripper', 'head_camera_optical_frame']
    links = torch.tensor([kinematics.link(name) for name in names])
    jacobians = kinematics.jacobian(kinematics(joints), links)
    order = [model.joints[model.getJointId(name)].idx_v for name in kinematics.joint_names]
    for i, q in enumerate(theirs):
        for k, name in enumerate(names):
            frame = model.getFrameId(name)
            expected = pinocchio.computeFrameJacobian(model, data, q, frame, pinocchio.LOCAL_WORLD_ALIGNED)[:, order]
            np.testing.assert_allclose(jacobians[i, k], expected, atol=2e-5)


def test_autocast_costs_no_precision(kinematics):
    joints = torch.linspace(-1, 1, 75).expand(2, 75)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        poses = kinematics(joints)
    assert torch.equal(poses, kinematics(joints))


def test_the_base_carries_all_links(kinematics):
    joints = torch.linspace(-0.5, 0.5, 75).expand(1, 75)
    base = torch.tensor([[0.1, 0.2, 0.9, 0.0, 0.0, 0.6, 0.8]])
    moved = compose(pose_matrix(base).unsqueeze(1), kinematics(joints))
    torch.testing.assert_close(kinematics(joints, base), moved)
    torch.testing.assert_close(compose(invert(moved), moved)[0, 5], torch.eye(3, 4), atol=1e-6, rtol=0)
