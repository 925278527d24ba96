"""Compiles the loss, and takes the compiled form only if its gradient is that of the loss as it is written."""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from . import distributed
from .studio import Batch

Losses = Callable[[Batch], tuple[Tensor, Tensor]]
FACTOR = 4.0
"""A minibatch's norm is less far than this beyond the least and the greatest of `TRIALS` others."""
TRIALS = 4
"""CUDA graphs warm up, are recorded, and only then replayed."""


def choose_losses(
    plain: Losses,
    forms: Iterator[tuple[str, Losses]],
    sample: Callable[[], Batch],
    parameters: dict[str, Tensor],
    autocast: Callable[[], AbstractContextManager[object]],
) -> Losses:
    """The first of `forms`, (name, loss), whose gradient's norms are those of `plain` in single precision.

    Each is asked for `TRIALS` minibatches of `sample` under `autocast`. A wrong gradient does not show in the losses: it is
    clipped, and what is right in it with the rest, so that the network hardly learns. Raises RuntimeError where none agrees.
    """
    with sdpa_kernel(SDPBackend.MATH):
        right = [gradient_norm(plain, sample(), parameters, nullcontext())[0] for _ in range(TRIALS)]
    least, most = min(right), max(right)
    expected = f'in single precision {least:.3g} … {most:.3g}'
    tried = []
    for name, losses in forms:
        found = [gradient_norm(losses, sample(), parameters, autocast()) for _ in range(TRIALS)]
        norms = ', '.join(f'{norm:.3g}' for norm, _ in found)
        if all(least / FACTOR < norm < FACTOR * most for norm, _ in found):
            print(f'the step is {name}: norms of the gradient {norms}, {expected}', flush=True)
            return losses
        tried.append(f'{name} {norms}, most of it of {found[-1][1]}')
        print(f'the step is not {tried[-1]}; {expected}', flush=True)
    raise RuntimeError(f'no form of the step has the gradient of the loss, {expected}: {"; ".join(tried)}')


def gradient_norm(
    losses: Losses, batch: Batch, parameters: dict[str, Tensor], context: AbstractContextManager[object]
) -> tuple[float, str]:
    """Norm of the gradient of the total loss of a minibatch, and the name of the parameter with most of it.

    The parameters keep no gradient.
    """
    torch.compiler.cudagraph_mark_step_begin()
    with context:
        total, _ = losses(batch)
    total.backward()
    norms = {}
    for name, parameter in parameters.items():
        if parameter.grad is not None:
            norms[name] = distributed.whole(parameter.grad.norm()).item()
        parameter.grad = None
    norm = math.sqrt(sum(own * own for own in norms.values()))
    return norm, max(norms, key=lambda name: (math.isnan(norms[name]), norms[name]))
