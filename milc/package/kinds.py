"""What a path holds, told by its content and never by its suffix.

Imports diagnostics and opsets' ladder only.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Literal, NamedTuple

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.files import LFS_POINTER, cannot_read, read_bytes
from milc.opsets.versions import LADDER

Kind = Literal["text", "mlpackage", "mlmodel", "mlmodelc", "pipeline-mlmodelc"]
"""MIL text, a package, a Model message, a compiled bundle (or a decompiled folder), a compiled
pipeline."""

_HEAD: Final = 4096
_STAGE: Final = re.compile(r"model[0-9]{1,4}")
_CONTROLS: Final = frozenset(range(32)) - frozenset(b"\t\n\r\f\v")
_TEXT: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:program\b|//)").match
_MOST_FIELDS: Final = 256
# Fields of a Model message; every kind of model has a field number from 200 on. ONNX's version is
# also field 1, and its graph field 7, which Core ML has not.
_VERSION, _DESCRIPTION, _FIRST_TYPE, _PROGRAM, _ONNX_GRAPH = 1, 2, 200, 502, 7
# Wire types of protobuf, and the bytes that the fixed ones take.
_VARINT, _BYTES, _FIXED = 0, 2, {1: 8, 5: 4}


class _Magic(NamedTuple):
    """How a file of another kind begins."""

    at: int
    start: bytes
    what: str
    help: str | None = None


_UNPACK: Final = "unpack it and name what is in it"
_OTHERS: Final = (
    _Magic(0, b"PK\3\4", "a zip archive (or a PyTorch file, which is one)", _UNPACK),
    _Magic(0, b"\x1f\x8b", "a gzip archive", _UNPACK),
    _Magic(257, b"ustar", "a tar archive", _UNPACK),
    _Magic(0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    _Magic(0, b"\xfd7zXZ", "an xz archive", _UNPACK),
    _Magic(4, b"TFL3", "a TensorFlow Lite model"),
    _Magic(0, b"\x89HDF", "an HDF5 file, perhaps a Keras model"),
    _Magic(0, b"GGUF", "a GGUF model"),
    _Magic(8, b'{"', "a safetensors file"),
    _Magic(0, b"\x93NUMPY", "a numpy array"),
    _Magic(0, b"\x80\x02", "a pickle, perhaps an old PyTorch file"),
    _Magic(0, b"\x7fELF", "a program for Linux"),
    _Magic(0, b"bplist", "a binary property list"),
    _Magic(64, b"\xef\xbe\xad\xde", "a Core ML weight file", "name the model that uses it"),
    _Magic(0, b"\xf6\1\0\0", "the description in a compiled bundle", "name the bundle's folder"),
)


def sniff(path: Path) -> Kind:
    """What `path` holds.

    A folder with a model.mil is "mlmodelc", be it compiled or decompiled. Raises MilError for what
    milc cannot read, saying what it seems to be (MIL0510 to MIL0514, MIL0518, or MIL00xx).
    """
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            return _folder(path)
        if not stat.S_ISREG(mode):
            read_bytes(path)  # says why not
        with open(path, "rb") as file:
            return _file(path, file)
    except OSError as error:
        raise cannot_read(error, path) from None
    except ValueError:  # a NUL in the path
        raise cannot_read(FileNotFoundError(2, ""), path) from None


def _folder(path: Path) -> Kind:
    names = set(os.listdir(path))
    # Some tools put a manifest into compiled bundles; a package has its files below Data.
    if "model.mil" in names and "Data" not in names:
        return "mlmodelc"
    if "Manifest.json" in names:
        return "mlpackage"
    if any(_STAGE.fullmatch(name) for name in names):
        return "pipeline-mlmodelc"
    if "coremldata.bin" in names:
        raise _error("MIL0518", "a compiled bundle without a program: another kind of model", path)
    if "Data" in names:
        raise _error("MIL0501", "a package has a Manifest.json, this one has none", path)
    if "saved_model.pb" in names:
        raise _error("MIL0514", "a TensorFlow SavedModel, which milc does not read", path)
    if not names:
        raise _error("MIL0511", "an empty folder", path)
    inside = sorted(n for n in names if n.endswith((".mlpackage", ".mlmodelc", ".mil", ".mlmodel")))
    help = f"name the model in it: {path / inside[0]}" if inside else None
    raise _error("MIL0510", "a folder that is no package and no compiled bundle", path, help)


def _file(path: Path, file: BinaryIO) -> Kind:
    head = file.read(_HEAD)
    if not head:
        raise _error("MIL0511", "an empty file", path)
    if head.startswith(LFS_POINTER):
        message = "a Git LFS pointer, not the file it stands for"
        raise _error("MIL0512", message, path, "git lfs pull")
    for other in _OTHERS:
        if head.startswith(other.start, other.at):
            raise _error("MIL0514", f"{other.what}, which milc does not read", path, other.help)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text"  # UTF-16: whoever reads it as text says so
    if _CONTROLS.isdisjoint(head) or _TEXT(head):
        return _text(path, head)
    return _message(path, file)


def _text(path: Path, head: bytes) -> Kind:
    """MIL text, unless it begins as MIL never does."""
    start = head.lstrip()[:1]
    if start in (b"{", b"["):
        manifest = path.name == "Manifest.json"
        help = f"name the package's folder: {path.parent}" if manifest else None
        raise _error("MIL0514", "JSON, where MIL text or a model is wanted", path, help)
    if start == b"<":
        message = "HTML or XML, where MIL text or a model is wanted"
        raise _error("MIL0514", message, path, "a download may have brought a web page instead")
    return "text"


def _message(path: Path, file: BinaryIO) -> Kind:
    """A Model message, told by its fields; nothing but their keys and lengths is read."""
    fields: dict[int, int] = {}
    for number, kind, value in _fields(file):
        fields.setdefault(number, value if kind == _VARINT else -1)
    version = fields.get(_VERSION, 0)
    if version > 0 and _ONNX_GRAPH in fields:
        raise _error("MIL0514", "an ONNX model, which milc does not read", path)
    # Two of the three: a damaged or very old model may lack one.
    typed = any(number >= _FIRST_TYPE for number in fields)
    if version < 0 or (version > 0) + (_DESCRIPTION in fields) + typed < 2:
        raise _error("MIL0510", "neither text nor a Core ML model", path)
    if _PROGRAM in fields and version < LADDER[0].specification:
        message = f"an ML program of specification version {version}, from before the release"
        raise _error("MIL0513", message, path, "convert the model anew")
    return "mlmodel"


def _fields(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Number, wire type, and value or length of each field, as far as they make sense."""
    end, at = os.fstat(file.fileno()).st_size, 0
    for _ in range(_MOST_FIELDS):
        if at >= end:
            return
        file.seek(at)
        head = file.read(20)
        key, used = _varint(head)
        kind = key & 7
        value, more = (0, _FIXED[kind]) if kind in _FIXED else _varint(head[used:])
        if not used or not more or kind not in (_VARINT, _BYTES, *_FIXED):
            return
        yield key >> 3, kind, value
        at += used + more + (value if kind == _BYTES else 0)


def _varint(data: bytes) -> tuple[int, int]:
    """A number and the bytes it takes, 0 bytes where there is none."""
    value = 0
    for index, byte in enumerate(data[:10]):
        value |= (byte & 127) << 7 * index
        if byte < 128:
            return value, index + 1
    return 0, 0


def _error(code: str, message: str, path: Path, help: str | None = None) -> MilError:
    return MilError(Diagnostic(code, message, path=str(path), help=help))
