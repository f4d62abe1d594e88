"""Types as text: reading the two plain forms at once, printing all of them in both dialects."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from milc.diagnostics import Diagnostic, MilError, Source, Span
from milc.diagnostics.prose import nearest
from milc.ir.literals import WEIGHT_FILE
from milc.ir.types import (
    ELEMENT_TYPES,
    MAX_RANK,
    TO_INFER,
    VARIADIC,
    DictType,
    Dim,
    ElementType,
    ListType,
    Shape,
    StateType,
    TensorBufferType,
    TensorType,
    TupleType,
    Type,
    is_sane,
    scalar,
)

MOST_EMPTY_ROWS: Final = 4096
"""More rows than this are not written out for the sake of their brackets."""

BLOBFILE_FORM: Final = (
    f'write `tensor<fp16, [n]>(BLOBFILE(path = string("{WEIGHT_FILE}"), offset = uint64(64)))`'
)

LEFT_OPEN: Final = "_"
"""What stands for the type of a result that is left to inference."""

_plain = re.compile(r"tensor\s*<\s*([a-z0-9]+)\s*,\s*\[([0-9\s,?]*)\]\s*>").fullmatch


def element_type(source: Source, name: str, start: int, end: int) -> ElementType:
    """The element type of this name. Raises MilError, with the nearest known name."""
    known = ELEMENT_TYPES.get(name)
    if known is not None:
        return known
    if name == "BLOBFILE":
        raise bare_blobfile(source, start, end)
    from milc.syntax.hints import NESTED, TYPES, WORDS

    near = TYPES.get(name) or (_nearest(name) if len(name) < 40 else None)
    if near is not None:
        help = f"did you mean `{near}`?"
    elif name in WORDS:
        help = WORDS[name]
    elif source.text[end : end + 2].lstrip(" ").startswith("("):
        help = NESTED
    else:
        help = f"known are {', '.join(ELEMENT_TYPES)}"
    raise MilError(
        Diagnostic("MIL0201", f"`{name}` is no type", Span(source, start, end), help=help)
    )


@lru_cache(maxsize=256)
def _nearest(name: str) -> str | None:
    """The word for a type that is most like another word; finding it is slow."""
    return nearest(name, [*ELEMENT_TYPES, "tensor", "list", "dict", "tuple", "state"])


def bare_blobfile(source: Source, start: int, end: int) -> MilError:
    """A BLOBFILE without the type in front that says what it holds."""
    return MilError(
        Diagnostic(
            "MIL0111",
            "BLOBFILE stands in a typed value",
            Span(source, start, end),
            label="type declaration expected here",
            help=BLOBFILE_FORM,
        )
    )


def tensor_type(
    source: Source, element: ElementType, shape: Shape, start: int, end: int
) -> TensorType:
    """A tensor type, its shape within bounds. Raises MilError."""
    if len(shape) > MAX_RANK:
        message = f"a tensor has at most {MAX_RANK} dimensions, this one has {len(shape)}"
        raise MilError(Diagnostic("MIL0202", message, Span(source, start, end)))
    if not is_sane(element, shape):
        raise MilError(
            Diagnostic(
                "MIL0208",
                f"{source.text[start:end][:80]} is too large: it takes more than 2^40 bytes",
                Span(source, start, end),
            )
        )
    return TensorType(element, shape)


def is_written_bare(type: TensorType) -> bool:
    """Whether a literal without elements is `[]`, for it has no end of rows without any."""
    rows, dims = 1, type.shape or ()
    for dim in dims:
        rows *= dim if isinstance(dim, int) and dim else 1
    return rows > MOST_EMPTY_ROWS and not all(isinstance(dim, int) and dim for dim in dims)


def plain_type(source: Source, text: str, start: int) -> Type:
    """The type that `text`, found at `start`, spells as a tensor or an element. Raises MilError."""
    match = _plain(text)
    if match is None:
        return scalar(element_type(source, text, start, start + len(text)))
    at = start + match.start(1)
    element = element_type(source, match[1], at, at + len(match[1]))
    body = match[2].strip()
    try:
        shape = tuple([_dim(part.strip()) for part in body.split(",")]) if body else ()
    except ValueError:
        raise bad_dimension(source, start + match.start(2), start + match.end(2)) from None
    return tensor_type(source, element, shape, start, start + len(text))


def _dim(text: str) -> Dim:
    return None if text == "?" else int(text)


def bad_dimension(source: Source, start: int, end: int) -> MilError:
    """A dimension that is no length."""
    return MilError(
        Diagnostic(
            "MIL0202",
            f"`{source.text[start:end][:40]}` is no list of dimensions",
            Span(source, start, end),
            help="a dimension is a length of 0 or more, or ? where it is unknown",
        )
    )


_CACHES: Final[dict[str, dict[Type, str]]] = {"1.0": {}, "1.3": {}}


def type_text(type: Type, version: str = "1.3") -> str:
    """A type as text. `1.0` writes rank 0 as `tensor<fp32, []>`, every later version as `fp32`."""
    cache = _CACHES["1.0" if version == "1.0" else "1.3"]
    text = cache.get(type)
    if text is None:
        text = cache[type] = _type_text(type, version)
    return text


def _dim_text(dim: Dim) -> str:
    return "?" if dim is None else "..." if dim is VARIADIC else str(dim)


def _type_text(type: Type, version: str) -> str:
    if isinstance(type, TensorType):
        if type.shape is None:
            return f"tensor<{type.element}, ?>"
        if not type.shape and version != "1.0":
            return type.element.name
        return f"tensor<{type.element}, [{', '.join(map(_dim_text, type.shape))}]>"
    if isinstance(type, ListType):
        return f"list<{type_text(type.element, version)}, {_dim_text(type.length)}>"
    if isinstance(type, DictType):
        return f"dict<{type_text(type.key, version)}, {type_text(type.value, version)}>"
    if isinstance(type, TupleType):
        return f"tuple<{', '.join(type_text(item, version) for item in type.items)}>"
    if isinstance(type, StateType):
        return f"state<{type_text(type.wrapped, version)}>"
    if type is TO_INFER:
        return LEFT_OPEN
    assert isinstance(type, TensorBufferType)
    return repr(type)
