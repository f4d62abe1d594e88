"""Models of PyTorch that coremltools converts give what PyTorch gives, in both precisions.

`python -m tests.meaning.figures torch` prints how far each is from it.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.meaning import torch_models
from tests.meaning.torch_models import ALLOWED, HELD, Trial
from tests.shared import needs_oracle

pytestmark = needs_oracle

MODELS = [
    "convnet",
    "transformer",
    "transformer-ios18",
    "encoder",
    "encoder-ios15",
    "lstm",
    "lstm-bidirectional",
    "gru",
    "gru-bidirectional",
    "rnn",
    "unet",
    "unet-ios17",
    "decoder",
    "counter",
    "linear-8-bit",
    "linear-8-bit-ios18",
    "linear-4-bit-blocks",
    "palettized",
    "palettized-ios18",
    "palettized-groups",
    "pruned",
    "pruned-ios18",
    "pruned-palettized",
    "pruned-linear",
    "flexible-transformer",
    "flexible-resizing",
    "flexible-convnet",
    "flexible-lstm",
    "flexible-encoder",
]
SNIPPETS = 29
"""One function of so many is looked at: a prime, so that no sort is left out for its rhythm."""


def test_the_models_are_those_that_there_are() -> None:
    assert torch_models.names()[0] == MODELS
    assert len(torch_models.names()[1]) > 300


@pytest.mark.parametrize("precision", ALLOWED)
@pytest.mark.parametrize("name", MODELS)
def test_a_model_gives_what_torch_gives(name: str, precision: str) -> None:
    outcome = torch_models.compared(Trial(name, precision))
    assert outcome.said == ""
    assert HELD.get(name, next(iter(outcome.ops))) in outcome.ops


def test_functions_give_what_torch_gives() -> None:
    assert unlike(SNIPPETS) == {}


@pytest.mark.slow
def test_every_function_gives_what_torch_gives() -> None:
    assert unlike(1) == {}


def unlike(every: int) -> dict[str, str]:
    """How functions are unlike PyTorch's, by their names."""
    trials = [Trial(name, each) for name in torch_models.names()[1] for each in ALLOWED]
    outcomes = {trial.id: torch_models.compared(trial).said for trial in trials[::every]}
    return {name: said for name, said in outcomes.items() if said}


def test_what_is_unlike_is_seen() -> None:
    ours, theirs = np.array([1.0, 2.0]), np.array([1.0, 2.1])
    assert torch_models.relative(ours, theirs) == pytest.approx(0.1 / 2.1)
    assert torch_models.relative(ours, np.array([1.0, np.nan])) == np.inf
    assert torch_models.relative(np.array([np.nan]), np.array([np.nan])) == 0
