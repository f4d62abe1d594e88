"""Model messages through decoding, verifying, printing and encoding."""

import atheris

with atheris.instrument_imports(include=["milc"]):
    from tests.fuzz import bases, checks

from random import Random

from google.protobuf.message import DecodeError

from milc.package.proto import model_pb2
from tests.fuzz.harness import fuzz
from tests.fuzz.mutations import mutated_bytes, mutated_message


def change(data: bytes, random: Random) -> bytes:
    """Change fields where there are any, else bytes."""
    try:
        message = model_pb2.Model.FromString(data)
    except (DecodeError, UnicodeDecodeError):
        return mutated_bytes(data, random)
    return mutated_message(message, random).SerializeToString()


if __name__ == "__main__":
    fuzz("messages", checks.check_message, bases.messages(), change)
