"""Convolutions, and their transposes.

Facts: coremltools 9.0, `ops/defs/iOS15/conv.py` and `ops/defs/iOS17/conv.py`.
"""

from __future__ import annotations

from milc.ir.types import FP16, FP32, INT32, STRING, UINT8, TensorType
from milc.kernels import Array, convolution, np, windows
from milc.opsets.spatial import (
    PADDINGS,
    count,
    dilated,
    fits_nowhere,
    margins,
    ones,
    pad_fits,
    positive,
    settled,
    spread,
    windowed,
    zeros,
)
from milc.schema import (
    Bound,
    Choice,
    Const,
    Domain,
    EvaluationError,
    In,
    OpDef,
    OptionalConst,
    OptionalIn,
    Out,
    Part,
    constraint,
)
from milc.schema.rules import Dims, dims_of, same

KERNELS = "the kernels, [C_out, C_in / groups, *K] with a length in K for each spatial dimension"
TRANSPOSED = "the kernels, [C_in, C_out / groups, *K] with a length in K for each spatial dimension"
BIAS = "what is added to each output channel, [C_out]; nothing if left out"
STRIDES = "the step along each spatial dimension"
DILATIONS = "the distance of neighbours in the kernel, along each spatial dimension"
PAD = 'the padding before and after each spatial dimension in turn, if `pad_type` is "custom"'
GROUPS = "the number of groups that input and output channels are divided into"
ALL_ONE = "1 for each spatial dimension"
NO_PADDING = "0 before and after each spatial dimension"
SHORTHANDS = {"kernel": Part("weight", 2)}


class Conv(OpDef):
    """Convolution over one, two or three spatial dimensions.

    The kernels of `weight` move over `x` in steps of `strides`; at each place the products of the
    kernel's elements with those of `x` below them are summed over space and channels, and `bias` is
    added. Kernels are not flipped, and beyond its edges `x` counts as 0: of one group and along one
    dimension, with p elements of padding in front,

        y[n, o, i] = bias[o] + sum over c and k of
                     weight[o, c, k] * x[n, c, i * stride + k * dilation - p]

    Channels are taken in `groups`: the first group of output channels sees the first group of input
    channels only, and so on; with as many groups as input channels that is a depthwise convolution.

    Along each spatial dimension, with reach = (kernel - 1) * dilation + 1, the result is
    floor((length + padding - reach) / stride) + 1 long. `pad_type` says what the padding is:

    - "valid": none;
    - "custom": as `pad` says; with any other `pad_type`, `pad` has no effect;
    - "same": as much as makes the result ceil(length / stride) long, half of it on each side, the
      odd one behind;
    - "same_lower": likewise, the odd one in front. Not in ios15.

    ```mil
    func main<ios15>(tensor<fp32, [1, 1, 8, 8]> x) {
        tensor<fp32, [2, 1, 3, 3]> weight = const()[val = tensor<fp32, [2, 1, 3, 3]>(
            [[[[0, 1, 0], [1, -4, 1], [0, 1, 0]]], [[[1, 2, 1], [2, 4, 2], [1, 2, 1]]]])];
        tensor<fp32, [2]> bias = const()[val = tensor<fp32, [2]>([0, 1])];
        tensor<fp32, [1, 2, 4, 4]> y = conv(x = x, weight = weight, bias = bias,
            strides = tensor<int32, [2]>([2, 2]), pad_type = string("custom"),
            pad = tensor<int32, [4]>([1, 1, 1, 1]), dilations = tensor<int32, [2]>([1, 1]),
            groups = int32(1));
    } -> (y);
    ```
    """

    name = "conv"
    since = "ios15"
    shorthands = SHORTHANDS

    T = Domain(FP16, FP32)
    x = In(T, "the input, [n, C_in, *d_in] with one to three spatial dimensions d_in")
    weight = In(T, KERNELS, rank=(3, 5))
    bias = OptionalConst(T, BIAS, rank=1)
    strides = Const(INT32, STRIDES, rank=1, default=ones, default_doc=ALL_ONE)
    pad_type = Const(
        STRING, "how the input is padded", rank=0, default="valid", choices=Choice(*PADDINGS)
    )
    pad = Const(INT32, PAD, rank=1, default=zeros, default_doc=NO_PADDING)
    dilations = Const(INT32, DILATIONS, rank=1, default=ones, default_doc=ALL_ONE)
    groups = Const(INT32, GROUPS, rank=0, default=1)
    y = Out("the result, [n, C_out, *d_out]")

    @constraint("C1", "`groups` divides the channels of `x`")
    def groups_divide_channels(self) -> bool | None:
        channels, groups = self.channels(), self.group_count()
        if groups is None:
            return None
        return groups >= 1 and (channels is None or channels % groups == 0)

    @constraint(
        "C2", "`weight` has the channels of `x` divided by `groups` as its second dimension"
    )
    def weight_has_channels(self) -> bool | None:
        channels, groups = self.channels(), self.group_count()
        if channels is None or groups is None:
            return None
        return self.weight.shape[1] == channels // groups

    @constraint(
        "C3", "`bias` has an element for each output channel, the first dimension of `weight`"
    )
    def bias_has_channels(self) -> bool | None:
        return self.bias is None or self.bias.shape[0] == self.weight.shape[0]

    @constraint("C4", '`pad_type` is not "same_lower" in ios15, which does not know it yet')
    def padding_is_known(self) -> bool:
        return self.opset != "ios15" or self.pad_type.value != "same_lower"

    @constraint("C5", "`dilations` are all 1 if `weight` is not constant")
    def dilations_need_constant_weight(self) -> bool:
        elements = self.dilations.elements or ()
        return self.weight.is_constant or all(e is None or e <= 1 for e in elements)

    @constraint("C6", "`strides` has an element for each spatial dimension of `x`, all at least 1")
    def strides_fit(self) -> bool:
        return same(count(self.strides), self.x.rank - 2) and positive(self.strides)

    @constraint("C7", "`dilations` has as many elements as `strides`")
    def dilations_fit(self) -> bool:
        return same(count(self.dilations), self.x.rank - 2)

    @constraint("C8", "`weight` has a kernel length for each element of `strides` and `dilations`")
    def kernel_fits(self) -> bool:
        return self.weight.rank == self.x.rank

    @constraint("C9", '`pad` has twice as many elements as `strides` if `pad_type` is "custom"')
    def pad_is_whole(self) -> bool:
        return self.pad_type.value != "custom" or pad_fits(self.pad, self.x)

    @constraint(
        "C10",
        "`x` is long enough, padded by `pad`, for one window of `weight`, with gaps by `dilations`"
        " and at steps of `strides`",
    )
    def has_room(self) -> bool | str:
        return fits_nowhere(self.x.shape[2:], self.spatial()) or True

    def channels(self) -> int | None:
        """C_in, if known."""
        return self.x.shape[1] if self.x.rank > 1 else None

    def group_count(self) -> int | None:
        """The value of `groups`, if known."""
        elements = self.groups.elements
        return elements[0] if elements else None

    def spatial(self) -> Dims:
        """The spatial dimensions of the result."""
        return windowed(
            self.x.shape[2:],
            dilated(self.weight.shape[2:], self.dilations.elements),
            self.strides.elements,
            self.pad_type.value,
            self.pad.elements,
        )

    def multiply_adds(self) -> Dims:
        return (*dims_of(self.infer()), *self.weight.shape[1:])

    def infer(self) -> TensorType:
        return self.x.with_shape(self.x.shape[0], self.weight.shape[0], *self.spatial())

    def kernels(self) -> Array:
        """The kernels, to compute with."""
        return self.weight.reals

    def evaluate(self) -> Array:
        refuse_steps_below_one(self.dilations, "dilations")
        kernels, groups = self.kernels(), self.groups.value
        if len(kernels) % groups:
            raise EvaluationError(
                f"`weight` has {len(kernels)} kernels, which `groups`, {groups}, does not divide"
            )
        bias = self.bias.reals if self.bias is not None else None
        return convolution.conv(self.x.array, kernels, bias, self.windows(), groups)

    def windows(self) -> windows.Windows:
        """How the kernels lie over `x`."""
        kernel, strides, dilations = self.weight.shape[2:], self.strides.value, self.dilations.value
        reach, dims = settled(dilated(kernel, dilations)), settled(self.x.shape[2:])
        sides = margins(dims, reach, strides, self.pad_type.value, self.pad.value)
        before, out = tuple([side for side, _ in sides]), settled(self.spatial())
        return windows.Windows(settled(kernel), strides, dilations, before, out)


class Conv17(Conv):
    """`weight` and `bias` may have another element type than `x`, and `bias` may be computed."""

    since = "ios17"
    instead = (
        "a `weight` and a `bias` of the element type of `x`, and a constant `bias`, or an"
        " `add` behind"
    )

    U = Domain(FP16, FP32)
    weight = In(U, KERNELS, rank=(3, 5))
    bias = OptionalIn(U, BIAS, rank=1)


class ConvQuantized(Conv):
    """Convolution whose kernels are stored as small integers. Core ML calls it experimental.

    It is `conv` with `weight * quant_scale + quant_bias` for kernels if `quantization_type` is
    "linear"; a scale or bias of one dimension is of one element, or of one for each output channel.
    If it is "lut", `weight` holds places in a table, of which no more is documented: milc takes
    `quant_scale` for the table, and adds `quant_bias` to what is found. `bias` is added as it is.

    ```mil
    func main<ios15>(tensor<fp32, [1, 1, 4]> x) {
        tensor<uint8, [1, 1, 2]> weight = const()[val = tensor<uint8, [1, 1, 2]>([[[7, 9]]])];
        tensor<fp32, [1, 1, 3]> y = conv_quantized(x = x, weight = weight,
            quantization_type = string("linear"), nbits = int32(8),
            quant_scale = tensor<fp32, [1]>([0.5]), quant_bias = tensor<fp32, [1]>([-4]),
            strides = tensor<int32, [1]>([1]), pad_type = string("valid"),
            pad = tensor<int32, [2]>([0, 0]), dilations = tensor<int32, [1]>([1]),
            groups = int32(1));
    } -> (y);
    ```
    """

    name = "conv_quantized"
    since = "ios15"

    U = Domain(UINT8)
    weight = In(U, KERNELS, rank=(3, 5))
    bias = OptionalConst(U, BIAS, rank=1)
    quantization_type = Const(
        STRING, "how `weight` is stored", rank=0, choices=Choice("linear", "lut")
    )
    nbits = Const(INT32, "the bits that an element of `weight` uses, 1 to 8", rank=0, default=8)
    quant_scale = Const(Conv.T, "what elements of `weight` are multiplied by, of any shape")
    quant_bias = Const(Conv.T, "what is added to each product, of any shape")

    @constraint("C11", "`nbits` is between 1 and 8")
    def bits_fit(self) -> bool | None:
        bits = self.nbits.value
        return None if bits is None else 1 <= bits <= 8

    def kernels(self) -> Array:
        table = self.quant_scale.reals
        if self.quantization_type.value == "linear":
            kernels = self.weight.array * self.fitted("quant_scale")
        elif self.weight.array.max(initial=0) < table.size:
            kernels = table.ravel()[self.weight.array]
        else:
            place = self.weight.array.max()
            raise EvaluationError(f"`weight` asks for {place} of {table.size} in `quant_scale`")
        return np.asarray(kernels + self.fitted("quant_bias"), "f4")

    def fitted(self, name: str) -> Array:
        """A scale or bias in a shape that broadcasts with `weight`."""
        factor: Array = getattr(self, name).reals
        if factor.ndim <= 1 and factor.size in (1, self.weight.shape[0]):
            return factor.reshape(-1, *[1] * (self.weight.rank - 1))
        try:
            np.broadcast_to(factor, self.weight.array.shape)
        except ValueError:
            shape = list(factor.shape)
            raise EvaluationError(f"`{name}` of {shape} does not fit `weight`") from None
        return factor


class ConvTranspose(OpDef):
    """The transpose of a convolution: what gives its gradient, also called deconvolution.

    Each element of `x` is multiplied by a kernel of `weight`, and the products are added up where
    the kernel lies in the result; places of neighbouring elements are `strides` apart. `bias` is
    added then. `groups` are as for `conv`. The result is, along each spatial dimension and with
    reach = (kernel - 1) * dilation + 1,

    - as `output_shape` says, if it is given;
    - else (length - 1) * stride + reach long if `pad_type` is "valid",
    - less the padding before and after if it is "custom",
    - or length * stride if it is "same".

    The padding, what is cut off in front, counts with an `output_shape` too; for "same" it is half
    of what is too long, the odd element behind. What no kernel reaches is `bias` alone.

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 4, 4]> x) {
        tensor<fp32, [2, 1, 3, 3]> weight = const()[val = tensor<fp32, [2, 1, 3, 3]>(
            [[[[0, 1, 0], [1, 2, 1], [0, 1, 0]]], [[[1, 2, 1], [2, 4, 2], [1, 2, 1]]]])];
        tensor<fp32, [1]> bias = const()[val = tensor<fp32, [1]>([0.5])];
        tensor<fp32, [1, 1, 7, 7]> y = conv_transpose(x = x, weight = weight, bias = bias,
            pad = tensor<int32, [4]>([1, 1, 1, 1]), pad_type = string("custom"),
            strides = tensor<int32, [2]>([2, 2]), dilations = tensor<int32, [2]>([1, 1]),
            groups = int32(1));
    } -> (y);
    ```
    """

    name = "conv_transpose"
    since = "ios15"
    shorthands = SHORTHANDS

    T = Domain(FP16, FP32)
    x = In(T, "the input, [n, C_in, *d_in] with one to three spatial dimensions d_in")
    weight = Const(T, TRANSPOSED, rank=(3, 5))
    bias = OptionalConst(T, BIAS, rank=1)
    pad = Const(INT32, PAD, rank=1, default=zeros, default_doc=NO_PADDING)
    output_shape = OptionalConst(
        INT32, "the shape of the whole result, where it is not the one computed", rank=1
    )
    pad_type = Const(
        STRING,
        "how the result is cut",
        rank=0,
        default="valid",
        choices=Choice("valid", "same", "custom"),
    )
    strides = Const(INT32, STRIDES, rank=1, default=ones, default_doc=ALL_ONE)
    dilations = Const(INT32, DILATIONS, rank=1, default=ones, default_doc=ALL_ONE)
    groups = Const(INT32, GROUPS, rank=0, default=1)
    y = Out("the result, [n, C_out, *d_out]")

    @constraint(
        "C1",
        "`bias` has an element for each output channel, `weight`'s second dimension * `groups`",
    )
    def bias_has_channels(self) -> bool:
        return self.bias is None or same(self.bias.shape[0], self.out_channels())

    @constraint(
        "C2",
        "`groups` divides the input channels of `weight`, its first dimension, and the second one"
        " is known",
    )
    def groups_divide_channels(self) -> bool | None:
        groups, (channels, others, *_) = self.groups.value, self.weight.shape
        if others is None:
            return False
        return None if groups is None else groups >= 1 and (channels or 0) % groups == 0

    @constraint(
        "C3",
        "`x` has the rank of `weight` and, if no `output_shape` is given, as many channels as that"
        " has in its first dimension",
    )
    def weight_has_channels(self) -> bool:
        if self.x.rank != self.weight.rank:
            return False
        # Programs of coremltools' own tests give both a shape and other channels.
        return self.is_given() or same(self.x.shape[1], self.weight.shape[0])

    @constraint(
        "C4",
        "`strides` has an element for each spatial dimension of `x` if no `output_shape` is given",
    )
    def strides_fit(self) -> bool:
        return self.is_given() or same(count(self.strides), self.x.rank - 2)

    @constraint("C5", "`dilations` has as many elements as `strides` if no `output_shape` is given")
    def dilations_fit(self) -> bool:
        return self.is_given() or same(count(self.dilations), self.x.rank - 2)

    @constraint(
        "C6",
        '`pad` has twice as many elements as `strides` if `pad_type` is "custom" and no'
        " `output_shape` is given",
    )
    def pad_is_whole(self) -> bool:
        padded = self.pad_type.value == "custom" and not self.is_given()
        return not padded or pad_fits(self.pad, self.x)

    @constraint(
        "C7",
        "`output_shape` begins with the first dimension of `x` and the number of output channels,"
        " `weight`'s second dimension * `groups`, and has the rank of `x`",
    )
    def output_shape_fits(self) -> bool:
        asked = self.output_shape
        if asked is None or asked.elements is None:
            return True
        number, channels, *_ = (*asked.elements, None, None)
        return (
            len(asked.elements) == self.x.rank
            and (number is None or number == self.x.shape[0])
            and same(channels, self.out_channels())
        )

    @constraint(
        "C8",
        "`x`, spread by `strides`, `weight` and `dilations` and cut by `pad`, is at least 1 long in"
        " each spatial dimension",
    )
    def leaves_something(self) -> bool | str:
        return fits_nowhere(self.x.shape[2:], self.spatial()) or True

    def is_given(self) -> bool:
        """Whether the shape of the result is, and need not be computed."""
        return self.output_shape is not None

    def out_channels(self) -> int | None:
        """C_out, if known."""
        channels, groups = self.weight.shape[1], self.groups.value
        return None if channels is None or groups is None else channels * groups

    def spatial(self) -> Dims:
        """The spatial dimensions of the result."""
        dims = self.x.shape[2:]
        asked = self.output_shape
        if asked is not None:
            return asked.elements[2:] if asked.elements is not None else (None,) * len(dims)
        return spread(
            dims,
            dilated(self.weight.shape[2:], self.dilations.elements),
            self.strides.elements,
            self.pad_type.value,
            self.pad.elements,
        )

    def multiply_adds(self) -> Dims:
        return (*self.x.shape, *self.weight.shape[1:])

    def infer(self) -> TensorType:
        return self.x.with_shape(self.x.shape[0], self.out_channels(), *self.spatial())

    def evaluate(self) -> Array:
        self.refuse_strangers()
        return convolution.conv_transpose(
            self.x.array,
            self.weight.reals,
            self.bias.reals if self.bias is not None else None,
            self.windows(),
            self.groups.value,
            settled(self.spatial()),
        )

    def refuse_strangers(self) -> None:
        """Raise EvaluationError for what is let pass where `output_shape` is given."""
        channels, wanted = self.x.shape[1], self.weight.shape[0]
        if channels != wanted:
            raise EvaluationError(f"`x` has {channels} channels, and `weight` takes {wanted}")
        for name, sides in (("strides", 1), ("dilations", 1), ("pad", 2)):
            given, needed = len(getattr(self, name).value), sides * (self.x.rank - 2)
            if given != needed and (sides == 1 or self.pad_type.value == "custom"):
                raise EvaluationError(f"`{name}` has {given} elements where {needed} are needed")
        refuse_steps_below_one(self.strides, "strides")
        refuse_steps_below_one(self.dilations, "dilations")

    def windows(self) -> windows.Windows:
        """How the kernels lie over the result, at as many places as `x` has."""
        dims, kernel = settled(self.x.shape[2:]), settled(self.weight.shape[2:])
        strides, dilations = self.strides.value, self.dilations.value
        before: tuple[int, ...] = (0,) * len(dims)
        if self.pad_type.value == "custom":
            before = self.pad.value[::2]
        found = windows.Windows(kernel, strides, dilations, before, dims)
        if self.pad_type.value != "same":
            return found
        pairs = zip(found.spans, settled(self.spatial()), strict=True)
        return found._replace(before=tuple([max(0, a - b) // 2 for a, b in pairs]))


class ConvTranspose17(ConvTranspose):
    """`weight` and `bias` may have another element type than `x`, and may be computed."""

    since = "ios17"
    instead = "a constant `weight` and `bias` of the element type of `x`"

    U = Domain(FP16, FP32)
    weight = In(U, TRANSPOSED, rank=(3, 5))
    bias = OptionalIn(U, BIAS, rank=1)


def refuse_steps_below_one(steps: Bound, name: str) -> None:
    """Raise EvaluationError for strides or dilations that are not all at least 1."""
    if not positive(steps):
        raise EvaluationError(f"`{name}` is {list(steps.value)}, and each has to be at least 1")
