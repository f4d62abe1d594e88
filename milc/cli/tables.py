"""What `milc info` shows to people: tables that fit the terminal. Imports rich."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from milc.diagnostics.prose import many, visible
from milc.driver.inspecting import Feature, FunctionInfo, Info

MOST = 200
"""As many rows of a kind are shown; what is beyond is counted, and `--json` has it."""
UNITS = ("bytes", "kB", "MB", "GB", "TB")


def show(info: Info, out: Console) -> None:
    """Print all of it."""
    out.print(Text(visible(info.path), style="bold"), soft_wrap=True)
    _pairs(out, _head(info))
    for function in info.functions[:MOST]:
        _function(out, function, len(info.functions) == 1)
    if len(info.functions) > MOST:
        titled(out, f"… {len(info.functions) - MOST:,} more functions")
    _operations(out, info)
    _parameters(out, info)
    _pairs(out, _metadata(info), "Metadata")


def size(count: int) -> str:
    """A number of bytes for people: `4.1 MB`."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return many(count, "byte") if unit == 0 else f"{value:.3g} {UNITS[unit]}"


def _head(info: Info) -> Iterator[tuple[str, str]]:
    runs = f", for {', '.join(info.systems)} and later" if info.systems else ""
    yield "format", f"specification version {info.specification_version}{runs}"
    yield "text", f"program({info.text_version})"
    for file in info.weight_files:
        yield "weights", f"{file.path}, {size(file.bytes) if file.bytes is not None else 'missing'}"


def _function(out: Console, function: FunctionInfo, alone: bool) -> None:
    default = ", the default" if function.default and not alone else ""
    table = table_of(("", "name", "type", ""))
    rows = (("input", function.inputs), ("state", function.states), ("output", function.outputs))
    for role, features in rows:
        for place, feature in enumerate(features[:MOST]):
            table.add_row(role if place == 0 else "", *_cells(feature))
        if len(features) > MOST:
            table.add_row("", f"… {len(features) - MOST:,} more")
    about = f"opset {function.opset}, {many(function.operations, 'operation')}{default}"
    titled(out, f"Function {visible(function.name)}", about)
    out.print(table)


def _cells(feature: Feature) -> tuple[str, ...]:
    plain = feature.feature in ("multiArray", "state", None)
    notes = ["optional"] if feature.optional else []
    notes += [] if plain else [" ".join(filter(None, (feature.color, feature.feature)))]
    notes += [_lengths(feature)] if feature.ranges or feature.shapes else []
    notes += [visible(feature.documentation)] if feature.documentation else []
    return visible(feature.name), feature.type, "; ".join(notes)


def _lengths(feature: Feature) -> str:
    """The shapes that a flexible input may have: `1 × 1..128`, `1 × 4 or 1 × 8`."""
    if feature.shapes:
        return " or ".join(" × ".join(map(str, shape)) for shape in feature.shapes)
    return " × ".join(
        str(low) if low == high else f"{low}..{high if high is not None else ''}"
        for low, high in feature.ranges or ()
    )


def _operations(out: Console, info: Info) -> None:
    kinds = {kind: count for kind, count in info.operations.items() if kind != "const"}
    constants = info.operations.get("const", 0)
    more = f", and {many(constants, 'constant')}" if constants else ""
    titled(out, "Operations", f"{sum(kinds.values()):,}{more}")
    listed = [f"{visible(kind)}\u00a0×\u00a0{count:,}" for kind, count in kinds.items()]
    out.print(Padding(Text("  ".join(listed)), (0, 0, 0, 2)))


def _parameters(out: Console, info: Info) -> None:
    if not info.parameters:
        return
    total = sum(entry.bytes for entry in info.parameters)
    count = sum(entry.elements for entry in info.parameters)
    titled(out, "Constant values", f"{count:,} elements, {size(total)}")
    table = table_of(("element", "in", "tensors", "elements", "size"), right=(2, 3, 4))
    for entry in info.parameters:
        table.add_row(
            entry.element, entry.stored, f"{entry.values:,}", f"{entry.elements:,}",
            size(entry.bytes),
        )  # fmt: skip
    out.print(table)


def _metadata(info: Info) -> Iterator[tuple[str, str]]:
    for name, value in info.metadata.items():
        if value:
            yield name.replace("_", " "), value
    yield from info.user_defined.items()
    yield from info.build_info.items()


def _pairs(out: Console, pairs: Iterable[tuple[str, str]], title: str = "") -> None:
    """Names and values in two columns, under a title if there are any."""
    table = Table(box=None, padding=(0, 2), show_header=False)
    table.add_column(style="bright_blue", no_wrap=True)
    table.add_column(overflow="fold")
    held = list(pairs)
    for name, value in held[:MOST]:
        table.add_row(visible(name), "\n".join(map(visible, value.splitlines())))
    if not held:
        return
    if len(held) > MOST:
        table.add_row(f"… {len(held) - MOST:,} more", "")
    if title:
        titled(out, title)
    out.print(table)


def titled(out: Console, title: str, more: str = "") -> None:
    """Print a title above what comes next."""
    out.print()
    out.print(Text.assemble((title, "bold"), f"  {more}" if more else ""))


def shape_of(shape: Iterable[int]) -> str:
    """A shape for people: `1×3×8`, `scalar`."""
    return "×".join(map(str, shape)) or "scalar"


def table_of(names: Iterable[str], right: tuple[int, ...] = (), gap: int = 3) -> Table:
    """An empty table with these columns, some of them of numbers."""
    table = Table(
        box=SIMPLE_HEAD, padding=(0, gap - 1, 0, 0), show_edge=False, header_style="bright_blue"
    )
    for place, name in enumerate(names):
        table.add_column(name, justify="right" if place in right else "left", overflow="fold")
    return table
