"""A trained model on disk, before it is exported."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn

from .config import Config
from .model import CosmosTransformer


@dataclass
class TrainedModel:
    """All that the exported files are made from."""

    config: Config
    model: CosmosTransformer
    tokenizer: Tokenizer
    record: dict[str, Any]
    """Data, seeds, steps, losses: the card's `training`."""

    def save(self, path: Path) -> None:
        """Writes the checkpoint. Parameters are stored at half precision, as they are exported."""
        halves = {name for name, _ in self.model.named_parameters()}
        state = {k: v.cpu().half() if k in halves else v.cpu() for k, v in self.model.state_dict().items()}
        content = {
            'config': self.config.to_dict(),
            'state': state,
            'tokenizer': self.tokenizer.to_str(),
            'record': self.record,
        }
        partial = path.with_suffix('.partial')
        torch.save(content, partial)
        partial.replace(path)

    @staticmethod
    def load(path: Path) -> 'TrainedModel':
        """Reads a checkpoint that `save` wrote."""
        content = torch.load(path, map_location='cpu', weights_only=True)
        config = Config.from_dict(content['config'], str(path))
        model = CosmosTransformer(config.model)
        model.load_state_dict(content['state'])
        return TrainedModel(config, model.eval(), Tokenizer.from_str(content['tokenizer']), content['record'])


def round_to_half(model: nn.Module) -> None:
    """Rounds the parameters (not the normalisation) to the nearest half-precision numbers, in place."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.half().float())
