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
    vocabulary: int = 64
    """Rows of the text embedding; the tokenizer may fill fewer."""
    history: int = 1
    """Frames that one observation holds, the newest last."""
    image_height: int = 48
    image_width: int = 64
    proprioception_dim: int = 27
    token_length: int = 16
    horizon: int = 10
    action_dim: int = 7
    slots: tuple[str, ...] = ('target', 'receptacle')

    def __post_init__(self) -> None:
        if self.width % (4 * self.heads):
            raise ValueError(f'model.width: {self.width} must be a multiple of 4 · heads ({4 * self.heads})')


@dataclass(frozen=True)
class AugmentationConfig:
    """Strength of each disturbance: standard deviation of a zero-mean normal unless said otherwise; 0 is off."""

    brightness: float = 0.08
    """Added to all colour channels of an image, of 1."""
    contrast: float = 0.15
    """Relative change of the colours' spread about their mean."""
    channel_gain: float = 0.08
    """Relative change of each colour channel: a tint."""
    colour_noise: float = 0.02
    """Per pixel and channel, of 1."""
    depth_noise: float = 0.002
    """Per pixel, m at 1 m; grows with the square of the depth."""
    depth_dropout: float = 0.04
    """Largest share of pixels that lose their depth (the share is uniform from 0)."""
    camera_rotation: float = 0.003
    """Error of the camera's orientation about each axis, rad."""
    camera_translation: float = 0.002
    """Error of the camera's position along each axis, m."""
    shift: int = 2
    """Largest shift of the image in each direction, uniform, whole pixels."""
    proprioception: float = 0.02
    """In standard deviations of each channel over the data."""


@dataclass(frozen=True)
class TrainingConfig:
    """Optimisation."""

    seed: int = 1
    steps: int = 15000
    batch: int = 1024
    noise_samples: int = 4
    """Flow-matching noise samples drawn for each frame; the encoder runs once for all of them."""
    learning_rate: float = 8e-4
    warmup: float = 0.02
    """Share of the run."""
    weight_decay: float = 0.02
    gradient_clip: float = 1.0
    ema: float = 0.999
    world_weight: float = 0.1
    """Weight of the world-state (object) loss beside the action loss."""
    validation_episodes: int = 16
    log_every: int = 100
    validate_every: int = 2000
    compile: bool = True
    """Compile the step with torch.compile; only on CUDA."""


@dataclass(frozen=True)
class Config:
    """All of one run; `id` and `version` name the model that comes out."""

    id: str = 'cosmos3_micro'
    version: str = '0.1.0'
    model: ModelConfig = field(default_factory=ModelConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain YAML/JSON types."""
        plain = asdict(self)
        plain['model']['slots'] = list(self.model.slots)
        return plain

    @staticmethod
    def from_dict(values: dict[str, Any], source: str = 'configuration') -> 'Config':
        """Builds a configuration; raises ValueError for an unknown key or a value of another type."""
        sections = {'model': ModelConfig, 'augmentation': AugmentationConfig, 'training': TrainingConfig}
        top = {k: v for k, v in values.items() if k not in sections}
        built = {name: _build(kind, values.get(name) or {}, f'{source}: {name}.') for name, kind in sections.items()}
        return _build(Config, {**top, **built}, f'{source}: ')


def load_config(path: str | Path) -> Config:
    """Reads a YAML file; absent keys take their defaults."""
    values = yaml.safe_load(Path(path).read_text(encoding='utf-8'))
    if not isinstance(values, dict):
        raise ValueError(f'{path}: expected a mapping of configuration keys')
    return Config.from_dict(values, str(path))


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
