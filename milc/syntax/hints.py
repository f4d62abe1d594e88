"""What people who know another language write, and what it is in MIL: the help of syntax errors.

A text is compared with these when something is already known to be wrong with it. Imports nothing.
"""

from __future__ import annotations

import re
from typing import Final

SEEN: Final = 200
"""Characters before an error that are looked at."""

TYPES: Final = {
    "boolean": "bool", "i1": "bool", "str": "string", "char": "string",
    "half": "fp16", "float16": "fp16", "f16": "fp16",
    "float": "fp32", "single": "fp32", "float32": "fp32", "f32": "fp32",
    "double": "fp64", "float64": "fp64", "f64": "fp64", "bfloat16": "bf16",
    "int": "int32", "long": "int64", "short": "int16", "byte": "uint8",
    "i4": "int4", "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64",
    "u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64",
}  # fmt: skip
"""Element types by the names that they have elsewhere."""

WORDS: Final = {
    "return": "what a block gives stands behind its closing brace: `} -> (y);`",
    "func": "the function before it ends in `} -> (…);`",
}
"""What to do about words that stand where a type is wanted."""

NESTED: Final = "an operation is a statement: name its result, and give the name as argument"

LITERALS: Final = {
    "True": "true", "TRUE": "true", "False": "false", "FALSE": "false",
    "NaN": "nan", "NAN": "nan", "Nan": "nan",
    "Inf": "inf", "INF": "inf", "Infinity": "inf", "infinity": "inf", "INFINITY": "inf",
}  # fmt: skip
"""Words for values by the spellings that they have elsewhere."""

_NAME: Final = r"(?:[A-Za-z_]\w*+|`[^`\n]*+`)"
_NO_NAME: Final = (
    "a name is letters of ASCII, digits and `_`, no digit first; any other stands in back-quotes"
)
_CONSTANT: Final = "a constant is an operation: `TYPE a = const()[val = TYPE(…)];`"
_BEFORE_AND_AT: Final = (
    (r"\bprogram\s*+", r"[^\s(]", "write the version of the text: `program(1.3)`"),
    (rf"\bfunc\s++{_NAME}\s*+", r"\(", "write the opset behind the name, such as `main<ios18>`"),
    (r"->\s*+", r"\w", "outputs stand in parentheses: `-> (y)`"),
    (r"->\s*+\([^()]*+", r"<", "outputs are names, without types"),
    (rf"(?:\A|[;{{}}])\s*+{_NAME}\s*+", r"=", "each result has its type in front: `TYPE y = …`"),
    (r"<\s*+\w++\s*+,\s*+", r"\(", "a shape stands in square brackets: `[2, 3]`"),
    (rf"\(\s*+(?:[^()]*?,\s*+)?{_NAME}\s*+", r":", "a type stands before its name: `TYPE x`"),
    (rf"=\s*+\w++\s*+\((?:[^()]*?,)?\s*+{_NAME}\s*+", r"[,)]", "give arguments by name: `x = …`"),
    (r",\s*+", r"[)\]}>]", "leave out the comma before it"),
    (rf"[(,]\s*+{_NAME}\s*+=\s*+{_NAME}\s*+", r"\[", "close the arguments with `)`"),
    (rf"=\s*+{_NAME}\s*+", r"\[", "arguments stand before attributes; `()` if there are none"),
    (rf"[\w>\]]\s++{_NAME}\s*+=\s*+\w++\s*+\(\s*+", r"[-+.\d\"\[{]", _CONSTANT),
    (rf"[\w>]\s++{_NAME}\s*+=\s*+{_NAME}\s*+", r";", "what is the operation? `identity(x = …)`"),
    (rf"{_NAME}\s*+", r"-(?!>)|[+*/&|]", "MIL has no operators; such as `add(x = a, y = b)`"),
    (r"\{\s*+\"[^\"\n]*+\"\s*+", r":", "an entry of a dict is `{key, value}`"),
    (r"\btensor\s*+<\s*+\w++\s*+", r">", "a tensor has a shape, `[]` if it is a scalar"),
    (r"\blist\s*+<[^;]*?", r">", "a list has a length, `?` where it is unknown"),
    (r"\btensor\s*+<\s*+\w++\s*+,\s*+\[[^\]]*+", r"[A-Za-z_*]", "`?` is an unknown dimension"),
    (r"\w", r"\.\w|[^\W\d_]", _NO_NAME),
    (r"[\w>]\s++", r"[^\W\d_a-zA-Z]|\d++\w*+\s*+[,=]", _NO_NAME),
)
_HINTS: Final = [
    (re.compile(rf"(?:{before})\Z"), re.compile(at), help) for before, at, help in _BEFORE_AND_AT
]


def hint(text: str, at: int) -> str | None:
    """What would mend the text, in which something else is expected at `at`; None if unknown."""
    before = text[max(at - SEEN, 0) : at]
    for ending, start, help in _HINTS:
        if start.match(text, at) and ending.search(before):
            return help
    return None


_names = re.compile(rf"\[\s*+{_NAME}(?:\s*+,\s*+{_NAME})*+\s*+\]").fullmatch
_float = re.compile(r"[^.\[]*[.]|[+-]?\d+e|[+-]?0x[^,]*p|[+-]?(?:inf|nan)\b", re.I).match


def typed(text: str) -> str:
    """How a literal without a type might be meant."""
    inside = text.strip("[] \n\t")
    first = inside.partition(",")[0].strip()
    if first not in ("true", "false") and _names(text):
        return f"several values stand in parentheses: `({inside})`"
    if first in ("true", "false"):
        element = "bool"
    else:
        element = "string" if first[:1] == '"' else "fp32" if _float(first) else "int32"
    count = "n" if "[" in text[1:] or '"' in text else str(inside.count(",") + 1)
    type = f"tensor<{element}, [{count}]>" if text[0] == "[" else element
    shown = text if len(text) < 30 else "…"
    return f"write the type and put the literal in parentheses, such as `{type}({shown})`"
