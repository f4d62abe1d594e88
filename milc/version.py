"""The version in its only place: the distribution, `milc --version` and reports of faults read it.

Imports nothing, so that the build backend can read it without the dependencies installed and the
start of every command stays quick (`importlib.metadata` takes longer than formatting a file).
"""

__version__ = "0.1.0"
