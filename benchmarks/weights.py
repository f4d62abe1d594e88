"""A model of 1 GB made and taken apart, against `cp` of its weights; and the memory that takes.

64 blobs of 16 MB in one weight file, each a constant of the program. Written before, so the weights
are in the page cache for `cp` as for milc; what earlier rounds wrote is on the disk before the next
begins, and each writes into new files.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import count
from multiprocessing import Process
from pathlib import Path

from benchmarks._measure import alternate, folder, install, options, ratio, shown, watch
from milc.ir.types import FP16
from milc.package.weights import BlobWriter

WANTED = 1.3
WANTED_MB = 150
BLOBS = 64
ELEMENTS = 8 << 20
QUICK = 1 << 10
"""Elements of a blob with --quick."""


def make_model(place: Path, elements: int) -> None:
    """Write model.mil and its weights into `place`, each blob with bytes of its own."""
    (place / "weights").mkdir(parents=True)
    statements = []
    numbers = bytes(range(251)) * (elements * 2 // 251 + 2)
    with BlobWriter(place / "weights/weight.bin") as writer:
        for number in range(BLOBS):
            offset = writer.append(FP16, memoryview(numbers)[number : number + elements * 2])
            statements.append(
                f'tensor<fp16, [{elements}]> w{number} = const()[name = string("w{number}"), '
                f"val = tensor<fp16, [{elements}]>(BLOBFILE(path = "
                f'string("@model_path/weights/weight.bin"), offset = uint64({offset})))];'
            )
    for number in range(BLOBS):
        before = f"y{number - 1}" if number else "x"
        name = f"y{number}" if number < BLOBS - 1 else "y"
        statements.append(
            f"tensor<fp16, [{elements}]> {name} = add(x = {before}, y = w{number})[name = "
            f'string("{name}")];'
        )
    body = "\n        ".join(statements)
    (place / "model.mil").write_text(
        f"program(1.3)\n{{\n    func main<ios18>(tensor<fp16, [{elements}]> x) {{\n"
        f"        {body}\n    }} -> (y);\n}}\n"
    )


def main() -> None:
    given = options(__doc__)
    with folder() as place:
        milc = install(place / "env").milc
        # By another process: what is asked for the memory of a process also counts that of the one
        # that started it.
        maker = Process(target=make_model, args=(place, QUICK if given.quick else ELEMENTS))
        maker.start()
        maker.join()
        text, weights = place / "model.mil", place / "weights/weight.bin"
        package = place / "kept.mlpackage"
        peaks = {
            "milc compile": watch(milc, "compile", text, "-o", package).peak,
            "milc decompile": watch(milc, "decompile", package, "-o", place / "taken").peak,
        }
        shutil.rmtree(place / "taken")
        number = count()

        def side(*command: str | Path, suffix: str = "") -> Callable[[], float]:
            def run() -> float:
                target = place / f"{next(number)}{suffix}"
                seconds = watch(*command, target).seconds
                shutil.rmtree(target) if target.is_dir() else target.unlink()
                os.sync()
                return seconds

            return run

        taken = alternate(
            {
                "cp of the weights": side("cp", weights),
                "milc compile": side(milc, "compile", text, "-o", suffix=".mlpackage"),
                "milc decompile": side(milc, "decompile", package, "-o"),
            },
            given.repeats,
        )
        print(f"  weights of {weights.stat().st_size / 1e6:.0f} MB")
    for name, seconds in taken.items():
        print(f"  {name}: {shown(seconds)}")
    for name, peak in peaks.items():
        given.within(name, ratio(taken[name], taken["cp of the weights"]), WANTED)
        given.within(f"{name}, memory", peak / 1e6, WANTED_MB, "MB")


if __name__ == "__main__":
    main()
