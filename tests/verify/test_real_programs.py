"""Programs that others wrote: sound, but for those listed with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from milc.diagnostics import Source, errors
from milc.package.decode import decode_program
from milc.package.proto import model_pb2
from milc.syntax.parse import read
from milc.syntax.print import to_text
from milc.verify import check_links, verify
from tests.models import corpus, oracle_models
from tests.shared import SHARED, needs_shared

if TYPE_CHECKING:
    from collections.abc import Iterable

    from milc.ir.nodes import Program

# Hand-written: a const without a value, and a scalar as the value of a const of rank 4.
MALFORMED = {
    "corpus/mil/luengnat+rustane/models__layer0__layer_0_bwd.mil": {"MIL0310", "MIL0411"},
    "corpus/mil/luengnat+rustane/models__layer0__test_conv_simple.mil": {"MIL0411"},
}

# Written by coremltools in the middle of its passes, and refused by its own loader: squeezes whose
# stored type has another rank than what they give, and a const of symbols, whose value is lost.
UNSOUND = {
    "571593fe4543b4eb05e4dd19/before": {"MIL0311"},
    "f7458a7197f85cb8bfffb2a9/before": {"MIL0311"},
    "4abf01ce68e7f2dbb8c12e37/before": {"MIL0304"},
}


def programs(models: Iterable[tuple[str, bytes]]) -> Iterable[tuple[str, Program]]:
    """The programs of those models that decode without an error."""
    for name, data in models:
        message = model_pb2.Model()
        try:
            message.ParseFromString(data)
        except DecodeError:
            continue
        if message.WhichOneof("Type") != "mlProgram":
            continue
        program, reported = decode_program(message.mlProgram, message.specificationVersion)
        if not errors(reported):
            yield name.removesuffix("/model.mlmodel"), program


def faults(models: Iterable[tuple[str, bytes]]) -> tuple[int, dict[str, set[str]]]:
    """How many programs there were, and the codes of those with errors."""
    count, found = 0, {}
    for name, program in programs(models):
        count += 1
        codes = {finding.code for finding in errors(verify(program))}
        codes |= {"links"} if check_links(program) else set()
        if codes:
            found[name] = codes
    return count, found


@needs_shared
def test_packages_of_the_corpus_are_sound() -> None:
    count, found = faults(corpus())
    assert count > 50
    assert found == {}


@needs_shared
def test_programs_of_the_oracle_are_sound() -> None:
    count, found = faults(oracle_models())
    assert count > 4000
    assert found == UNSOUND


@needs_shared
def test_texts_of_the_corpus_are_sound() -> None:
    found = {}
    paths = sorted((SHARED / "corpus").rglob("*.mil"))
    for path in paths:
        name = str(path.relative_to(SHARED))
        program, reported = read(Source(path.read_text("utf-8"), name))
        codes = {finding.code for finding in errors(verify(program, reported=reported))}
        if codes:
            found[name] = codes
        assert errors(reported) or check_links(program) == [], name
    assert len(paths) > 50
    assert found == MALFORMED


@needs_shared
def test_a_printed_program_is_as_sound_as_the_package() -> None:
    """Nothing that verification says depends on whether a program came as text."""
    for name, program in programs(oracle_models(every=20)):
        again, reported = read(Source(to_text(program), name))
        assert errors(reported) == [], name
        codes = [[finding.code for finding in verify(each)] for each in (program, again)]
        assert sorted(codes[0]) == sorted(codes[1]), name
