"""The descriptions of compiled bundles."""

import atheris

with atheris.instrument_imports(include=["milc"]):
    from tests.fuzz import bases, checks

from tests.fuzz.harness import fuzz
from tests.fuzz.mutations import mutated_bytes

if __name__ == "__main__":
    fuzz("descriptions", checks.check_coremldata, bases.coremldata(), mutated_bytes)
