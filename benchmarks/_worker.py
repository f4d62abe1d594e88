"""Another Python that measures on request: milc in one, coremltools in the other.

Run with the module to use, `milc` or `coremltools`, and the package to load. It answers each line
of standard input, `load`, `save PATH` or, of milc, `verify` (what was loaded) and `check` (the
package, from reading on), with the seconds that it took. With `once` as a further argument it loads
once and ends, as a user's script would; with a path behind that, it saves there too.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple


class Library(NamedTuple):
    """Package to program, and a program to a package; what is wrong with a program or a package."""

    load: Callable[[str], Any]
    save: Callable[[Any, str], None]
    verify: Callable[[Any], object] | None = None
    check: Callable[[str], object] | None = None


def milc() -> Library:
    """milc's own."""
    import milc
    from milc.driver.checking import verify_file
    from milc.driver.reading import reader
    from milc.verify import verify

    def find(model: milc.Model) -> object:
        return verify(model.program, read=reader(model.weights))

    return Library(milc.load, milc.save, find, verify_file)


def coremltools() -> Library:
    """coremltools' own: protobuf and program both ways, weights, and the package's folder."""
    # It imports PyTorch where that is installed, for what nobody asks it here.
    sys.modules["torch"] = None  # type: ignore[assignment]  # so that importing it fails
    from coremltools.converters.mil.backend.mil.load import load as export
    from coremltools.converters.mil.frontend.milproto.load import load as read
    from coremltools.models.utils import load_spec, save_spec

    sys.setrecursionlimit(10_000)

    def load(package: str) -> tuple[Any, int]:
        spec = load_spec(package)
        weights = f"{package}/Data/com.apple.CoreML/weights"
        version = spec.specificationVersion
        return read(spec, specification_version=version, file_weights_dir=weights), version

    def save(held: tuple[Any, int], package: str) -> None:
        import tempfile

        program, version = held
        with tempfile.TemporaryDirectory() as weights:
            spec = export(program, specification_version=version, weights_dir=weights)
            save_spec(spec, package, weights_dir=weights)

    return Library(load, save)


LIBRARIES = {"milc": milc, "coremltools": coremltools}


def serve(library: Library, package: str) -> None:
    """Answer requests until there are no more."""
    held: Any = None
    for line in sys.stdin:
        call, _, target = line.rstrip("\n").partition(" ")
        if call == "load":
            held = None
        gc.collect()
        start = time.perf_counter()
        if call == "load":
            held = library.load(package)
        elif call == "save":
            library.save(held, target)
        elif call == "verify" and library.verify is not None:
            library.verify(held)
        elif call == "check" and library.check is not None:
            library.check(package)
        else:
            raise ValueError(call)
        print(time.perf_counter() - start, flush=True)


class Worker(AbstractContextManager["Worker"]):
    """The process, seen from a benchmark."""

    def __init__(
        self,
        python: Path,
        *arguments: str | Path,
        environment: dict[str, str],
        script: str | Path = __file__,
    ) -> None:
        command = [str(word) for word in (python, "-W", "ignore", script, *arguments)]
        pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=quiet, text=True, bufsize=1, env=environment
        )

    def ask(self, request: str) -> float:
        """The seconds that a request took. Raises RuntimeError if there is no answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{request}\n")
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._process.args} gave no answer to {request}")
        return float(answer)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()


if __name__ == "__main__":
    chosen = LIBRARIES[sys.argv[1]]()
    if sys.argv[3:4] == ["once"]:
        program = chosen.load(sys.argv[2])
        if sys.argv[4:]:
            chosen.save(program, sys.argv[4])
    else:
        serve(chosen, sys.argv[2])
