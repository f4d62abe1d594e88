"""Arrays in files of numpy's formats, .npy and .npz; never with pickles in them.

Writing is to files that are staged, and puts them nowhere by itself.

What is written depends on the arrays alone. numpy's formats have no bf16 and fp8, so these are
written as fp32, which holds all of them; strings are written as numpy's own, not as objects.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.files import TOO_LARGE, AnyPath, read_bytes
from milc.kernels import Array

NPY: Final = b"\x93NUMPY"
"""How a .npy begins."""

NPZ: Final = b"PK\3\4"
"""How a .npz begins, which is a zip archive of .npy files."""

_OF_ML_DTYPES: Final = 2
"""The `isbuiltin` of dtypes that numpy's files know nothing of."""


def is_archive(path: AnyPath) -> bool:
    """Whether there is a .npz."""
    try:
        with open(path, "rb") as file:
            return file.read(len(NPZ)) == NPZ
    except (OSError, ValueError):
        return False


def read_npz(path: AnyPath) -> dict[str, Array]:
    """The arrays of a .npz by name. Raises MilError (MIL00xx, MIL0912)."""
    return arrays_of(read_bytes(path), str(path))


def arrays_of(data: bytes, path: str) -> dict[str, Array]:
    """The arrays of the bytes of a .npz; `path` is what a finding calls them."""
    if data.startswith(NPY):
        message = "a .npy holds one array without a name, and a .npz is wanted"
        raise MilError(Diagnostic("MIL0912", message, path=path))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > TOO_LARGE:
                raise _no_array(path, f"its arrays take more than {TOO_LARGE} bytes")
            return {
                info.filename.removesuffix(".npy"): array_of(archive.read(info), path)
                for info in infos
            }
    except MilError:
        raise
    except Exception as error:
        raise _no_array(path, _reason(error)) from None


def array_of(data: bytes, path: str) -> Array:
    """The array of the bytes of a .npy. Raises MilError (MIL0912)."""
    try:
        return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except Exception as error:  # in a damaged file numpy comes upon all sorts
        raise _no_array(path, _reason(error)) from None


def write_npz(file: Path, held: Mapping[str, Any]) -> None:
    """Write arrays as a .npz. Raises OSError.

    A dict is written as NAME.keys and NAME.values, what is in a list as NAME.0, NAME.1 …
    """
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in _plain(held):
            # The date is that of all milc's archives: the same arrays give the same bytes.
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                _write(member, array)


def write_npy(file: Path, array: Any) -> None:
    """Write an array as a .npy. Raises OSError."""
    with open(file, "wb") as opened:
        _write(opened, array)


def _plain(held: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What programs hold, as arrays with names."""
    for name, value in held.items():
        if isinstance(value, dict):
            yield f"{name}.keys", np.asarray(list(value))
            yield f"{name}.values", np.asarray(list(value.values()))
        elif isinstance(value, Sequence):
            held = {f"{name}.{place}": each for place, each in enumerate(value)}
            yield from _plain({name: each for name, each in held.items() if each is not None})
        else:
            yield name, value


def _write(file: IO[bytes], given: Any) -> None:
    array = np.asarray(given)
    if array.dtype == object:
        array = array.astype(str)
    elif array.dtype.isbuiltin == _OF_ML_DTYPES:
        array = array.astype(np.float32)
    np.lib.format.write_array(file, array, allow_pickle=False)


def _no_array(path: str, reason: str) -> MilError:
    return MilError(Diagnostic("MIL0912", f"holds no arrays: {reason}", path=path))


def _reason(error: BaseException) -> str:
    said = str(error).strip().partition("\n")[0]
    if "allow_pickle" in said:
        return "Python objects are in it, which milc does not load"
    lower = said[:1].lower() if said[1:2].islower() else said[:1]
    return (lower + said[1:]) or type(error).__name__
