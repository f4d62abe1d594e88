"""Weights that are stored once for all who use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from milc.ir.literals import BlobRef, Literal, TensorLiteral
from milc.ir.rewriter import Rewriter
from milc.ir.types import TensorType
from milc.ir.walk import walk_ops
from milc.passes.base import Option, ProgramPass, whole
from milc.passes.sharing import Contents

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from milc.ir.nodes import Function, Op, Program
    from milc.verify.operations import Read


class WeightDeduplication(ProgramPass):
    """Store weights of the same content once, in whatever functions and shapes they are used.

    They stay constants of their own, but refer to one place in the weight file, or are held in
    memory once. Of weights a few elements are read if there is another one of its size, and all of
    it only if those are the same. Text shows nothing of it where it writes numbers out:

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> w = const()[val = tensor<fp32, [2]>([0.5, 1.5])];
        tensor<fp32, [2]> y = mul(x = x, y = w);
    } -> (y);
    func other<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [1, 2]> w = const()[val = tensor<fp32, [1, 2]>([[0.5, 1.5]])];
        tensor<fp32, [1, 2]> y = add(x = x, y = w);
    } -> (y);
    ```

    becomes, with `least_bytes = 8`

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> w = const()[val = tensor<fp32, [2]>([0.5, 1.5])];
        tensor<fp32, [2]> y = mul(x = x, y = w);
    } -> (y);
    func other<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [1, 2]> w = const()[val = tensor<fp32, [1, 2]>([[0.5, 1.5]])];
        tensor<fp32, [1, 2]> y = add(x = x, y = w);
    } -> (y);
    ```
    """

    name = "weight_deduplication"
    options: ClassVar[dict[str, Option]] = {
        "least_bytes": Option(1024, "leave what takes fewer bytes as it is", *whole(0)),
    }

    def run_program(self, program: Program, read: Read | None) -> list[Function]:
        """What is in a file already is what others come to refer to."""
        contents = _Stored(read or (lambda blob: None))
        functions = [(f, list(self._large(f))) for f in program.functions.values()]
        held = [each for _, ops in functions for op in ops for each in op.literals]
        for sort in (BlobRef, TensorLiteral):
            for literal in held:
                if isinstance(literal, sort) and _bytes(literal) >= self.given["least_bytes"]:
                    contents.first(literal)
        changed = []
        for function, ops in functions:
            rewriter = Rewriter(function)
            for op in ops:
                self._share(op, contents, rewriter)
            changed += [function] if rewriter.changed else []
        return changed

    def _large(self, function: Function) -> Iterator[Op]:
        """The ops with a literal, among attributes or operands, that takes so many bytes."""
        least = self.given["least_bytes"]
        for op in walk_ops(function):
            if max(map(_bytes, op.literals), default=0) >= least:
                yield op

    def _share(self, op: Op, contents: Contents, rewriter: Rewriter) -> None:
        for name, literal in list(op.attributes.items()):
            if _bytes(literal) >= self.given["least_bytes"]:
                rewriter.set_attribute(op, name, shared(literal, contents.first(literal)))
        for name, index, operand in list(op.operands):
            if isinstance(operand, Literal) and _bytes(operand) >= self.given["least_bytes"]:
                made = shared(operand, contents.first(operand))
                rewriter.set_operand(op, name, index, made)


class _Stored(Contents):
    """The first of literals that hold the same elements, in whatever shape."""

    def sort(self, literal: Literal) -> Hashable:
        assert isinstance(literal.type, TensorType)
        return literal.type.element, literal.type.count


def shared(literal: Literal, first: Literal) -> Literal:
    """A literal that is stored where the first one is; itself if it is there."""
    if isinstance(first, BlobRef):
        is_there = isinstance(literal, BlobRef) and literal.content() == first.content()
        return literal if is_there else BlobRef(literal.type, *first.content(), literal.doc)
    assert isinstance(first, TensorLiteral)
    if isinstance(literal, TensorLiteral) and literal.payload is not first.payload:
        literal.payload = first.payload  # equal, so nobody sees a difference
    return literal


def _bytes(literal: Literal) -> int:
    """What the elements of a tensor take, 0 for other literals and strings."""
    if not isinstance(literal, BlobRef | TensorLiteral) or not isinstance(literal.type, TensorType):
        return 0
    return 0 if literal.type.element.kind == "string" else literal.type.byte_size or 0
