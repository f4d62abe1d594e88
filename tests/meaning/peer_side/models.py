"""Networks in PyTorch, each small, with what they are run on.

A maker gives a `Case`. Weights that will be compressed lie where compressing loses nothing, so that
what PyTorch computes is what the compressed model has to compute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional


@dataclass
class Case:
    """A network, its inputs in each step, and what its conversion is told.

    `flexible` has the dimensions of an input that may be of any length, `states` the buffers that
    it keeps, `compress` how the weights of the converted model are stored.
    """

    module: nn.Module
    steps: list[list[Any]]
    flexible: dict[int, list[int]] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    compress: Callable[[Any], Any] | None = None
    target: str = "iOS15"


def reals(*shape: int, seed: int = 0) -> torch.Tensor:
    """Numbers that look random, of about 1."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def of(module: nn.Module, *inputs: Any, **options: Any) -> Case:
    """A case of one step."""
    return Case(module, [list(inputs)], **options)


class ConvNet(nn.Module):
    """Convolutions plain, strided, dilated, depthwise; batch norms, poolings, residuals."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU6()
        )
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.pointwise = nn.Conv2d(8, 16, 1)
        self.wide = nn.Conv2d(16, 16, (3, 5), padding=(2, 4), dilation=2, groups=2)
        self.head = nn.Linear(16, 5)
        for norm in (self.stem[1], self.norm):
            norm.running_mean.copy_(reals(8, seed=1))
            norm.running_var.copy_(reals(8, seed=2).abs() + 0.5)

    def forward(self, x: Any) -> Any:
        x = functional.max_pool2d(self.stem(x), 3, stride=2, padding=1)
        x = functional.hardswish(self.pointwise(functional.silu(self.norm(self.depthwise(x)))))
        x = x + functional.leaky_relu(self.wide(x), 0.1)
        x = functional.avg_pool2d(x, 2, stride=2, ceil_mode=True, count_include_pad=False)
        return self.head(functional.adaptive_avg_pool2d(x, 1).flatten(1)).softmax(-1)


class Block(nn.Module):
    """Attention, written out, and a layer of two products."""

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width, eps=1e-3)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Any) -> Any:
        n, length, width = x.shape
        parts = self.qkv(self.first(x)).view(n, length, 3, self.heads, width // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) / (width // self.heads) ** 0.5
        if self.causal:
            scores = scores.masked_fill(torch.ones(length, length).triu(1).bool(), -1e4)
        x = x + self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, length, width))
        return x + self.down(functional.gelu(self.up(self.second(x))))


class Transformer(nn.Module):
    """Embeddings, blocks of attention, and the products with the embeddings as scores."""

    def __init__(self, causal: bool = True) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(40, 16), nn.Embedding(12, 16)
        self.blocks = nn.Sequential(Block(16, 4, causal), Block(16, 2, causal))
        self.norm = nn.LayerNorm(16)

    def forward(self, tokens: Any) -> Any:
        x = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        return self.norm(self.blocks(x)) @ self.words.weight.T


class Encoder(nn.Module):
    """PyTorch's own layer of a transformer, with the activation of GPT."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)
        self.up = nn.Linear(16, 16)

    def forward(self, x: Any) -> Any:
        x = x + self.attention(x, x, x, need_weights=False)[0]
        x = functional.scaled_dot_product_attention(x, x, x, is_causal=True)
        return functional.gelu(self.up(x), approximate="tanh")


class Recurrent(nn.Module):
    """A recurrent network of two layers, both ways, with all that it returns."""

    def __init__(self, kind: type[nn.Module], both: bool, layers: int = 1) -> None:
        super().__init__()
        self.net = kind(6, 5, num_layers=layers, bidirectional=both, batch_first=True)

    def forward(self, x: Any) -> Any:
        y, state = self.net(x)
        return (y, *state) if isinstance(state, tuple) else (y, state)


class UNet(nn.Module):
    """Down, up by each way of resizing, and across."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)
        self.low = nn.Conv2d(8, 8, 3, padding=1)
        self.up = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1)
        self.out = nn.Conv2d(4 + 4 + 8, 2, 1)

    def forward(self, x: Any) -> Any:
        a = functional.relu(self.down1(x))
        b = functional.instance_norm(self.down2(functional.max_pool2d(a, 2)))
        c = functional.elu(self.low(functional.avg_pool2d(b, 2)))
        c = functional.interpolate(c, scale_factor=2, mode="bilinear", align_corners=False)
        d = functional.interpolate(b + c, scale_factor=2, mode="nearest")
        e = functional.interpolate(self.up(b), size=(16, 20), mode="bilinear", align_corners=True)
        return torch.sigmoid(self.out(torch.cat([a, d, e], 1)))


class Resizing(nn.Module):
    """Down, and back to twice the size that it then has, whatever that is."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 4, 3, stride=2, padding=1)

    def forward(self, x: Any) -> Any:
        x = self.down(x)
        size = (x.shape[2] * 2, x.shape[3] * 2)
        y = functional.interpolate(x, size=size, mode="bilinear", align_corners=False)
        return y * functional.interpolate(x, scale_factor=2, mode="nearest")


class Decoder(nn.Module):
    """Attention over all tokens so far, whose keys and values two buffers keep."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.norm = nn.Embedding(20, 8), nn.LayerNorm(8)
        self.q, self.k, self.v, self.out = (nn.Linear(8, 8) for _ in range(4))
        self.register_buffer("keys", torch.zeros(1, 10, 8))
        self.register_buffer("values", torch.zeros(1, 10, 8))

    def forward(self, tokens: Any, mask: Any) -> Any:
        end = mask.shape[-1]
        begin = end - tokens.shape[1]
        x = self.words(tokens)
        self.keys[:, begin:end, :] = self.k(self.norm(x))
        self.values[:, begin:end, :] = self.v(self.norm(x))
        scores = self.q(x) @ self.keys[:, :end, :].transpose(1, 2) / 8**0.5 + mask
        return self.out(x + scores.softmax(-1) @ self.values[:, :end, :])


class Counter(nn.Module):
    """A running sum and a running mean, in states of a fixed shape."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(3))

    def forward(self, x: Any) -> Any:
        self.total.mul_(0.5)
        self.total.add_(x)
        return self.total * 2.0


class Compressible(nn.Module):
    """A convolution and two products whose weights are given."""

    def __init__(self, weights: Callable[[tuple[int, ...]], torch.Tensor]) -> None:
        super().__init__()
        self.conv, self.first, self.second = (
            nn.Conv2d(16, 32, 3, padding=1),
            nn.Linear(64, 64),
            nn.Linear(64, 32),
        )
        for layer in (self.conv, self.first, self.second):
            layer.weight.data = weights(tuple(layer.weight.shape))

    def forward(self, x: Any) -> Any:
        x = functional.relu(self.conv(x)).flatten(2).mean(-1).repeat(1, 2)
        return self.second(functional.relu(self.first(x)))


def whole(limit: int, block: int = 0) -> Callable[[tuple[int, ...]], torch.Tensor]:
    """Weights that are whole multiples of 2 ** -6, up to `limit`, which each row or block has."""

    def made(shape: tuple[int, ...]) -> torch.Tensor:
        generator = torch.Generator().manual_seed(len(shape))
        found = torch.randint(-limit, limit + 1, shape, generator=generator)
        rows = found.view(-1, block) if block else found.view(shape[0], -1)
        rows[:, 0] = limit
        return found.float() / 64

    return made


def few(count: int) -> Callable[[tuple[int, ...]], torch.Tensor]:
    """Weights of so few values, at even distances."""

    def made(shape: tuple[int, ...]) -> torch.Tensor:
        generator = torch.Generator().manual_seed(len(shape))
        return torch.randint(-(count // 2), (count + 1) // 2, shape, generator=generator) / 64

    return made


def sparse(
    weights: Callable[[tuple[int, ...]], torch.Tensor],
) -> Callable[[tuple[int, ...]], torch.Tensor]:
    """Weights that are zero in half the places, but not in the first of a row."""

    def made(shape: tuple[int, ...]) -> torch.Tensor:
        kept = torch.rand(shape, generator=torch.Generator().manual_seed(1)) < 0.5
        kept.view(shape[0], -1)[:, 0] = True
        return weights(shape) * kept

    return made


def linear(dtype: str, **options: Any) -> Callable[[Any], Any]:
    """Compression to whole multiples of a scale."""
    return lambda cto: (
        cto.linear_quantize_weights,
        cto.OpLinearQuantizerConfig(
            mode="linear_symmetric", dtype=dtype, weight_threshold=64, **options
        ),
    )


def palettized(**options: Any) -> Callable[[Any], Any]:
    """Compression to places in a table."""
    return lambda cto: (
        cto.palettize_weights,
        cto.OpPalettizerConfig(weight_threshold=64, **options),
    )


def pruned() -> Callable[[Any], Any]:
    """Compression to what is not zero, and where it is."""
    return lambda cto: (
        cto.prune_weights,
        cto.OpThresholdPrunerConfig(
            threshold=1e-6, minimum_sparsity_percentile=0.2, weight_threshold=64
        ),
    )


def both(*several: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """One compression, and others of what it made."""
    return lambda cto: [each(cto) for each in several]


def compressed(
    weights: Callable[[tuple[int, ...]], torch.Tensor],
    compress: Callable[[Any], Any],
    target: str = "iOS18",
) -> Case:
    """The compressible network with such weights."""
    return of(Compressible(weights), reals(2, 16, 6, 5), compress=compress, target=target)


def decoding() -> Case:
    """Three steps: a prompt of four tokens, then one token at a time."""
    tokens = torch.tensor([[3, 14, 15, 9, 2, 6]])
    steps = []
    for begin, end in ((0, 4), (4, 5), (5, 6)):
        mask = torch.zeros(1, end - begin, end)
        mask.masked_fill_(torch.ones(end - begin, end).triu(1 + begin).bool(), -1e4)
        steps.append([tokens[:, begin:end], mask])
    flexible = {0: [1], 1: [1, 2]}
    return Case(Decoder(), steps, flexible, states=["keys", "values"], target="iOS18")


def counting() -> Case:
    """Four steps of a sum."""
    return Case(Counter(), [[reals(3, seed=n)] for n in range(4)], states=["total"], target="iOS18")


def flexible(module: nn.Module, dims: list[int], *sizes: tuple[int, ...]) -> Case:
    """One input, in several sizes."""
    return Case(module, [[reals(*size)] for size in sizes], {0: dims})


TOKENS = torch.tensor([[1, 5, 39, 0, 7, 7, 22, 8], [2, 2, 3, 38, 11, 0, 1, 17]])

MODELS: dict[str, Callable[[], Case]] = {
    "convnet": lambda: of(ConvNet(), reals(2, 3, 24, 28)),
    "transformer": lambda: of(Transformer(), TOKENS),
    "transformer-ios18": lambda: of(Transformer(causal=False), TOKENS, target="iOS18"),
    "encoder": lambda: of(Encoder(), reals(2, 7, 16), target="iOS18"),
    "encoder-ios15": lambda: of(Encoder(), reals(2, 7, 16)),
    "lstm": lambda: of(Recurrent(nn.LSTM, False, 2), reals(2, 7, 6)),
    "lstm-bidirectional": lambda: of(Recurrent(nn.LSTM, True), reals(2, 7, 6)),
    "gru": lambda: of(Recurrent(nn.GRU, False, 2), reals(2, 7, 6)),
    "gru-bidirectional": lambda: of(Recurrent(nn.GRU, True), reals(2, 7, 6)),
    "rnn": lambda: of(Recurrent(nn.RNN, False), reals(2, 7, 6)),
    "unet": lambda: of(UNet(), reals(1, 3, 16, 20)),
    "unet-ios17": lambda: of(UNet(), reals(1, 3, 16, 20), target="iOS17"),
    "decoder": decoding,
    "counter": counting,
    "linear-8-bit": lambda: compressed(whole(127), linear("int8"), "iOS16"),
    "linear-8-bit-ios18": lambda: compressed(whole(127), linear("int8")),
    "linear-4-bit-blocks": lambda: compressed(
        whole(7, 16), linear("int4", granularity="per_block", block_size=16)
    ),
    "palettized": lambda: compressed(few(16), palettized(mode="unique"), "iOS16"),
    "palettized-ios18": lambda: compressed(few(5), palettized(mode="unique")),
    "palettized-groups": lambda: compressed(
        few(8),
        palettized(mode="uniform", nbits=3, granularity="per_grouped_channel", group_size=16),
    ),
    "pruned": lambda: compressed(sparse(few(64)), pruned(), "iOS16"),
    "pruned-ios18": lambda: compressed(sparse(few(64)), pruned()),
    "pruned-palettized": lambda: compressed(
        sparse(few(16)), both(pruned(), palettized(mode="unique"))
    ),
    "pruned-linear": lambda: compressed(sparse(whole(127)), both(pruned(), linear("int8"))),
    "flexible-transformer": lambda: Case(
        Transformer(causal=False), [[TOKENS], [TOKENS[:1, :3]], [TOKENS[:, 2:7]]], {0: [0, 1]}
    ),
    "flexible-resizing": lambda: flexible(Resizing(), [2, 3], (1, 3, 8, 10), (1, 3, 13, 9)),
    "flexible-convnet": lambda: flexible(
        ConvNet(), [0, 2, 3], (1, 3, 24, 24), (3, 3, 30, 26), (2, 3, 25, 41)
    ),
    "flexible-lstm": lambda: flexible(
        Recurrent(nn.LSTM, True), [1], (2, 4, 6), (2, 9, 6), (2, 1, 6)
    ),
    "flexible-encoder": lambda: flexible(Encoder(), [0, 1], (1, 4, 16), (3, 9, 16)),
}
"""Every network by name."""


def as_arrays(values: Any) -> list[Any]:
    """What a network returns, as arrays."""
    several = values if isinstance(values, tuple | list) else (values,)
    return [np.array(each.detach().numpy()) for each in several]
