"""Weight files, through records, references and copying."""

import atheris

with atheris.instrument_imports(include=["milc"]):
    from tests.fuzz import bases, checks

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.harness import fuzz
from tests.fuzz.mutations import mutated_bytes


def check(data: bytes) -> None:
    """One weight file."""
    with TemporaryDirectory() as folder:
        path, out = Path(folder) / "weight.bin", Path(folder) / "out"
        path.write_bytes(data)
        out.mkdir()
        checks.check_weights(path, out)


if __name__ == "__main__":
    fuzz("weights", check, bases.weight_files(), mutated_bytes)
