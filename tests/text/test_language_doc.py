"""docs/language.md: its examples mean what it says, its tables hold, its links lead somewhere.

What a fenced block holds is told by the words behind its fence, as the document's beginning says;
a comment `// error: CODE` or `// warning: CODE` names what is reported about its line, and nothing
else may be.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from milc.diagnostics import Source
from milc.driver.ignoring import silence
from milc.ir.types import ELEMENT_TYPES
from milc.opsets.versions import LADDER, text_version
from milc.package.storage import DTYPE_CODES
from milc.syntax.format import format_text
from milc.syntax.literals import MAX_DEPTH
from milc.syntax.parse import read
from milc.syntax.print import to_text
from milc.verify import verify, verify_structure
from tests.shared import ROOT

DOCUMENT = ROOT / "docs" / "language.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")

INPUTS = (
    "tensor<fp32, [2, 3]> x",
    "tensor<fp32, [2, 3]> w",
    "bool p",
    "int32 n",
    "state<tensor<fp16, [1, 4]>> memory",
)
FRAGMENT = f"program(1.3) {{ func main<ios18>({', '.join(INPUTS)}) {{\n%s\n}} -> (x); }}"
MARK = re.compile(r"// (error|warning): (MIL[0-9]{4})")


class Example(NamedTuple):
    """A fenced block: what it is, where its text begins in the document, and the text."""

    kind: str
    line: int
    text: str

    @property
    def program(self) -> str:
        """A whole program in which no line of the text has moved."""
        if self.kind == "mil":
            return self.text
        # One line stands in front of a fragment, so that line numbers differ by one.
        if self.kind == "mil statements":
            return FRAGMENT % self.text
        form = {"mil type": "%s t%d = made();", "mil value": "made(v = %s);"}[self.kind]
        return FRAGMENT % "\n".join(self.numbered(form))

    def numbered(self, form: str) -> list[str]:
        """Each line, its comment behind it, as a statement of the given form."""
        made = []
        for number, line in enumerate(self.text.splitlines()):
            held, mark, comment = line.partition(" // ")
            values = (held, number) if "%d" in form else (held,)
            made.append(form % values + mark + comment)
        return made

    @property
    def expected(self) -> set[tuple[int, str, str]]:
        """Line, severity and code of everything that is to be reported."""
        lines = enumerate(self.program.splitlines(), 1)
        return {(at, *found.groups()) for at, line in lines for found in MARK.finditer(line)}


def examples() -> list[Example]:
    """Every fenced block of the document."""
    found = re.finditer(r"^```(.*)\n((?:(?!```).*\n)*)```$", TEXT, re.M)
    return [
        Example(match[1], TEXT.count("\n", 0, match.start()) + 2, match[2].rstrip("\n"))
        for match in found
    ]


EXAMPLES = examples()
SOUND = [example for example in EXAMPLES if not any("error" in e for e in example.expected)]


def named(example: Example) -> str:
    """What a failure calls the example: its line in the document."""
    return f"line {example.line}"


def test_every_fence_says_what_it_holds() -> None:
    kinds = {example.kind for example in EXAMPLES}
    assert kinds == {"mil", "mil statements", "mil type", "mil value"}
    assert TEXT.count("```mil") == len(EXAMPLES)
    # Indented blocks are forms with names in capitals, not MIL, and so must hold such.
    for form in re.findall(r"(?:^    \S.*\n)+", re.sub(r"```[\s\S]*?```", "", TEXT), re.M):
        assert re.search(r"[A-Z]{3}", form), form


def test_fragments_stand_where_the_document_says() -> None:
    beginning = " ".join(TEXT[: TEXT.index("Contents:")].split())
    assert re.findall(r"`([^`]+ [a-z]+)`", beginning[beginning.index("that takes") :])[:5] == list(
        INPUTS
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_an_example_is_reported_as_it_says(example: Example) -> None:
    source = Source(example.program, "language.md")
    program, findings = read(source)
    # `made`, which a type or value stands in, is no op: only the structure is looked at there.
    check = verify if example.kind in ("mil", "mil statements") else verify_structure
    findings = silence(findings + check(program, reported=findings), source)
    assert all(finding.span is not None for finding in findings)
    reported = {
        (finding.span.source.position(finding.span.start)[0], finding.severity, finding.code)
        for finding in findings
        if finding.span is not None
    }
    assert reported == example.expected, [str(finding.message) for finding in findings]


@pytest.mark.parametrize("example", SOUND, ids=named)
def test_a_sound_example_is_printed_and_read_again(example: Example) -> None:
    program, _ = read(Source(example.program, "language.md"))
    for style in ("milc", "coremlc"):
        printed = to_text(program, style)
        assert to_text(read(Source(printed, "again"))[0], style) == printed


@pytest.mark.parametrize("example", [e for e in SOUND if e.kind == "mil"], ids=named)
def test_whole_programs_stand_in_the_house_style(example: Example) -> None:
    assert format_text(example.text + "\n") == example.text + "\n"


def test_the_table_of_element_types() -> None:
    rows = re.findall(r"^\| ((?:`[a-z0-9]+` ?)+)\| ([0-9, –]+) \|.*\| (✓?) ?\|$", TEXT, re.M)
    listed = {}
    for names, bits, tick in rows:
        elements = re.findall(r"`([a-z0-9]+)`", names)
        sizes = [size.strip() for size in bits.split(",")]
        for number, name in enumerate(elements):
            listed[name] = (sizes[number if len(sizes) > 1 else 0], bool(tick))
    assert listed == {
        name: (str(element.bits or "–"), element in DTYPE_CODES)
        for name, element in ELEMENT_TYPES.items()
    }


def test_the_table_of_opsets() -> None:
    rows = re.findall(r"^\| `(ios\d+)` \| (\w+) \| (\d+) \| ([\d.]+) \| (.+) \|$", TEXT, re.M)
    assert rows == [
        (
            version.tag,
            version.protobuf,
            str(version.specification),
            text_version(version.specification),
            ", ".join(version.systems[:2]),
        )
        for version in LADDER
    ]


def test_the_bounds() -> None:
    assert TEXT.count(f"| {MAX_DEPTH} deep |") == 3


def test_links() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", TEXT, re.M)
    }
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXT):
        path, _, anchor = target.partition("#")
        assert not anchor or anchor in headings, target
        assert not path or Path(DOCUMENT.parent, path).exists(), target
