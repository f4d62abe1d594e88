"""Recurrent networks by PyTorch, and the arguments that coremltools' frontend makes of them.

A network is given by its kind, sizes and a seed. Gates lie in PyTorch's order there, and are put in
Core ML's here, as `converters/mil/frontend/torch/ops.py` of coremltools does.
"""

from __future__ import annotations

from typing import Any

import torch

ORDERS = {"lstm": (0, 1, 3, 2), "gru": (0, 2, 1), "rnn": (0,)}
"""Which gate of PyTorch's stands at each place in Core ML's."""


def network(
    kind: str, x: Any, h: Any, c: Any = None, *, double: bool = False, bias: bool = True,
    seed: int = 0, nonlinearity: str = "tanh",
) -> tuple[dict[str, Any], Any]:  # fmt: skip
    """The weights as MIL takes them, and what PyTorch gives: y [S, B, D * H], h and c [B, D * H].

    Of biases both are there: `bias_ih` and `bias_hh`.
    """
    torch.manual_seed(seed)
    directions = 2 if double else 1
    made = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[kind]
    more = {"nonlinearity": nonlinearity} if kind == "rnn" else {}
    size = h.shape[1] // directions
    net = made(x.shape[2], size, bias=bias, bidirectional=double, **more).float()
    with torch.no_grad():
        for each in net.parameters():
            each.uniform_(-1, 1)
        weights = {
            name.replace("_l0", "").replace("_reverse", "_back"): _ordered(kind, each.numpy())
            for name, each in net.named_parameters()
        }
        net = net.double()
        states = [_split(each, directions) for each in (h, c) if each is not None]
        out, last = net(torch.tensor(x).double(), tuple(states) if kind == "lstm" else states[0])
    held = last if kind == "lstm" else (last,)
    return weights, (out.numpy(), *[_joined(each) for each in held])


def _ordered(kind: str, array: Any) -> Any:
    parts = torch.tensor(array).chunk(len(ORDERS[kind]))
    return torch.cat([parts[place] for place in ORDERS[kind]]).numpy()


def _split(state: Any, directions: int) -> Any:
    """[B, D * H] to [D, B, H]."""
    return torch.stack(torch.tensor(state).double().chunk(directions, dim=1))


def _joined(state: Any) -> Any:
    """[D, B, H] to [B, D * H]."""
    return torch.cat(list(state), dim=1).numpy()
