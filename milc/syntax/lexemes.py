"""Names, strings and numbers as text, both ways. Imports types only; never numpy."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from typing import Any, Final

from milc.ir.names import RESERVED, is_identifier
from milc.ir.numbers import FLOAT_FORMATS, STRUCT_CODES, pack, unpack
from milc.ir.types import ElementType

CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}
"""What closes each bracket."""

_unsafe = re.compile(r'["\\\x00-\x1f\x7f]')
_escape = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.S)
_CHARACTERS: Final = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "0": "\0",
    '"': '"',
    "\\": "\\",
    "`": "`",
    "'": "'",
}
_ESCAPES: Final = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


class LexemeError(ValueError):
    """A lexeme that cannot be read; `start` and `end` say which of its characters are at fault."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


def show_name(name: str) -> str:
    """A value's or argument's name as text; in backquotes, milc's own form, if it is no
    identifier or a reserved word.
    """
    if is_identifier(name) and name not in RESERVED:
        return name
    return f"`{_unsafe.sub(_escaped, name).replace('`', chr(92) + '`')}`"


def read_name(text: str) -> str:
    """The name that `text` spells. Raises LexemeError for a bad escape."""
    return unescape(text[1:-1], 1) if text[0] == "`" else text


def quote(value: str) -> str:
    """A string literal, in double quotes."""
    return f'"{_unsafe.sub(_escaped, value)}"' if _unsafe.search(value) else f'"{value}"'


def unquote(text: str) -> str:
    """The string that a literal in double quotes spells. Raises LexemeError for a bad escape."""
    body = text[1:-1]
    return unescape(body, 1) if "\\" in body else body


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return _ESCAPES.get(character) or f"\\x{ord(character):02x}"


def unescape(body: str, offset: int) -> str:
    """`body` with its escapes read. Raises LexemeError, its places counted from `offset`."""

    def character(match: re.Match[str]) -> str:
        escape = match[0][1:]
        start = offset + match.start()
        if len(escape) > 1:
            code = int(escape[1:], 16)
            if 0xD800 <= code < 0xE000:
                message = f"`\\{escape}` is half of a character of UTF-16"
                raise LexemeError(message, start, start + 6)
            return chr(code)
        known = _CHARACTERS.get(escape)
        if known is None:
            raise LexemeError(f"unknown escape `\\{escape}`", start, start + 2)
        return known

    return _escape.sub(character, body)


def hex_float(value: float) -> str:
    """A float as Apple's compiler prints it: C's `%a` in the fewest digits, `inf`, `nan`."""
    text = value.hex()
    if text[-1] in "fn":
        return text.removeprefix("-") if text.endswith("nan") else text
    mantissa, exponent = text.split("p")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}p{exponent}"


def float_texts(element: ElementType, values: Iterable[float], data: bytes) -> list[str]:
    """Texts of a float tensor's elements; `data` tells the nans apart that have a payload."""
    texts = [hex_float(value) for value in values]
    if "nan" not in texts:
        return texts
    width = element.bits // 8
    plain = _plain_nan(element)
    for at, text in enumerate(texts):
        code = data[at * width : (at + 1) * width] if text == "nan" else plain
        if code != plain:
            texts[at] = f"nan(0x{int.from_bytes(code, 'little'):x})"
    return texts


def _plain_nan(element: ElementType) -> bytes:
    return pack(element, [float("nan")])


_suspect = re.compile(r"[^0-9a-fA-FxXpPinE+\-.,\s]").search
_payload = re.compile(r"nan\(0x([0-9a-fA-F]+)\)").fullmatch


def read_float(text: str) -> float:
    """A decimal or hexadecimal float. Raises ValueError, or OverflowError if no double holds it."""
    if "x" in text or "X" in text:
        return float.fromhex(text)
    value = float(text)
    if value - value != 0 and "n" not in text:
        raise OverflowError
    return value


def read_integers(parts: list[str]) -> list[int]:
    """Whole numbers, decimal or hexadecimal. Raises ValueError."""
    try:
        return list(map(int, parts))
    except ValueError:
        return [int(part, 16 if "x" in part.lower() else 10) for part in parts]


_BOOLEANS: Final = {"true": True, "false": False}


def read_booleans(parts: list[str]) -> list[bool]:
    """`true` and `false`. Raises ValueError."""
    try:
        return [_BOOLEANS[part.strip()] for part in parts]
    except KeyError:
        raise ValueError from None


def reader_of(element: ElementType) -> Callable[[list[str]], list[Any]]:
    """The function that reads texts of elements of this type; it raises ValueError."""
    if element.is_float:
        return lambda parts: [read_float(part) for part in parts]
    return read_booleans if element.kind == "bool" else read_integers


def is_plain_numbers(text: str) -> bool:
    """Whether a text holds nothing but characters of numbers, commas and spaces."""
    return _suspect(text) is None


def nan_payload(element: ElementType, text: str) -> bytes | None:
    """The packed bytes of `nan(0x7e01)`, milc's own form; None for any other text.

    Raises ValueError if these are not the bits of a nan of this type.
    """
    match = _payload(text)
    if match is None:
        return None
    code = int(match[1], 16)
    if code >> element.bits:
        raise ValueError
    data = code.to_bytes(element.bits // 8, "little")
    (value,) = unpack(element, data, 1)
    if value == value:
        raise ValueError
    return data


def pack_floats(element: ElementType, values: list[float]) -> bytes:
    """Packed floats. Raises OverflowError where a finite value lies beyond the type's range."""
    code = STRUCT_CODES.get(element.name)
    if code is not None:
        return struct.pack(f"<{len(values)}{code}", *values)
    small = FLOAT_FORMATS[element.name]
    for value in values:
        if abs(value) != float("inf") and value == value:
            if small.encode(value) >= small.first_nonfinite:
                raise OverflowError
        elif element.name == "fp8e4m3fn" and value == value:
            raise OverflowError
    return pack(element, values)


_LARGEST: Final = {
    "fp16": "65504", "fp32": "3.4028235e+38", "fp64": "1.7976931348623157e+308",
    "bf16": "3.3895314e+38", "fp8e4m3fn": "448", "fp8e5m2": "57344",
}  # fmt: skip


def limits(element: ElementType) -> tuple[str, str]:
    """The smallest and the largest finite value of a numeric element type, as text."""
    if element.is_float:
        return f"-{_LARGEST[element.name]}", _LARGEST[element.name]
    low, high = element.bounds
    return str(low), str(high)


def tidy_number(text: str) -> str:
    """A number in the house style, its base kept: `0X1.80P1` -> `0x1.8p+1`, `+1.` -> `1.0`."""
    if "x" in text or "X" in text:
        if "nan" in text or ("." not in text and "p" not in text.lower()):
            return text.lower().removeprefix("+")
        try:
            return hex_float(float.fromhex(text))
        except OverflowError:
            return text
    text = text.removeprefix("+").lower()
    if "." in text:
        whole, _, rest = text.partition(".")
        digits, mark, exponent = rest.partition("e")
        sign = "-" if whole.startswith("-") else ""
        whole = whole.removeprefix("-") or "0"
        return f"{sign}{whole}.{digits or '0'}{mark}{exponent}"
    return text
