"""Single functions of PyTorch, whose conversion says what ops of MIL are taken to mean.

Each is named after the function, with what is said of it behind a dash, and converted for `ios15`
unless the name ends in another opset.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from peer_side.models import Case, reals
from torch import nn
from torch.nn import functional


class Function(nn.Module):
    """A function as a network."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Any) -> Any:
        return self.function(*inputs)


X = reals(2, 4, 6, 5)
ROWS = reals(3, 8, seed=1)
WHOLE = torch.arange(24).reshape(2, 3, 4) % 7
PLACES = torch.tensor([[0, 2, 1, 2], [1, 1, 0, 3]])
GRID = reals(2, 4, 3, 2, seed=5).clamp(-1.4, 1.4)
IMAGES = reals(2, 3, 7, 8, seed=3)


AFFINE = torch.tensor([[[0.9, -0.2, 0.1], [0.3, 0.8, -0.2]]]).repeat(2, 1, 1)


@torch.jit.script
def halved(x: torch.Tensor) -> torch.Tensor:
    """A loop, as long as the data say."""
    while bool(x.abs().max() > 0.3):
        x = x / 2
    return x


@torch.jit.script
def chosen(x: torch.Tensor) -> torch.Tensor:
    """One of two ways, as the data say."""
    if bool(x.sum() > 0):
        x = x * 2
    else:
        x = x - 10
    return x


@torch.jit.script
def counted(x: torch.Tensor) -> torch.Tensor:
    """A loop of so many rounds."""
    y = torch.zeros(5)
    for number in range(4):
        y = y * 0.5 + x[0, number, 0] + number
    return y


library = torch.library.Library("torchvision", "DEF")
library.define("nms(Tensor boxes, Tensor scores, float threshold) -> Tensor")


def shared(one: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """The area that a box shares with others, as a part of what they cover together."""
    low, high = torch.maximum(one[:2], others[:, :2]), torch.minimum(one[2:], others[:, 2:])
    both = (high - low).clamp(min=0).prod(1)
    areas = [(each[:, 2:] - each[:, :2]).prod(1) for each in (one[None], others)]
    return both / (areas[0] + areas[1] - both)


def suppressed(boxes: torch.Tensor, scores: torch.Tensor, threshold: float) -> torch.Tensor:
    """torchvision's nms, which is not there: coremltools goes by its name alone."""
    left, kept = scores.argsort(descending=True), []
    while left.numel():
        kept.append(int(left[0]))
        left = left[shared(boxes[left[0]], boxes[left]) <= threshold]
    return torch.tensor(kept)


library.impl("nms", suppressed, "CPU")
CORNERS = torch.rand(12, 2, generator=torch.Generator().manual_seed(4)) * 4
BOXES = torch.cat([CORNERS, CORNERS + 1 + reals(12, 2).abs()], 1)


def varied(made: nn.PReLU) -> nn.PReLU:
    """With a slope for each channel."""
    made.weight.data = torch.linspace(0.1, 0.9, made.weight.numel())
    return made


def module(made: nn.Module, *inputs: Any) -> tuple[Any, ...]:
    """A layer, and what it is given."""
    return (made, *inputs)


def grid(mode: str, padding: str, corners: bool) -> tuple[Any, ...]:
    """grid_sample in a mode."""
    return (
        lambda x, g: functional.grid_sample(x, g, mode, padding, align_corners=corners),
        IMAGES,
        GRID,
    )


def resize(mode: str, corners: bool | None, **options: Any) -> tuple[Any, ...]:
    """Interpolate in a mode."""
    return (
        lambda x: functional.interpolate(x, mode=mode, align_corners=corners, **options),
        IMAGES,
    )


def put(x: Any, value: Any) -> Any:
    """Assign to places of a copy."""
    x = x.clone()
    x[:, 1:3, ::2] = value
    return x


def index_put(x: Any, value: Any, accumulate: bool) -> Any:
    """index_put with two lists of places."""
    return x.index_put((torch.tensor([0, 2, 0]), torch.tensor([1, 7, 1])), value, accumulate)


UNARY = {
    "abs": torch.abs,
    "acos": lambda x: torch.acos(x.clamp(-1, 1)),
    "asin": lambda x: torch.asin(x.clamp(-1, 1)),
    "atan": torch.atan,
    "atanh": lambda x: torch.atanh(x.clamp(-0.9, 0.9)),
    "ceil": torch.ceil,
    "clamp": lambda x: x.clamp(-0.5, 0.7),
    "cos": torch.cos,
    "cosh": torch.cosh,
    "erf": torch.erf,
    "exp": torch.exp,
    "exp2": torch.exp2,
    "floor": torch.floor,
    "log": lambda x: torch.log(x.abs() + 0.1),
    "round": torch.round,
    "rsqrt": lambda x: torch.rsqrt(x.abs() + 0.1),
    "sign": torch.sign,
    "sin": torch.sin,
    "sinh": torch.sinh,
    "sqrt": lambda x: torch.sqrt(x.abs()),
    "square": torch.square,
    "tan": lambda x: torch.tan(x / 2),
    "tanh": torch.tanh,
    "divide": lambda x: x / (x.abs() + 0.2),
    "elu": lambda x: functional.elu(x, 0.7),
    "gelu": functional.gelu,
    "gelu-tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "hardsigmoid": functional.hardsigmoid,
    "hardswish": functional.hardswish,
    "hardtanh": lambda x: functional.hardtanh(x, -0.3, 0.6),
    "leaky_relu": lambda x: functional.leaky_relu(x, 0.2),
    "mish": functional.mish,
    "relu": functional.relu,
    "relu6": lambda x: functional.relu6(x * 5),
    "selu": functional.selu,
    "sigmoid": torch.sigmoid,
    "silu": functional.silu,
    "softplus": lambda x: functional.softplus(x, beta=2),
    "softsign": functional.softsign,
    "threshold": lambda x: functional.threshold(x, 0.1, 0.5),
    "glu": lambda x: functional.glu(x, 1),
    "softmax": lambda x: x.softmax(1),
    "log_softmax": lambda x: x.log_softmax(-1),
}

REDUCTIONS = {
    "sum": lambda x: x.sum((1, 3)),
    "mean": lambda x: x.mean(-1, keepdim=True),
    "amax": lambda x: x.amax((0, 1)),
    "amin": lambda x: x.amin(-1),
    "argmax": lambda x: x.argmax(1),
    "argmin": lambda x: x.argmin(-1, keepdim=True),
    "logsumexp": lambda x: x.logsumexp(1),
    "norm": lambda x: x.norm(2, dim=1),
    "norm-1": lambda x: x.norm(1, dim=-1),
    "var": lambda x: x.var((2, 3)),
    "std": lambda x: x.std(1, unbiased=False),
    "cumsum": lambda x: x.cumsum(2),
    "max-dim": lambda x: x.max(1),
    "min-dim": lambda x: x.min(-1),
    "any": lambda x: (x > 1).any(1).int(),
    "all": lambda x: (x > -1).all(1).int(),
}

MOVES = {
    "roll": lambda x: x.roll((1, -2), (1, 3)),
    "flip": lambda x: x.flip(1, 3),
    "repeat": lambda x: x.repeat(1, 2, 1, 3),
    "tile": lambda x: x.tile(2, 1),
    "expand": lambda x: x[:, :1].expand(-1, 3, -1, -1),
    "permute": lambda x: x.permute(3, 0, 2, 1),
    "slice": lambda x: x[:, 1:-1, ::2, -3:],
    "select": lambda x: x[:, -1, 2],
    "split": lambda x: x.split([1, 3], 1),
    "chunk": lambda x: x.chunk(2, 2),
    "unbind": lambda x: x.unbind(1),
    "stack": lambda x: torch.stack([x, x * 2], 2),
    "cat": lambda x: torch.cat([x, x[:, :2] * 2], 1),
    "pixel_shuffle": lambda x: functional.pixel_shuffle(x, 2),
    "pixel_unshuffle": lambda x: functional.pixel_unshuffle(x[:, :, :6, :4], 2),
    "pad": lambda x: functional.pad(x, (1, 2, 0, 3), value=0.5),
    "pad-reflect": lambda x: functional.pad(x, (1, 2, 2, 1), "reflect"),
    "pad-replicate": lambda x: functional.pad(x, (1, 2, 2, 1), "replicate"),
    "tril": lambda x: x.tril(1),
    "triu": lambda x: x.triu(-1),
    "diagonal": lambda x: x[:, :, :4, :4].tril().triu(),
    "meshgrid": lambda x: torch.meshgrid(x[0, 0, 0], x[0, 0, :, 0], indexing="ij"),
    "im2col": lambda x: functional.unfold(x, (2, 3), padding=1, stride=2),
    "argsort": lambda x: x.argsort(1, descending=True),
    "sort": lambda x: x.sort(-1),
    "topk": lambda x: x.topk(3, dim=2),
    "topk-smallest": lambda x: x.topk(2, largest=False),
    "where": lambda x: torch.where(x > 0, x, x * 0.1),
    "masked_fill": lambda x: x.masked_fill(x < 0, -3.0),
    "logical": lambda x: torch.logical_or((x > 0) & ~(x > 1), x < -1).int(),
    "one_hot": lambda x: functional.one_hot(x.argmax(1), 4).float(),
    "index_select": lambda x: x.index_select(1, torch.tensor([3, 0, 0])),
    "index": lambda x: x[:, torch.tensor([2, 0]), torch.tensor([1, 5])],
    "assign": lambda x: put(x, 2.0),
    "nonzero": lambda x: (x[0, 0] > 0).nonzero(),
    "remainder": lambda x: x % 0.7,
    "floor_divide": lambda x: x // 0.7,
    "pow": lambda x: (x.abs() + 0.1) ** 1.7,
    "instance_norm": functional.instance_norm,
    "local_response_norm": lambda x: functional.local_response_norm(x, 3),
    "normalize": lambda x: functional.normalize(x, dim=1),
    "cosine": lambda x: functional.cosine_similarity(x, x.flip(1), 1),
    "avg_pool1d": lambda x: functional.avg_pool1d(x[0], 3, 2, 1),
    "avg_pool2d-ceil": lambda x: functional.avg_pool2d(x, 3, 2, 1, True, False),
    "max_pool2d-ceil": lambda x: functional.max_pool2d(x, 3, 2, 1, ceil_mode=True),
    "avg_pool3d": lambda x: functional.avg_pool3d(x[None], 2),
    "max_pool3d": lambda x: functional.max_pool3d(x[None], (2, 3, 2)),
    "adaptive": lambda x: functional.adaptive_avg_pool2d(x, (3, 5)),
    "loop": lambda x: halved(x),
    "condition": lambda x: chosen(x),
    "condition-other": lambda x: chosen(x - 5),
    "loop-counted": lambda x: counted(x),
    "full_like": lambda x: torch.full_like(x, 2) * x,
    "repeat_interleave": lambda x: x.repeat_interleave(2, 1),
    "searchsorted": lambda x: torch.searchsorted(torch.tensor([-1.0, 0, 1]), x[0, 0, 0]),
    "nan_to_num": lambda x: torch.nan_to_num(x),
    "narrow": lambda x: x.narrow(2, 1, 3) + 1,
    "hstack": lambda x: torch.hstack([x, x + 1]),
    "linspace": lambda x: x[0, 0] * torch.linspace(0, 1, 5),
    "arange": lambda x: x[0, 0] + torch.arange(5),
    "logical_xor": lambda x: torch.logical_xor(x > 0, x > 1).int(),
    "clip-low": lambda x: x.clamp(min=0.2),
    "frobenius": lambda x: torch.linalg.norm(x[0, 0]),
    "reshape": lambda x: x.reshape(2, -1, 3),
    "flatten": lambda x: x.flatten(1, 2) * 2,
    "squeeze": lambda x: x[:, :1].squeeze(1) * 2,
    "dropout": lambda x: functional.dropout(x, 0.5, False) + 1,
    "square-root": lambda x: (x * x + 1e-3).sqrt(),
    "batch_norm": lambda x: functional.batch_norm(
        x, X[0, :, 0, 0], X[0, :, 1, 1].abs() + 0.3, eps=1e-2
    ),
    "count": lambda x: (x > 0).sum(1),
    "nearest-part": lambda x: functional.interpolate(x, scale_factor=(1.5, 2.5), mode="nearest"),
    "cumsum-whole": lambda x: x.round().int().cumsum(1),
    "nearest-down": lambda x: functional.interpolate(x, size=(3, 2), mode="nearest"),
    "upsample-linear": lambda x: functional.interpolate(x[0], scale_factor=2, mode="linear"),
    "adaptive-max": lambda x: functional.adaptive_max_pool2d(x, (2, 1)),
}

TWO = {
    "matmul": (torch.matmul, X, reals(5, 3, seed=2)),
    "bmm": (torch.bmm, X[0], X[0].transpose(1, 2)),
    "atan2": (torch.atan2, X, reals(2, 4, 6, 5, seed=4)),
    "maximum": (torch.maximum, X, reals(6, 1, seed=4)),
    "minimum": (torch.minimum, X, reals(5, seed=4)),
    "addmm": (torch.addmm, reals(3, 8, seed=5), reals(3, 4), reals(4, 8)),
    "einsum": (lambda a, b: torch.einsum("bhqd,bhkd->bhqk", a, b), X, X.flip(2)),
    "einsum-outer": (lambda a, b: torch.einsum("i,j->ij", a, b), reals(3), reals(4)),
    "einsum-other": (lambda a, b: torch.einsum("bcxd,cd->bcx", a, b), X, reals(4, 5)),
    "einsum-chw": (lambda a, b: torch.einsum("chw,whr->chr", a, b), X[0], reals(5, 6, 3)),
    "einsum-nchw": (lambda a, b: torch.einsum("nchw,nwhu->nchu", a, b), X, reals(2, 5, 6, 3)),
    "nms": (
        lambda boxes, scores: torch.ops.torchvision.nms(boxes, scores, 0.3),
        BOXES,
        reals(12, seed=6).sigmoid(),
    ),
    "reciprocal": (torch.reciprocal, X.abs() + 20),
    "less_equal": (lambda a, b: ((a <= b).int(), (a > b).int()), WHOLE, WHOLE.flip(0)),
    "quantized": (
        lambda x: torch.quantize_per_tensor(x, 0.03125, 7, torch.quint8).dequantize(),
        (X * 64).round() / 64 + 1 / 256,
    ),
    "gather": (lambda x, i: x.gather(1, i), reals(2, 6), PLACES),
    "take": (lambda x, i: x[i], ROWS, torch.tensor([2, 0])),
    "scatter": (
        lambda x, i, u: x.scatter(1, i, u),
        reals(2, 6),
        torch.tensor([[0, 3], [5, 2]]),
        reals(2, 2, seed=3),
    ),
    "scatter_add": (
        lambda x, i, u: x.scatter_add(1, i, u),
        reals(2, 6),
        PLACES,
        reals(2, 4, seed=3),
    ),
    "index_put": (lambda x, u: index_put(x, u, False), ROWS, torch.tensor([5.0, 6, 5])),
    "index_put-accumulate": (lambda x, u: index_put(x, u, True), ROWS, torch.tensor([5.0, 6, 7])),
    "embedding": (lambda i: functional.embedding(i, ROWS), torch.tensor([[0, 2], [1, 1]])),
    "whole": (lambda a: (a + 3) * a - 5, WHOLE),
    "whole-divide": (lambda a: torch.div(a, 3, rounding_mode="floor"), WHOLE),
    "whole-remainder": (lambda a: (a - 3) % 4, WHOLE),
    "whole-to-float": (lambda a: a.float() / 3, WHOLE),
    "compare": (
        lambda a, b: ((a == b).int(), (a != b).int(), (a >= b).int(), (a < b).int()),
        WHOLE,
        WHOLE.flip(0),
    ),
    "conv1d": module(nn.Conv1d(4, 6, 3, stride=2, padding=2, dilation=2), X[0].permute(1, 0, 2)),
    "conv1d-same": module(nn.Conv1d(6, 6, 4, padding="same", groups=3), X[0]),
    "conv2d-reflect": module(nn.Conv2d(4, 2, 3, padding=1, padding_mode="reflect"), X),
    "conv3d": module(
        nn.Conv3d(2, 4, (2, 3, 2), stride=(1, 2, 1), padding=1, groups=2), reals(1, 2, 4, 5, 6)
    ),
    "conv_transpose1d": module(
        nn.ConvTranspose1d(6, 4, 3, stride=2, padding=1, output_padding=1, groups=2), X[0]
    ),
    "conv_transpose2d": module(
        nn.ConvTranspose2d(4, 6, (3, 2), stride=2, padding=1, dilation=(2, 1), groups=2), X
    ),
    "conv_transpose3d": module(
        nn.ConvTranspose3d(2, 3, 3, stride=2, padding=1), reals(1, 2, 3, 4, 3)
    ),
    "group_norm": module(nn.GroupNorm(2, 4), X),
    "layer_norm": module(nn.LayerNorm([6, 5]), X),
    "instance_norm-affine": module(nn.InstanceNorm2d(4, affine=True), X),
    "batch_norm1d": module(nn.BatchNorm1d(8), ROWS),
    "prelu": module(varied(nn.PReLU(4)), X),
    "bilinear-layer": module(nn.Linear(5, 3, bias=False), X),
    "upsample": module(nn.Upsample(scale_factor=2), IMAGES),
    "nearest": resize("nearest", None, scale_factor=2),
    "nearest-size": resize("nearest", None, size=(11, 5)),
    "bilinear": resize("bilinear", False, scale_factor=2),
    "bilinear-size": resize("bilinear", False, size=(5, 13)),
    "bilinear-corners": resize("bilinear", True, size=(5, 13)),
    "bilinear-part-recomputed": resize(
        "bilinear", False, scale_factor=1.3, recompute_scale_factor=True
    ),
    "affine": (
        lambda x: functional.grid_sample(
            x,
            functional.affine_grid(AFFINE, (2, 3, 7, 8), align_corners=False),
            align_corners=False,
        ),
        IMAGES,
    ),
    **{
        f"grid-{mode}-{padding}-{corners}": grid(mode, padding, corners)
        for mode in ("bilinear", "nearest")
        for padding in ("zeros", "border", "reflection")
        for corners in (True, False)
    },
    "attention": (functional.scaled_dot_product_attention, X, X.flip(2), X.flip(3)),
    "attention-mask": (
        lambda q, k, v, m: functional.scaled_dot_product_attention(q, k, v, m),
        X,
        X.flip(2),
        X.flip(3),
        reals(6, 6, seed=9),
    ),
}

SHAPED = {
    **{name: (function, X) for name, function in {**UNARY, **REDUCTIONS, **MOVES}.items()},
    **TWO,
}
"""Each function with what it is given."""


def case(name: str, target: str) -> Case:
    """The case of a name."""
    function, *inputs = SHAPED[name]
    made = function if isinstance(function, nn.Module) else Function(function)
    return Case(made, [list(inputs)], target=target)


OLD, NEW = "iOS15", "iOS18"
YOUNG = {"pixel_unshuffle", "quantized"}
"""What ios15 has no op for."""

SNIPPETS: dict[str, Callable[[], Case]] = {
    f"{name}-{target.lower()}": lambda name=name, target=target: case(name, target)
    for name in SHAPED
    for target in (OLD, NEW)
    if not (name in YOUNG and target == OLD)
}
"""Every function by name and opset."""
