"""Configuration of a training run, read from YAML and checked key by key."""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the network. The defaults are those of cosmos3_micro; the I/O sizes are fixed by the data set."""

    width: int = 192
    heads: int = 6
    encoder_layers: int = 4
    decoder_layers: int = 4
    autoregressive_layers: int = 2
    world_layers: int = 2
    """Of the decoder of future frames; slots, quantities and confidence have one each."""
    vocabulary: int = 384
    """Rows of the text embedding; the tokenizer may fill fewer."""
    history: int = 2
    """Frames that one observation holds, the newest last."""
    history_spacing: float = 0.3
    """Time between them, s."""
    image_height: int = 48
    image_width: int = 64
    proprioception_dim: int = 54
    token_length: int = 24
    horizon: int = 10
    action_dim: int = 7
    action_bins: int = 256
    """Of each component of an action, where actions are tokens."""
    subgoal_steps: int = 20
    """How far ahead the hierarchical policy's subgoal is, steps."""
    slots: tuple[str, ...] = ('target', 'receptacle')
    """What the instruction names."""
    bodies: tuple[str, ...] = ()
    """The vocabulary of objects, one slot each; the data set's if empty."""
    quantities: tuple[str, ...] = (
        'gravity', 'speed', 'inertia_xx', 'inertia_yy', 'inertia_zz', 'friction', 'restitution', 'collision',
        'mass', 'supported', 'contained', 'grasped', 'upright', 'gripper_distance', 'receptacle_distance', 'occlusion',
    )  # fmt: skip
    """In the order of msg/WorldState.msg, with its units."""
    future_steps: tuple[int, ...] = (1, 5, 10)
    """When frames are predicted, steps ahead."""

    def __post_init__(self) -> None:
        if self.width % (4 * self.heads):
            raise ValueError(f'model.width: {self.width} must be a multiple of 4 · heads ({4 * self.heads})')
        if max(self.future_steps) > self.horizon:
            raise ValueError(f'model.future_steps: {self.future_steps} reach beyond the horizon of {self.horizon}')


@dataclass(frozen=True)
class VideoConfig:
    """The video tokenizer: 8 × 8 pixels a token (64×), finite scalar quantisation."""

    width: int = 64
    levels: tuple[int, ...] = (8, 8, 8, 5, 5, 5)
    """Values that each number of a token's code may take; their product is the number of tokens."""
    steps: int = 6000
    batch: int = 512
    learning_rate: float = 1e-3
    share: float = 0.15
    """Of a run's minutes that the tokenizer is trained, where it is trained first."""
    intra: float = 0.25
    """Share of the frames that are coded without one before."""


@dataclass(frozen=True)
class LookConfig:
    """Random light and materials; strengths are standard deviations, of logarithms where it is a factor."""

    plain: float = 0.3
    """Share of the samples with the simulation's own look."""
    light_direction: float = 0.35
    """Of each component of the vector to the light."""
    light: float = 0.2
    """Factor of each light and of all."""
    tint: float = 0.06
    """Factor of each colour channel of the light."""
    shade: float = 0.15
    """Factor of a primitive's lightness."""
    hue: float = 0.08
    """Factor of each channel of its colour."""
    gloss: float = 0.2
    texture: float = 0.12
    """Relative strength of a noise on its surface."""
    exact_camera: float = 0.4
    """Share of the samples whose camera is where the joints have it."""
    camera_rotation: float = 0.035
    """Largest error of the camera's orientation about each axis, uniform, rad (2°)."""
    camera_translation: float = 0.02
    """Largest error of its position along each axis, uniform, m."""


@dataclass(frozen=True)
class AugmentationConfig:
    """The sensor: standard deviation of a zero-mean normal unless said otherwise; 0 is off."""

    brightness: float = 0.04
    """Added to all colour channels of an image, of 1."""
    contrast: float = 0.1
    """Relative change of the colours' spread about their mean."""
    channel_gain: float = 0.05
    """Relative change of each colour channel: a tint."""
    colour_noise: float = 0.02
    """Per pixel and channel, of 1."""
    depth_noise: float = 0.002
    """Per pixel, m at 1 m; grows with the square of the depth."""
    depth_dropout: float = 0.04
    """Largest share of pixels that lose their depth (the share is uniform from 0)."""
    proprioception: float = 0.02
    """In standard deviations of each channel over the data."""
    late_image: float = 0.15
    """Share of the samples whose images are one step (0.1 s) older than the rest of the observation."""
    jitter: float = 0.2
    """Share of the older frames that are one step off, to either side."""
    unknown_word: float = 0.03
    """Share of an instruction's words that are taken for unknown ones."""
    dropped: float = 0.05
    """Share of the older frames that are missing: the newest stands in."""
    mirrored: float = 0.5
    """Share of the samples that are shown left for right; not of scenes with a body that a side has given its name."""
    rearranged: float = 0.2
    """Share of the samples with every object where it stood in another episode: they teach only where things are."""


@dataclass(frozen=True)
class LossConfig:
    """Weights: L = flow + autoregressive + subgoal + arm + world · (objects + slots + quantities + future + confidence)."""

    world: float = 0.1
    autoregressive: float = 0.05
    subgoal: float = 0.2
    arm: float = 0.1
    future_share: float = 0.25
    """Of a batch for which future frames are predicted: each costs three renderings."""


@dataclass(frozen=True)
class TrainingConfig:
    """Optimisation."""

    seed: int = 1
    steps: int = 100000
    batch: int = 768
    """Of all processes together."""
    balance: float = 0.0
    """How much scenes with few frames are favoured: 0 draws all frames alike, 1 all scenes."""
    accumulation: int = 1
    """Parts of a batch whose gradients are added up."""
    noise_samples: int = 4
    """Flow-matching noise samples drawn for each frame; the encoder runs once for all of them."""
    learning_rate: float = 8e-4
    warmup: float = 0.02
    """Share of the run."""
    weight_decay: float = 0.02
    gradient_clip: float = 1.0
    ema: float = 0.999
    validation_episodes: int = 48
    log_every: int = 100
    validate_every: int = 2000
    compile: bool = True
    """Compile the step with torch.compile; only on CUDA."""


@dataclass(frozen=True)
class Config:
    """All of one run; `id` and `version` name the model that comes out."""

    id: str = 'cosmos3_micro'
    version: str = '0.2.0'
    dt: float = 0.1
    """Time between the waypoints that the robot carries out, s: less than in the demonstrations (0.1) is faster."""
    model: ModelConfig = field(default_factory=ModelConfig)
    video: VideoConfig = field(default_factory=VideoConfig)
    look: LookConfig = field(default_factory=LookConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain YAML/JSON types."""
        return _plain(asdict(self))

    @staticmethod
    def from_dict(values: dict[str, Any], source: str = 'configuration') -> 'Config':
        """Builds a configuration; raises ValueError for an unknown key or a value of another type."""
        sections = {f.name: f.default_factory for f in fields(Config) if isinstance(f.default_factory, type)}
        top = {k: v for k, v in values.items() if k not in sections}
        built = {name: _build(kind, values.get(name) or {}, f'{source}: {name}.') for name, kind in sections.items()}
        return _build(Config, {**top, **built}, f'{source}: ')


def load_config(path: str | Path) -> Config:
    """Reads a YAML file; absent keys take their defaults."""
    values = yaml.safe_load(Path(path).read_text(encoding='utf-8'))
    if not isinstance(values, dict):
        raise ValueError(f'{path}: expected a mapping of configuration keys')
    return Config.from_dict(values, str(path))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, tuple) else value


def _build(kind: type, values: dict[str, Any], where: str) -> Any:
    known = {f.name: f for f in fields(kind)}
    arguments = {}
    for key, value in values.items():
        if key not in known:
            raise ValueError(f'{where}{key}: unknown key; allowed are {", ".join(known)}')
        if isinstance(value, list):
            value = tuple(value)
        expected = type(getattr(kind(), key))
        if expected is float and type(value) is int:
            value = float(value)
        if type(value) is not expected:
            raise ValueError(f'{where}{key}: {value!r} is a {type(value).__name__}, not a {expected.__name__}')
        arguments[key] = value
    return kind(**arguments)
