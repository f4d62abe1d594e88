"""Texts through the parser, the verifier, the printers and the formatter."""

import atheris

with atheris.instrument_imports(include=["milc"]):
    from tests.fuzz import bases, checks

from tests.fuzz.harness import fuzz
from tests.fuzz.mutations import mutated_text


def check(data: bytes) -> None:
    """One text; bytes that are no UTF-8 are left out."""
    checks.check_text(data.decode("utf-8", "ignore"))


if __name__ == "__main__":
    texts = bases.texts()
    fuzz(
        "texts",
        check,
        (text.encode() for text in texts),
        lambda data, random: mutated_text(data.decode("utf-8", "ignore"), random, texts).encode(),
    )
