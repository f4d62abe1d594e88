"""The catalog for people: what `milc explain` prints, and docs/diagnostics.md.

`python -m milc.diagnostics.explain > docs/diagnostics.md` writes the page afresh; a test compares
the two. Imports nothing but its neighbours in this room, and no rich.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from itertools import groupby
from textwrap import dedent

from milc.diagnostics.catalog import Entry, entries
from milc.diagnostics.catalog.apple import MESSAGES, Message
from milc.diagnostics.prose import wrap

RANGES = {
    "MIL00": "Running milc",
    "MIL01": "Syntax",
    "MIL02": "Types, literals and names",
    "MIL03": "Operations",
    "MIL04": "Structure",
    "MIL05": "Packages and compiled models",
    "MIL06": "Weight files",
    "MIL07": "Model descriptions",
    "MIL08": "Lints",
    "MIL09": "Running, comparing and optimizing models",
}
"""What the codes that begin alike are about."""

CODE = "    "
"""What a paragraph of code begins with."""

LANGUAGES = {
    "sh": r"\$ ",
    "json": r'[{"]',
    "python": r"from |(?!program\()\w+[.(]",
    "mil": "",
}
"""What an example is written in, by how it begins; the first that fits."""

INTRODUCTION = """\
# Diagnostics

What milc has to say about an input carries a code; this page explains every code, and
`milc explain CODE` prints the same on a terminal. It is made from the catalog in
`milc/diagnostics/catalog/`, with `python -m milc.diagnostics.explain > docs/diagnostics.md`.

An error makes an input unusable, a warning does not. `milc` ends with exit code 0 if it found
nothing but warnings and notes, 1 if it found errors in an input, and 2 if it could not run, which
is an error `MIL00xx`.
"""

APPLE = """\
## Messages of Apple's tools

What Core ML and Apple's compiler say about a model, as people quote it; `…` stands for what
differs. `milc explain` takes such a message too, whole or in part, in quotes.
"""


def explained(entry: Entry | Message, width: int = 80) -> Iterator[tuple[str, str]]:
    """The lines of what `milc explain` says, each with its style: `heading`, `code` or plain."""
    yield from ((line, "heading") for line in wrap(entry.heading, width))
    yield "", ""
    yield from _prose(entry.meaning, width)
    yield "", ""
    yield "Example", "heading"
    yield "", ""
    for line in cleandoc(entry.example).split("\n"):
        yield f"    {line}", "code"
    yield "", ""
    yield "What to do", "heading"
    yield "", ""
    yield from _prose(entry.fix, width)


def explain(entry: Entry | Message, width: int = 80) -> str:
    """What `milc explain` says about a code or a message, as plain text."""
    return "".join(f"{line.rstrip()}\n" for line, _ in explained(entry, width))


def page(catalog: Iterable[Entry]) -> str:
    """The catalog as one Markdown page: a table of what there is, then every code, then Apple's."""
    ranges = [(start, list(group)) for start, group in groupby(catalog, lambda e: e.code[:5])]
    parts = [INTRODUCTION]
    for start, group in ranges:
        parts.append(f"## {start}xx: {RANGES[start]}\n\n| code | meaning |\n| --- | --- |\n")
        parts[-1] += "".join(f"| [{e.code}](#{e.code.lower()}) | {e.title} |\n" for e in group)
        parts += map(section, group)
    parts += [APPLE, *map(_of_apple, MESSAGES)]
    return "\n".join(parts)


def _prose(text: str, width: int) -> Iterator[tuple[str, str]]:
    for i, paragraph in enumerate(_paragraphs(text)):
        if i:
            yield "", ""
        if paragraph.startswith(CODE):
            yield from ((line, "code") for line in paragraph.split("\n"))
        else:
            yield from ((line, "") for line in wrap(paragraph, width))


def _paragraphs(text: str) -> list[str]:
    """Paragraphs, each on one line but for those of code."""
    parts = (cleandoc(text) if text.startswith("\n") else text).strip().split("\n\n")
    return [part if part.startswith(CODE) else " ".join(part.split()) for part in parts]


def section(entry: Entry) -> str:
    """What the page says about a code, in Markdown."""
    head = [f"### {entry.code}", "", f"**{entry.title}**", ""]
    return "\n".join([*head, *_body(entry)])


def _of_apple(message: Message) -> str:
    head = [f"### `{message.said}`", ""]
    return "\n".join([*head, *_body(message)])


def _body(entry: Entry | Message) -> Iterator[str]:
    example = cleandoc(entry.example)
    language = next(name for name, begins in LANGUAGES.items() if re.match(begins, example))
    yield from _markdown(entry.meaning)
    yield from (f"```{language}", example, "```", "")
    yield from _markdown(entry.fix)


def _markdown(text: str) -> Iterator[str]:
    for part in _paragraphs(text):
        yield f"```mil\n{dedent(part)}\n```\n" if part.startswith(CODE) else f"{part}\n"


if __name__ == "__main__":
    sys.stdout.write(page(entries()))
