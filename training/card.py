"""The model card: what the runtime checks before it uses a model, and how the model was made."""

import hashlib
from pathlib import Path
from typing import Any

from torch import Tensor

from .checkpoint import TrainedModel
from .visual_encoder import patch_count

DEMONSTRATED_DT = 0.1
"""Time between the waypoints of the demonstrations, s."""
ARMS = ('right', 'left')
"""Order in the proprioception, and what the decoder's `arm` 0 and 1 mean."""
PROPRIOCEPTION_LAYOUT = (
    ('commanded_position', 3),
    ('commanded_rotation', 6),
    ('measured_position', 3),
    ('measured_rotation', 6),
    ('gripper_command', 1),
    ('finger_flexion', 1),
    ('arm_joint_positions', 7),
)
"""Of each arm."""
UNITS = {
    'gravity': 'm/s^2',
    'speed': 'm/s',
    'inertia_xx': 'kg m^2',
    'inertia_yy': 'kg m^2',
    'inertia_zz': 'kg m^2',
    'mass': 'kg',
    'gripper_distance': 'm',
    'receptacle_distance': 'm',
}
"""Of the quantities that have one."""


def build_card(
    trained: TrainedModel, directory: Path, variants: dict[str, dict[str, str]], figures: dict[str, Any]
) -> dict[str, Any]:
    """The card of the files in `directory`; `variants` names the file of each network for each precision."""
    dt = trained.config.dt
    shape, video, model = trained.config.model, trained.config.video, trained.model
    names = sorted({'tokenizer.json', *(name for files in variants.values() for name in files.values())})
    return {
        'id': trained.config.id,
        'version': trained.config.version,
        'files': {name: {'sha256': hashlib.sha256((directory / name).read_bytes()).hexdigest()} for name in names},
        'variants': variants,
        'history': shape.history,
        'history_spacing': round(shape.history_spacing * dt / DEMONSTRATED_DT, 6),
        'image': {'height': shape.image_height, 'width': shape.image_width, 'channels': 6},
        'proprioception': {
            'dim': shape.proprioception_dim,
            'layout': [{'name': f'{arm}_{name}', 'size': size} for arm in ARMS for name, size in PROPRIOCEPTION_LAYOUT],
        },
        'tokens': {'length': shape.token_length},
        'horizon': shape.horizon,
        'dt': dt,
        'arms': list(ARMS),
        'action': {
            'dim': shape.action_dim,
            'mean': rounded(model.action_mean),
            'std': rounded(model.action_std),
            'bins': shape.action_bins,
            'representation': 'anchor_relative',
            'frame': 'base_link',
            'end_effectors': {'right': 'r_gripper', 'left': 'l_gripper'},
        },
        'subgoal': {
            'steps': shape.subgoal_steps,
            'mean': rounded(model.subgoal_mean[None])[0],
            'std': rounded(model.subgoal_std[None])[0],
        },
        'slots': list(shape.slots),
        'objects': list(shape.bodies),
        'quantities': [{'name': name, 'unit': UNITS.get(name, '1')} for name in shape.quantities],
        'video': {
            'levels': list(video.levels),
            'patches': patch_count(shape),
            'future_steps': list(shape.future_steps),
        },
        'training': {
            'parameters': sum(p.numel() for p in model.parameters()),
            'video_parameters': sum(p.numel() for p in trained.video.parameters()),
            **figures,
            **trained.record,
            'config': trained.config.to_dict(),
        },
        'evaluation': {},
    }


def rounded(values: Tensor) -> list[list[float]]:
    """A matrix as plain numbers of six digits."""
    return [[float(f'{x:.6g}') for x in row] for row in values.tolist()]
