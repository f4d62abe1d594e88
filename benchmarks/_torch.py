"""PyTorch running the models of `shared/bench`: their layers and sizes, with random weights.

Runs in the oracle's environment. With the name of a model, `resnet`, `torchvit` or `gpt`, it
answers each line of standard input with the seconds that a call took, the median of five; the first
is made before, and is not counted. Imports nothing of milc.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

CALLS = 5


class Bottleneck(nn.Module):
    """A block of ResNet-50: 1 by 1, 3 by 3, 1 by 1, and what goes around them."""

    def __init__(self, inner: int, width: int, stride: int) -> None:
        super().__init__()
        self.reduce = _normed(inner, width, 1, 1)
        self.conv = _normed(width, width, 3, stride)
        self.expand = _normed(width, 4 * width, 1, 1)
        plain = stride == 1 and inner == 4 * width
        self.around = nn.Identity() if plain else _normed(inner, 4 * width, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.reduce(x))
        y = self.expand(functional.relu(self.conv(y)))
        return functional.relu(y + self.around(x))


def _normed(inner: int, outer: int, kernel: int, stride: int) -> nn.Sequential:
    conv = nn.Conv2d(inner, outer, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outer))


class ResNet(nn.Module):
    """ResNet-50 at an eighth of its width."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _normed(3, 8, 7, 2)
        blocks, inner = [], 8
        for stage, count in enumerate((3, 4, 6, 3)):
            for number in range(count):
                width = 8 << stage
                blocks.append(Bottleneck(inner, width, 2 if stage and not number else 1))
                inner = 4 * width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(inner, 1000)

    def forward(self, image: Tensor) -> Tensor:
        x = functional.max_pool2d(functional.relu(self.stem(image)), 3, 2, 1)
        return functional.softmax(self.head(self.blocks(x).mean((2, 3))), -1)


class Layer(nn.Module):
    """A layer of a transformer of 64 units and 4 heads, norms in front."""

    def __init__(self, approximate: str) -> None:
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(64), nn.LayerNorm(64)])
        self.qkv, self.out = nn.Linear(64, 192), nn.Linear(64, 64)
        self.up, self.down = nn.Linear(64, 256), nn.Linear(256, 64)
        self.approximate = approximate

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        batch, length, units = x.shape
        three = self.qkv(self.norms[0](x)).reshape(batch, length, 3, 4, 16)
        q, k, v = three.permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * 0.25
        scores = scores if mask is None else scores + mask
        mixed = functional.softmax(scores, -1) @ v
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, units))
        inner = functional.gelu(self.up(self.norms[1](x)), approximate=self.approximate)
        return x + self.down(inner)


class VisionTransformer(nn.Module):
    """12 layers over 196 patches and a token."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.patches = _normed(3, 32, 3, 2), nn.Conv2d(32, 64, 8, 8)
        self.token = nn.Parameter(torch.randn(1, 1, 64))
        self.places = nn.Parameter(torch.randn(1, 197, 64))
        self.layers = nn.Sequential(*[Layer("none") for _ in range(12)])
        self.norm, self.head = nn.LayerNorm(64), nn.Linear(64, 100)

    def forward(self, image: Tensor) -> Tensor:
        x = self.patches(functional.silu(self.stem(image))).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.places
        return self.head(self.norm(self.layers(x))[:, 0])


class Gpt(nn.Module):
    """24 layers over 128 tokens of 512, of which each sees those in front of it."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(512, 64)
        self.places = nn.Parameter(torch.randn(1, 128, 64))
        self.layers = nn.ModuleList([Layer("tanh") for _ in range(24)])
        self.norm, self.head = nn.LayerNorm(64), nn.Linear(64, 512, bias=False)
        self.register_buffer("mask", torch.full((128, 128), -1e4).triu(1))

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.places
        for layer in self.layers:
            x = layer(x, self.mask)
        return self.head(self.norm(x))


def made(name: str) -> tuple[nn.Module, Tensor]:
    """A model and an input of it."""
    if name == "gpt":
        return Gpt(), torch.randint(0, 512, (1, 128))
    return (ResNet() if name == "resnet" else VisionTransformer()), torch.randn(1, 3, 224, 224)


def serve(model: Any, given: Tensor) -> None:
    """Answer requests until there are no more."""
    with torch.inference_mode():
        model(given)
        for _ in sys.stdin:
            taken = []
            for _ in range(CALLS):
                start = time.perf_counter()
                model(given)
                taken.append(time.perf_counter() - start)
            print(statistics.median(taken), flush=True)


if __name__ == "__main__":
    torch.manual_seed(0)
    chosen, example = made(sys.argv[1])
    serve(chosen.eval(), example)
