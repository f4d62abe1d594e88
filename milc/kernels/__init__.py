"""What ops compute with: numpy, and functions on arrays that several ops share.

`from milc.kernels import np, windows` gives stand-ins that load the module when something of it is
first asked for, so that an op's definition is read without numpy, as `milc verify` does.
Modules of this room import numpy and ir, and know no op.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any


def load() -> None:
    """Load all modules of this room now, so that no op takes the time of it when it runs."""
    from pkgutil import iter_modules

    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")


if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]
    """A tensor while a program runs."""

    __all__ = ["Array", "np"]
else:
    Array = Any

    class _Deferred:
        """A module that is not loaded yet; what was asked for once is kept."""

        def __init__(self, name: str) -> None:
            self.__dict__["__name__"] = name

        def __getattr__(self, name: str) -> Any:
            found = getattr(import_module(self.__name__), name)
            self.__dict__[name] = found
            return found

    np = _Deferred("numpy")

    def __getattr__(name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _Deferred(f"{__name__}.{name}")
