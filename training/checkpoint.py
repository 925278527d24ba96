"""A trained model on disk, before it is exported."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from .config import Config
from .model import CosmosTransformer
from .video_tokenizer import VideoTokenizer


@dataclass
class TrainedModel:
    """All that the exported files are made from."""

    config: Config
    model: CosmosTransformer
    video: VideoTokenizer
    tokenizer: Tokenizer
    record: dict[str, Any]
    """Data, seeds, steps, losses: the card's `training`."""

    def save(self, path: Path) -> None:
        """Writes the checkpoint. Parameters are stored at half precision, as they are exported."""
        save_model(path, self.config, halves(self.model), self.video, self.tokenizer, self.record)

    @staticmethod
    def load(path: Path) -> 'TrainedModel':
        """Reads a checkpoint."""
        content = torch.load(path, map_location='cpu', weights_only=True)
        config = Config.from_dict(content['config'], str(path))
        model = CosmosTransformer(config.model, config.video)
        model.load_state_dict(content['state'])
        video = VideoTokenizer(config.video, config.model.image_height, config.model.image_width)
        video.load_state_dict(content['video'])
        tokenizer = Tokenizer.from_str(content['tokenizer'])
        return TrainedModel(config, model.eval(), video.eval(), tokenizer, content['record'])


def save_model(
    path: Path,
    config: Config,
    state: dict[str, Tensor],
    video: VideoTokenizer,
    tokenizer: Tokenizer,
    record: dict[str, Any],
) -> None:
    """Writes what `TrainedModel.load` reads; the file is complete or not there."""
    content = {
        'config': config.to_dict(),
        'state': state,
        'video': halves(video),
        'tokenizer': tokenizer.to_str(),
        'record': record,
    }
    write(path, content)


def write(path: Path, content: Any) -> None:
    """torch.save by way of another file, so that an interruption leaves the one before."""
    partial = path.with_suffix('.partial')
    torch.save(content, partial)
    partial.replace(path)


def halves(module: nn.Module, state: dict[str, Tensor] | None = None) -> dict[str, Tensor]:
    """The state of a module, or one of its form, with the parameters (not the normalisation) at half precision."""
    names = {name for name, _ in module.named_parameters()}
    own = module.state_dict() if state is None else state
    return {k: v.cpu().half() if k in names else v.cpu() for k, v in own.items()}


def round_to_half(module: nn.Module) -> None:
    """Rounds the parameters (not the normalisation) to the nearest half-precision numbers, in place."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(parameter.half().float())
