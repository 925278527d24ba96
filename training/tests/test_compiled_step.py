from contextlib import nullcontext

import pytest
import torch

from training.compiled_step import choose_losses


@pytest.fixture
def weight():
    return torch.nn.Parameter(torch.ones(3))


def loss(weight, factor=1.0):
    return lambda batch: (factor * (weight * batch).sum(), torch.zeros(1))


def choose(weight, forms):
    return choose_losses(loss(weight), iter(forms), lambda: torch.ones(3), {'w': weight}, nullcontext)


def test_takes_the_first_form_whose_gradient_is_right(weight):
    wrong, right = loss(weight, 1e5), loss(weight, 1.5)
    assert choose(weight, [('wrong', wrong), ('right', right), ('later', loss(weight))]) is right
    assert weight.grad is None


def test_refuses_forms_whose_gradient_vanishes_or_is_none(weight):
    forms = [('vanishing', loss(weight, 1e-3)), ('none', loss(weight, float('nan')))]
    with pytest.raises(RuntimeError, match='precision 1.73 … 1.73: vanishing 0.00173.* of w; none nan'):
        choose(weight, forms)


def test_minibatches_differ(weight):
    batches = iter([torch.full((3,), value) for value in (1.0, 30.0, 3.0, 10.0, 100.0, 0.3, 2.0, 1.0)])
    form = loss(weight)
    assert choose_losses(loss(weight), iter([('right', form)]), lambda: next(batches), {'w': weight}, nullcontext) is form
