"""Arguments that say what is known anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from milc.passes.base import Pass, rewrite

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.opsets.conv import ConvTranspose
    from milc.passes.session import Session


class AddConvTransposeOutputShape(Pass):
    """Write out the shape of what `conv_transpose` gives, where it is known.

    coremltools does so for runtimes that compute the shape otherwise.

    ```mil
    func main<ios15>(tensor<fp32, [1, 1, 3]> x) {
        tensor<fp32, [1, 1, 2]> w = const()[val = tensor<fp32, [1, 1, 2]>([[[1.0, 2.0]]])];
        tensor<fp32, [1, 1, 4]> y = conv_transpose(x = x, weight = w);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 1, 3]> x) {
        tensor<fp32, [1, 1, 2]> w = const()[val = tensor<fp32, [1, 1, 2]>([[[1.0, 2.0]]])];
        tensor<fp32, [1, 1, 4]> y = conv_transpose(
            x = x, weight = w, output_shape = tensor<int32, [3]>([1, 1, 4]));
    } -> (y);
    ```
    """

    name = "add_conv_transpose_output_shape"

    @rewrite("conv_transpose")
    def tell(self, op: ConvTranspose, session: Session) -> Value | None:
        """The shape of the whole result, batch and channels too."""
        dims = session.dims(op.op.results[0]) or (None,)
        if op.output_shape is not None or not all(isinstance(dim, int) for dim in dims):
            return None
        made: Value = session.again(op, output_shape=dims)
        return made
