"""Models on disk, a few of their files changed as the bytes say, through the API and a command."""

import atheris

with atheris.instrument_imports(include=["milc"]):
    from tests.fuzz import checks, command, trees

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.harness import ROOT, fuzz
from tests.fuzz.mutations import Bits, mutated_bytes


def checker(folder: Path) -> Callable[[bytes], None]:
    """A check that draws its model, its changes and its command from the bytes."""
    (folder / "models").mkdir()
    models = trees.make_trees(folder / "models")

    def check(data: bytes) -> None:
        random = Bits(data)
        work, out = folder / "work", folder / "out"
        out.mkdir()
        try:
            path = trees.mutated_tree(random.choice(models), work, random)
            checks.check_path(path, out)
            command.check_command(*command.arguments(path, out, random))
        finally:
            shutil.rmtree(work, ignore_errors=True)
            shutil.rmtree(out)

    return check


if __name__ == "__main__":
    # libFuzzer ends the process without a word, so nothing would remove a temporary folder.
    held = ROOT / ".cache/fuzz/trees-of-models"
    shutil.rmtree(held, ignore_errors=True)
    held.mkdir(parents=True)
    fuzz("trees", checker(held), [bytes(range(256))], mutated_bytes)
