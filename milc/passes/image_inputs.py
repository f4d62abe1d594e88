"""In which order images come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from milc.ir.nodes import Op
from milc.ir.types import FP16, FP32, TensorType
from milc.passes.base import LISTED, Option, Pass, words

CHANNELS: Final = (1, 3, 4)
"""How many an image has: grey, colours, and colours with what is behind them."""
REALS: Final = (FP16, FP32)

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.passes.session import Session


class ImageInputPreprocess(Pass):
    """Let `main` take images with channels first, as Core ML hands them over, and transpose them.

    `inputs` names inputs that have channels last. Without it nothing changes. What is
    no image stays as it is: integers, other than 1, 3 or 4 channels, a shape that is not fixed. So
    does an input that is an output.

    ```mil
    func main<ios15>(tensor<fp32, [1, 4, 5, 3]> x) {
        tensor<fp32, [1, 4, 5, 3]> y = exp(x = x);
    } -> (y);
    ```

    becomes, with `inputs = "x"`

    ```mil
    func main<ios15>(tensor<fp32, [1, 3, 4, 5]> x) {
        tensor<fp32, [1, 4, 5, 3]> x_nhwc = transpose(
            x = x, perm = tensor<int32, [4]>([0, 2, 3, 1]));
        tensor<fp32, [1, 4, 5, 3]> y = exp(x = x_nhwc);
    } -> (y);
    ```
    """

    name = "image_input_preprocess"
    options: ClassVar[dict[str, Option]] = {
        "inputs": Option("", "inputs with channels last: `image,mask`", *LISTED, "inputs"),
    }

    def run(self, session: Session) -> None:
        asked = words(self.given["inputs"])
        if session.function.name != "main":
            return
        for value in session.function.inputs:
            if value.name in asked:
                session.counts[self.name] += put_channels_first(value, session)


def put_channels_first(value: Value, session: Session) -> bool:
    """Let an image have its last dimension in front of the two before it; whether it had not."""
    type, body = value.type, session.function.body
    if not isinstance(type, TensorType) or type.shape is None or body in value.uses:
        return False
    shape = type.shape
    if len(shape) < 3 or None in shape or type.element not in REALS or shape[-1] not in CHANNELS:
        return False
    front = len(shape) - 3
    back = (*range(front), front + 1, front + 2, front)
    if all(_is_back(user, back) for user in value.uses):
        return False
    first = (*shape[:front], shape[-1], *shape[front:-1])
    session.rewriter.set_type(value, TensorType(type.element, first))

    def make() -> Any:
        return session.new("transpose", x=value, perm=back, name=f"{value.name}_nhwc")

    turned = session.insert(make, body.first or body)
    session.rewriter.replace_all_uses(value, turned, but=[turned.op])
    return True


def _is_back(user: Any, back: tuple[int, ...]) -> bool:
    """Whether a user is the transpose that puts channels last."""
    if not isinstance(user, Op) or user.kind != "transpose" or not user.results:
        return False
    perm = user.args["perm"][0]
    literal: Any = getattr(perm, "literal", perm)
    return literal is not None and tuple(literal.values()) == back
