"""Write `*_pb2.py` and `*_pb2.pyi` anew from the `.proto` files beside this script.

    python milc/package/proto/generate.py

The tools are pinned and live in an environment made for the occasion: the code of protoc 25 (in
grpcio-tools 1.62) asks for no particular runtime, so it works with every protobuf from 4.25 on,
whereas later generators refuse every runtime older than themselves. The last Python with a wheel
of that grpcio-tools is 3.12. Imports nothing of milc.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

# grpc_tools 1.62 imports pkg_resources, which setuptools 81 dropped.
TOOLS = ("grpcio-tools==1.62.3", "mypy-protobuf==3.6.0", "protobuf==4.25.9", "setuptools<81")
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def generate(python: Path, out: Path) -> None:
    """Generate below `out` with the tools of `python`. Raises CalledProcessError if protoc fails."""
    subprocess.run(
        [
            python, "-m", "grpc_tools.protoc", f"--proto_path={ROOT}", f"--python_out={out}",
            f"--plugin=protoc-gen-mypy={python.parent / 'protoc-gen-mypy'}",
            f"--mypy_out=quiet:{out}", *sorted(HERE.glob("*.proto")),
        ],
        check=True,
    )  # fmt: skip


def main() -> None:
    """Make the environment, generate, forget the environment."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "Scripts" if sys.platform == "win32" else "bin", "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *TOOLS], check=True)
        generate(python, ROOT)


if __name__ == "__main__":
    main()
