"""How each figure is found: one function a figure, which looks at every item that it is about."""

from __future__ import annotations

import filecmp
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from google.protobuf.message import Message

import milc
from milc.diagnostics import MilError, Source, errors
from milc.ir.compare import difference
from milc.ir.literals import DictLiteral
from milc.ir.walk import walk_ops
from milc.package.model import Model, decode_model, undo_compiler
from milc.package.proto import model_pb2
from milc.syntax.parse import parse, read
from milc.syntax.print import Style, to_text
from tests.corpus import real
from tests.oracle import Oracle

STYLES: tuple[Style, ...] = ("milc", "coremlc")

Outcome = tuple[str, str | None]
"""An item's name, and what is wrong with it or None."""


class Options(NamedTuple):
    """How much to look at, and where to write."""

    folder: Path
    """A folder for what is written on the way."""
    oracle: Oracle | None = None
    """coremltools, if it is there."""
    every: int = 1
    """Of the oracle's models, coremltools is asked about each so manieth."""


# 1. Texts


def texts_parse(options: Options) -> Iterator[Outcome]:
    """Every text parses, and holds what another reader of MIL found in it."""
    listed = real.listed()
    for path in real.texts():
        name = real.name_of(path)
        yield name, _parses(path.read_text("utf-8"), listed.get(name))


def _parses(text: str, listed: real.Listed | None) -> str | None:
    program, findings = read(Source(text))
    if errors(findings):
        return "; ".join(f"{f.span!r} {f.code}".split(":", 1)[1] for f in errors(findings)[:3])
    fine, _ = read(Source(text), plain=False)
    other = difference(program, fine)
    if other is not None:
        return f"read statement by statement it is another program: {other}"
    if listed is None:
        return None
    opsets = ",".join(sorted({function.opset for function in program.functions.values()}))
    found = real.Listed(opsets, f"program({program.version})", sum(1 for _ in walk_ops(program)))
    return None if found == listed else f"found {found}, listed is {listed}"


def texts_print(options: Options) -> Iterator[Outcome]:
    """What Apple's compiler wrote is printed again as it was."""
    for path in real.compiled_texts():
        text = path.read_text("utf-8")
        printed = to_text(parse(text), "coremlc")
        if text == f"{printed}\n":
            problem = "a line break added at its end"
        else:
            problem = _first_difference(printed, text)
        yield real.name_of(path), problem


def texts_format(options: Options) -> Iterator[Outcome]:
    """`milc fmt` proves itself on every text that parses, in both styles."""
    for path in real.texts():
        if errors(read(Source(path.read_text("utf-8")))[1]):
            continue
        problem = None
        try:
            for style in STYLES:
                formatted = milc.format_text(path.read_text("utf-8"), style=style)
                if milc.format_text(formatted, style=style) != formatted:
                    problem = f"{style}: not the same when formatted again"
        except MilError as error:
            problem = str(error)
        yield real.name_of(path), problem


def _first_difference(found: str, wanted: str) -> str | None:
    if found == wanted:
        return None
    pairs = zip(found.splitlines(), wanted.splitlines(), strict=False)
    differing = [number for number, (x, y) in enumerate(pairs, 1) if x != y]
    return f"other lines: {len(differing)}, the first is line {differing[:1]}"


# 2. Packages printed as Apple's compiler prints them


def pairs_print(options: Options) -> Iterator[Outcome]:
    """The text of a package is the compiler's, its own two entries of buildInfo being given."""
    for pair in real.pairs():
        wanted = (pair.bundle / "model.mil").read_text("utf-8")
        info = parse(wanted).attributes["buildInfo"]
        assert isinstance(info, DictLiteral)
        entries = {key.strings[0]: value.strings[0] for key, value in info.entries}  # type: ignore[attr-defined]
        given = {key: value for key, value in entries.items() if key.startswith("coremlc-")}
        model = milc.load(pair.model)
        problem = _first_difference(milc.to_text(model, "coremlc", given), wanted)
        if problem is None:
            problem = _only_entries_missing(milc.to_text(model, "coremlc"), wanted, given)
        yield pair.name, problem


def _only_entries_missing(found: str, wanted: str, given: dict[str, str]) -> str | None:
    """Without the entries given, the text is the compiler's but for these."""
    for key, value in given.items():
        entry = f'{{"{key}", "{value}"}}'
        wanted = wanted.replace(f"{entry}, ", "", 1) if f"{entry}, " in wanted else wanted
        wanted = wanted.replace(f", {entry}", "", 1).replace(entry, "", 1)
    if "buildInfo" not in found:
        wanted = "".join(line for line in wanted.splitlines(True) if not line.startswith("[build"))
    return _first_difference(found, wanted)


# 3. Models there and back


def same_message(
    found: bytes, wanted: bytes, *, program: bool = False, as_set: bool = False
) -> str | None:
    """None if two serialised Model messages are equal, or the programs in them.

    Compared are their bytes in a fixed order, so that a NaN equals itself and no field is left out.
    With `as_set`, the order of a function's inputs does not count where no description gives it.
    """
    if found == wanted:
        return None
    one, other = (model_pb2.Model.FromString(data) for data in (found, wanted))
    if as_set and not _orders_inputs(other.description):
        _sort_inputs(one)
        _sort_inputs(other)
    if _bytes(one.mlProgram) != _bytes(other.mlProgram):
        return "another program"
    return None if program or _bytes(one) == _bytes(other) else "another message"


def _orders_inputs(description: model_pb2.ModelDescription) -> bool:
    """Whether a description tells the order of inputs: it lists states apart from other inputs."""
    described = [description, *description.functions]
    return any(len(d.input) for d in described) and not any(len(d.state) for d in described)


def _sort_inputs(model: model_pb2.Model) -> None:
    for function in model.mlProgram.functions.values():
        function.inputs.sort(key=lambda value: value.name)


def _bytes(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)


def same_weights(found: Path, wanted: Path) -> str | None:
    """None if the model in folder `found` has the weight files of that in `wanted`, all bytes."""
    ours, theirs = _weights(found), _weights(wanted)
    if ours != theirs:
        return f"weight files {sorted(ours)} for {sorted(theirs)}"
    for name in ours:
        if not filecmp.cmp(found / name, wanted / name, shallow=False):
            return f"other bytes in {name}"
    return None


def _weights(folder: Path) -> set[str]:
    """The weight files beside a Model message."""
    return {str(path.relative_to(folder)) for path in folder.glob("weights/**/*") if path.is_file()}


def returns_as_text(model: Model, wanted: bytes) -> str | None:
    """Print, parse and encode a model in both styles."""
    program = model.program
    for style in STYLES:
        again, findings = read(Source(to_text(program, style)))
        if errors(findings):
            return f"{style}: {errors(findings)[0]}"
        if style == "coremlc":
            undo_compiler(again, model.spec.description)
        found = difference(program, again, wire=False, order=style == "milc")
        if found is not None:
            return f"{style}: {found}"
        if not model.program.doc:
            copy = Model(again, model.spec, described=model.described)
            problem = same_message(copy.encode(), wanted, as_set=style == "coremlc")
            if problem is not None:
                return f"{style}: {problem}"
    return None


def models_return(options: Options) -> Iterator[Outcome]:
    """Load, print, parse, encode: an equal Model message."""
    for path in real.models():
        name = real.name_of(path)
        try:
            model = milc.load(path)
        except MilError as error:
            yield name, error.diagnostics[0].code
            continue
        yield name, returns_as_text(model, real.message_in(path).read_bytes())
    with zipfile.ZipFile(real.ARCHIVE) as archive:
        for held in real.archived():
            data = archive.read(held.name)
            yield held.name, returns_as_text(decode_model(data, held.name), data)


def through_folder(model: Path, folder: Path, style: Style) -> str | None:
    """Decompile a model into a folder, compile the folder, and compare all of the package."""
    package = folder / f"{style}.mlpackage"
    milc.decompile(model, folder / style, style=style)
    milc.compile(folder / style, package, verify=False)
    message = real.message_in(package)
    wanted = real.message_in(model)
    problem = same_message(message.read_bytes(), wanted.read_bytes())
    return problem or same_weights(message.parent, wanted.parent)


def _through_folders(model: Path, folder: Path) -> str | None:
    try:
        for style in STYLES:
            problem = through_folder(model, folder, style)
            if problem is not None:
                return f"{style}: {problem}"
    except MilError as error:
        return error.diagnostics[0].code
    return None


def models_return_through_folders(options: Options) -> Iterator[Outcome]:
    """Decompile to disk, compile from there: an equal Model message and the same weight files."""
    for path in real.models():
        with new_folder(options) as folder:
            yield real.name_of(path), _through_folders(real.with_weights(path, folder), folder)
    with zipfile.ZipFile(real.ARCHIVE) as archive:
        for held in real.archived():
            with new_folder(options, small=True) as folder:
                (folder / "from").mkdir()
                model = held.extract(archive, folder / "from")
                yield held.name, _through_folders(model, folder)


MEMORY = Path("/dev/shm")
"""Thousands of small models are written and removed faster here than on a disk."""


@contextmanager
def new_folder(options: Options, small: bool = False) -> Iterator[Path]:
    """A folder that is there for one item, a `small` one in memory where there is room for that."""
    in_memory = small and os.access(MEMORY, os.W_OK)
    with tempfile.TemporaryDirectory(dir=MEMORY if in_memory else options.folder) as folder:
        yield Path(folder)


def coremltools_agrees(options: Options) -> Iterator[Outcome]:
    """coremltools reads what milc wrote wherever it reads the original, and reads the same."""
    for path in real.models():
        with new_folder(options) as folder:
            model = real.with_weights(path, folder)
            yield from _judged(real.name_of(path), model, folder, options)
    with zipfile.ZipFile(real.ARCHIVE) as archive:
        for held in list(real.archived())[:: options.every]:
            with new_folder(options, small=True) as folder:
                (folder / "from").mkdir()
                model = held.extract(archive, folder / "from")
                yield from _judged(held.name, model, folder, options)


def _judged(name: str, model: Path, folder: Path, options: Options) -> Iterator[Outcome]:
    """What coremltools makes of a model, and of the same by way of a decompiled folder.

    Nothing if it does not read the model.
    """
    assert options.oracle is not None
    before = options.oracle.load(model)
    if not before.ok:
        return
    try:
        through_folder(model, folder, "coremlc")
    except MilError as error:
        yield name, error.diagnostics[0].code
        return
    after = options.oracle.load(folder / "coremlc.mlpackage")
    same = after.program == before.program
    yield name, after.error or (None if same else "read as another program")


# 4. Compiled bundles made packages again


def bundles_compile(options: Options) -> Iterator[Outcome]:
    """A bundle compiles to the package that it was compiled from.

    Of a bundle without coremldata.bin the program and the weights are compared.
    """
    for pair in real.pairs():
        with new_folder(options) as folder:
            output = folder / "out.mlpackage"
            problem = None
            try:
                milc.compile(pair.bundle, output)
            except MilError as error:
                problem = str(error)
            if problem is None:
                message, wanted = real.message_in(output), pair.message
                found = message.read_bytes()
                problem = same_message(found, wanted.read_bytes(), program=not pair.described)
                problem = problem or same_weights(message.parent, wanted.parent)
            yield pair.name, problem
