"""The pipelines that have a name: which passes run together, and in which order.

A group is applied in one walk. What a group takes part in: `TIDY` makes ops simpler and is
enabled by all else, so it comes first and again behind each change; `FUSE` looks for large patterns
before smaller ones change parts of them; what works on a whole function stands alone.
"""

from __future__ import annotations

from typing import Final

from milc.passes import modules
from milc.passes.pipeline import Pipeline, Rounds, made

Names = tuple[tuple[str, ...], ...]
"""Groups of passes."""

DEAD: Final = ("dead_code_elimination",)
TIDY: Final = (
    "const_elimination",
    "noop_elimination",
    "cast_optimization",
    "merge_consecutive_transposes",
)
FUSE: Final = (
    "fuse_gelu_exact",
    "fuse_gelu_tanh_approximation",
    "fuse_gelu_sigmoid_approximation",
)
SAME: Final = (("value_numbering",),)

PIPELINES: Final[dict[str, tuple[Names, ...]]] = {
    "default": ((DEAD,), (TIDY, FUSE, *SAME, DEAD)),
    "cleanup": ((DEAD,), (TIDY, *SAME, DEAD)),
    "none": (),
}
"""By name the stages of a pipeline: groups that are repeated until they find nothing more."""

PURPOSES: Final = {
    "default": "all that makes a program smaller or faster and changes no precision",
    "cleanup": "what is dead, constant, without effect or there twice",
    "none": "nothing; for passes that are named one by one",
}

ON_REQUEST: Final = {
    "remove_redundant_ops": "value_numbering finds all that it does, and more",
}
"""Passes in no pipeline, and why."""


def named(name: str) -> Pipeline:
    """The pipeline of a name. Raises KeyError if there is none."""
    stages = PIPELINES[name]
    return [Rounds([made(each) for each in group] for group in stage) for stage in stages]


def places(name: str) -> list[str]:
    """The pipelines that a pass stands in."""
    return [
        pipeline
        for pipeline, stages in PIPELINES.items()
        if any(name in group for stage in stages for group in stage)
    ]


def unplaced() -> list[str]:
    """The passes that stand in no pipeline, and of which nobody says why."""
    return [name for name in modules() if not places(name) and name not in ON_REQUEST]
