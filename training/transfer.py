"""Starting from another model: its knowledge of scenes is kept, its skills are learnt anew."""

from dataclasses import replace

from tokenizers import Tokenizer
from torch import nn

from .checkpoint import TrainedModel
from .config import Config
from .model import CosmosTransformer
from .tokenizer import extend_tokenizer

FROZEN = ('visual_encoder', 'world_state_proj', 'world_state', 'future_decoder', 'object_head')
"""The article freezes the visual encoder and the world model's layers."""
TRAINED = ('visual_encoder.text_embedding', 'world_state.queries')
"""Of these, what a new task's words and objects need."""


def transfer_config(config: Config, source: TrainedModel, bodies: tuple[str, ...]) -> Config:
    """The source's network, its vocabulary of objects extended by `bodies`, trained as `config` says."""
    known = source.config.model.bodies
    model = replace(source.config.model, bodies=known + tuple(name for name in bodies if name not in known))
    return replace(config, model=model, video=source.config.video)


def transfer_tokenizer(source: TrainedModel, instructions: list[str]) -> Tokenizer:
    """The source's tokenizer with the words that it lacks at its end."""
    shape = source.config.model
    return extend_tokenizer(source.tokenizer, instructions, shape.token_length, shape.vocabulary)


def transfer_weights(model: CosmosTransformer, source: TrainedModel) -> None:
    """Copies the source's weights and normalisation; new objects keep their first weights."""
    state = source.model.state_dict()
    known, own = len(source.config.model.bodies), model.state_dict()
    queries = own['world_state.queries'].clone()
    queries[:known], queries[-1] = state['world_state.queries'][:known], state['world_state.queries'][-1]
    state['world_state.queries'] = queries
    for name in ('world_state.body_mean', 'world_state.extent'):
        rows = own[name].clone()
        rows[:known] = state[name]
        state[name] = rows
    model.load_state_dict(state)


def freeze(model: nn.Module) -> int:
    """Stops the training of the frozen parts; returns how many parameters still learn."""
    for name, parameter in model.named_parameters():
        frozen = name.startswith(tuple(f'{part}.' for part in FROZEN)) and not name.startswith(TRAINED)
        parameter.requires_grad_(not frozen)
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)

