"""Write `*_pb2.py` and `*_pb2.pyi` anew from the `.proto` files beside this script.

Run it with a Python that has the dependency group `proto` of pyproject.toml (`make proto`). Those
tools are old on purpose: the code of protoc 25 (grpcio-tools 1.62) asks for no particular runtime,
so it works with every protobuf from 4.25 on, whereas later generators refuse every runtime older
than themselves. Imports nothing of milc.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def generate(out: Path) -> int:
    """Generate below `out`; returns protoc's exit status."""
    plugin = Path(sys.executable).with_name("protoc-gen-mypy")
    arguments = ["protoc", f"--proto_path={ROOT}", f"--python_out={out}", f"--mypy_out=quiet:{out}"]
    sources = map(str, sorted(HERE.glob("*.proto")))
    tool = import_module("grpc_tools.protoc")
    return int(tool.main([*arguments, f"--plugin=protoc-gen-mypy={plugin}", *sources]))


if __name__ == "__main__":
    sys.exit(generate(ROOT))
