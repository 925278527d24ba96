"""One program for any number of processes: `torchrun --nproc-per-node N -m training.train …`, or none."""

import os
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

FULL = StateDictOptions(full_state_dict=True, cpu_offload=True)
"""Checkpoints hold whole tensors, so that they fit any number of processes."""


def start(device: str) -> tuple[torch.device, int, int]:
    """This process's device, its rank and the number of processes; joins the others where torchrun started it."""
    if 'RANK' not in os.environ:
        return torch.device(device), 0, 1
    own = torch.device(device)
    if own.type == 'cuda':
        own = torch.device('cuda', int(os.environ['LOCAL_RANK']))
        torch.cuda.set_device(own)
    dist.init_process_group('nccl' if own.type == 'cuda' else 'gloo')
    return own, dist.get_rank(), dist.get_world_size()


def shard(module: nn.Module, layers: list[nn.Module], device: torch.device) -> None:
    """Spreads the parameters over all processes (FSDP2): each layer by itself, then the rest."""
    mesh = init_device_mesh(device.type, (dist.get_world_size(),))
    for layer in layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(module, mesh=mesh)


def own_part(tensor: Tensor) -> Tensor:
    """What this process has of a tensor that may be spread."""
    return tensor.to_local() if hasattr(tensor, 'to_local') else tensor


def whole(tensor: Tensor) -> Tensor:
    """A tensor that may be spread, put together; all must call this."""
    return tensor.full_tensor() if hasattr(tensor, 'full_tensor') else tensor


def agree(value: float, device: torch.device) -> float:
    """The first process's value, for all."""
    if not dist.is_initialized():
        return value
    shared = torch.tensor([value], dtype=torch.float64, device=device)
    dist.broadcast(shared, 0)
    return shared.item()


def mean_of_all(values: Tensor) -> Tensor:
    """The mean over the processes."""
    if dist.is_initialized():
        values = values.clone()
        dist.all_reduce(values)
        values /= dist.get_world_size()
    return values


def state_of(module: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> dict[str, Any]:
    """Whole state; only the first process gets it. All must call this."""
    state = {'model': get_model_state_dict(module, options=FULL)}
    if optimizer is not None:
        state['optimizer'] = get_optimizer_state_dict(module, optimizer, options=FULL)
    return state


def restore(module: nn.Module, state: dict[str, Any], optimizer: torch.optim.Optimizer | None = None) -> None:
    """Gives each process its part of what `state_of` told."""
    options = StateDictOptions(full_state_dict=True)
    set_model_state_dict(module, state['model'], options=options)
    if optimizer is not None:
        set_optimizer_state_dict(module, optimizer, state['optimizer'], options=options)


def stop() -> None:
    """Leaves the group."""
    if dist.is_initialized():
        dist.destroy_process_group()
