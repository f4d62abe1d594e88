"""`milc opt --list` and docs/passes: what passes there are, listed and as pages.

`python -m milc.driver.passes_reference docs/passes` writes the pages. Imports passes.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, Final, NamedTuple

from milc.diagnostics.gathered import Gathered
from milc.driver.peer_passes import PEERS
from milc.passes import find, modules, names
from milc.passes.base import Pass
from milc.passes.pipelines import ON_REQUEST, PIPELINES, PURPOSES, places

_shown: Final = re.compile(r"```mil\n(.*?)```\s*(becomes.*?)\s*```mil\n(.*?)```", re.DOTALL)


class Line(NamedTuple):
    """A pass in a list."""

    name: str
    purpose: str
    options: dict[str, tuple[str, str]]
    """By name what an option is by default, as JSON, and what it means."""
    pipelines: tuple[str, ...]
    exact: bool

    def as_object(self) -> dict[str, Any]:
        """The same as JSON has it."""
        options = {
            name: {"default": json.loads(default), "doc": doc}
            for name, (default, doc) in self.options.items()
        }
        return {**self._asdict(), "options": options, "pipelines": list(self.pipelines)}


def listing(gathered: Gathered) -> list[Line]:
    """All passes by name, those of others included; what keeps some from being loaded is kept."""
    found = [gathered.take(lambda: find(name)) for name in names()]  # noqa: B023  # at once
    return [line_of(definition) for definition in found if definition is not None]


def line_of(definition: type[Pass]) -> Line:
    """A pass in a list."""
    options = {
        name: (_spelt(option.default), option.doc) for name, option in definition.options.items()
    }
    where = tuple(places(definition.name))
    return Line(definition.name, purpose(definition), options, where, definition.exact)


def purpose(definition: type[Pass]) -> str:
    """What a pass is for: the first sentence of its docstring."""
    first = _prose(definition).partition("\n\n")[0]
    sentence = re.match(r"(.*?[.:])(?:\s|$)", " ".join(first.split()))
    return (sentence[1] if sentence else first).rstrip(".:")


def as_markdown(definition: type[Pass]) -> str:
    """The page of a pass."""
    line = line_of(definition)
    shown = _shown.search(definition.__doc__ or "")
    peer = next((each for each in PEERS if each.partition("::")[2] == line.name), None)
    parts = [f"# {line.name}", _prose(definition)]
    if shown:
        before, becomes, after = shown.groups()
        parts += [f"```mil\n{dedent(before)}```", " ".join(becomes.split())]
        parts += [f"```mil\n{dedent(after)}```"]
    if line.options:
        rows = [f"| `{n}` | `{default}` | {doc} |" for n, (default, doc) in line.options.items()]
        parts.append("\n".join(["| option | default | meaning |", "|---|---|---|", *rows]))
    if line.pipelines:
        where = f"In the pipelines {', '.join(f'`{each}`' for each in line.pipelines)}."
    else:
        where = f"In no pipeline: {ON_REQUEST.get(line.name, 'it is for who asks for it')}."
    said = "Results are the very same." if line.exact else "Rounding may differ in the last digits."
    parts.append(f"{where} {said}" + (f" coremltools has it as `{peer}`." if peer else ""))
    return "\n\n".join(parts) + "\n"


def index_page() -> str:
    """docs/passes.md between its marks: the pipelines, all passes, and coremltools' passes."""
    parts = ["| pipeline | what it does |\n|---|---|"]
    parts[0] += "".join(f"\n| `{name}` | {PURPOSES[name]} |" for name in PIPELINES)
    parts.append("### Passes")
    own = [line_of(definition) for name in modules() if (definition := find(name)) is not None]
    rows = [
        f"| [{line.name}](passes/{line.name}.md) | {line.purpose} | "
        f"{', '.join(line.pipelines) or 'on request'} |"
        for line in own
    ]
    parts.append("\n".join(["| pass | what it does | pipelines |", "|---|---|---|", *rows]))
    parts.append("### The passes of coremltools 9.0")
    parts.append("\n".join(["| pass | in milc |", "|---|---|", *_peers()]))
    return "\n\n".join(parts) + "\n"


def _peers() -> Iterator[str]:
    """A row for each pass of coremltools."""
    for peer, said in PEERS.items():
        name = peer.partition("::")[2]
        if name in modules():
            more = f": {said}" if said else ""
            yield f"| `{peer}` | [{name}](passes/{name}.md){more} |"
        else:
            yield f"| `{peer}` | {said or 'not yet'} |"


MARK: Final = "<!-- made by make pages -->\n"


def with_index(page: str) -> str:
    """docs/passes.md with what is made behind its mark."""
    return page.partition(MARK)[0] + MARK + "\n" + index_page()


def write_pages(folder: Path) -> None:
    """Write the page of each pass into a folder, and the index into the page beside it."""
    folder.mkdir(exist_ok=True)
    pages = {f"{name}.md": as_markdown(_own(name)) for name in modules()}
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    index = folder.with_suffix(".md")
    index.write_text(with_index(index.read_text("utf-8")), encoding="utf-8")


def _own(name: str) -> type[Pass]:
    found = find(name)
    assert found is not None
    return found


def _prose(definition: type[Pass]) -> str:
    """The docstring without its programs."""
    first, _, rest = (definition.__doc__ or "").partition("\n")
    text = f"{first.strip()}\n{dedent(rest)}".strip()
    return re.sub(r"\n{3,}", "\n\n", _shown.sub("", text)).rstrip()


def _spelt(default: Any) -> str:
    held = list(default) if isinstance(default, set | frozenset | tuple) else default
    return json.dumps(held)


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
