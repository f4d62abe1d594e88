"""Builds models with coremltools, one of each kind that differs in more than its ops.

Run by coremltools' own interpreter, with a folder to write the packages to; prints nothing.
Imports coremltools, never milc.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813
from coremltools.converters.mil.mil import Function, Operation, Placeholder, Program, types
from coremltools.converters.mil.mil import get_new_symbol as unknown
from coremltools.converters.mil.mil.input_type import InputSpec, TensorInputType
from coremltools.converters.mil.mil.ops.defs._op_reqs import register_op
from coremltools.optimize import coreml as cto

TARGETS = {
    15: ct.target.iOS15,
    16: ct.target.iOS16,
    17: ct.target.iOS17,
    18: ct.target.iOS18,
    26: ct.target.iOS26,
}
FP16, FP32, INT32 = types.fp16, types.fp32, types.int32
RANDOM = np.random.default_rng(7)
LABELS = [
    '"',
    "\\",
    "new\nline",
    "",
    "\0",
    "é中😀",
    "\u2028",
    "`",
    "//",
    "{}",
    "\\n",
    "\x7f\x1b\r\t",
]

CASES: dict[str, Callable[[], Any]] = {}


def case(make: Callable[[], Any]) -> Callable[[], Any]:
    """A model by the name of the function that makes it."""
    CASES[make.__name__] = make
    return make


def program(target: int, inputs: dict[str, Any], body: Callable[..., Any]) -> Program:
    """A program of one function; an input is a shape, or a shape with its element type."""
    made = Program()
    typed = {n: of if isinstance(of[-1:], tuple) and of and isinstance(of[0], tuple) else (of, FP32)
             for n, of in inputs.items()}  # fmt: skip
    holders = {
        name: Placeholder(shape, dtype=element, name=name, allow_rank0_input=True)
        for name, (shape, element) in typed.items()
    }
    with Function(holders, opset_version=TARGETS[min(target, 18)]) as function:
        given = body(*function.inputs.values())
        function.set_outputs(list(given) if isinstance(given, (tuple, list)) else [given])
    made.add_function("main", function)
    return made


def convert(target: int, of: dict[str, Any], body: Callable[..., Any], **more: Any) -> Any:
    """A package in fp32, unless asked otherwise."""
    more.setdefault("compute_precision", ct.precision.FLOAT32)
    return ct.convert(
        program(target, of, body),
        convert_to="mlprogram",
        minimum_deployment_target=TARGETS[target],
        skip_model_load=True,
        **more,
    )


def weights(*shape: int) -> Any:
    return RANDOM.standard_normal(shape).astype(np.float32)


def net(target: int) -> Any:
    """Enough weights to be worth compressing."""
    first, second = weights(32, 16, 3, 3), weights(32, 32)

    def body(x: Any) -> Any:
        y = mb.conv(x=x, weight=first, pad_type="same", name="conv")
        y = mb.reduce_mean(x=y, axes=[2, 3], keep_dims=False)
        return mb.linear(x=y, weight=second, bias=weights(32), name="out")

    half = ct.precision.FLOAT16
    return convert(target, {"x": (1, 16, 8, 8)}, body, compute_precision=half)


# Inputs and outputs


@case
def scalars() -> Any:
    inputs = {"b": (), "a": ((), INT32)}
    return convert(15, inputs, lambda b, a: (mb.mul(x=b, y=b), mb.add(x=a, y=np.int32(1))))


@case
def empty_dimension() -> Any:
    return convert(17, {"z": (2, 0), "a": (1,)}, lambda z, a: (mb.relu(x=z), mb.relu(x=a)))


@case
def int8_input() -> Any:
    return convert(26, {"x": ((2, 3), types.int8)}, lambda x: mb.cast(x=x, dtype="fp16"))


@case
def nothing_in() -> Any:
    def body() -> Any:
        return mb.random_normal(shape=[2, 3], mean=0.0, stddev=1.0, seed=1)

    return convert(18, {}, body)


@case
def one_output_twice() -> Any:
    def body(x: Any) -> Any:
        y = mb.relu(x=x, name="y")
        return y, y

    return convert(17, {"x": (2,)}, body)


@case
def images() -> Any:
    shape = (1, 3, ct.RangeDim(8, 64, default=32), ct.RangeDim(8, 128, default=64))
    image = ct.ImageType(
        name="image", shape=shape, scale=1 / 255, bias=[-1, 0, 1], color_layout=ct.colorlayout.BGR
    )
    outputs = [ct.ImageType(color_layout=ct.colorlayout.RGB)]
    inputs = {"image": (1, 3, unknown(), unknown())}
    return convert(16, inputs, lambda image: mb.relu(x=image), inputs=[image], outputs=outputs)


@case
def grey_images_of_listed_sizes() -> Any:
    shape = ct.EnumeratedShapes([(1, 1, 8, 8), (1, 1, 16, 8)], default=(1, 1, 16, 8))
    image = ct.ImageType(name="i", shape=shape, color_layout=ct.colorlayout.GRAYSCALE_FLOAT16)
    inputs = {"i": ((1, 1, unknown(), unknown()), FP16)}
    return convert(18, inputs, lambda i: mb.relu(x=i), inputs=[image])


@case
def ranges() -> Any:
    inputs = {"zz": (unknown(), 4), "aa": (1, unknown(), 3), "mm": (2,)}
    said = [
        ct.TensorType(name="zz", shape=(ct.RangeDim(2, 9), 4)),
        ct.TensorType(name="aa", shape=(1, ct.RangeDim(3, 2**40, default=5), 3)),
        ct.TensorType(name="mm", shape=(2,)),
    ]
    return convert(17, inputs, lambda *held: [mb.relu(x=x) for x in held], inputs=said)


@case
def listed_shapes_of_two_inputs() -> Any:
    said = [
        ct.TensorType(name="z", shape=ct.EnumeratedShapes([(1, 3), (1, 9), (1, 3)])),
        ct.TensorType(name="x", shape=ct.EnumeratedShapes([(2,), (2,), (5,)], default=(5,))),
    ]
    inputs = {"z": (1, unknown()), "x": (unknown(),)}
    return convert(18, inputs, lambda *held: [mb.relu(x=x) for x in held], inputs=said)


@case
def optional_input() -> Any:
    default = np.full((2,), 3.5, np.float32)
    said = [
        ct.TensorType(name="x", shape=(2,)),
        ct.TensorType(name="o", shape=(2,), default_value=default),
    ]
    return convert(15, {"x": (2,), "o": (2,)}, lambda x, o: mb.add(x=x, y=o), inputs=said)


def classifier(target: int, labels: list[Any], **more: Any) -> Any:
    weight = weights(len(labels), 6)

    def body(x: Any) -> Any:
        return mb.softmax(x=mb.linear(x=x, weight=weight), axis=-1)

    config = ct.ClassifierConfig(labels, **more)
    return convert(target, {"x": (1, 6)}, body, classifier_config=config)


@case
def odd_labels() -> Any:
    return classifier(17, LABELS, predicted_feature_name='my "label"')


@case
def numbers_for_labels() -> Any:
    return classifier(15, [3, -1, 2**40])


# Functions and states


@case
def state_before_input() -> Any:
    @mb.program(
        input_specs=[mb.StateTensorSpec((2, 3), dtype=FP16), mb.TensorSpec((2, 3), dtype=FP16)],
        opset_version=ct.target.iOS18,
    )
    def made(cache: Any, x: Any) -> Any:
        y = mb.add(x=mb.read_state(input=cache), y=x)
        z = mb.coreml_update_state(state=cache, value=y)
        return mb.mul(x=z, y=np.float16(2))

    return ct.convert(made, minimum_deployment_target=ct.target.iOS18, skip_model_load=True)


class Functions:
    """Several functions that share weights."""

    def save(self, path: str) -> None:
        """Write the package, and beside it those that it is made of."""
        weight, wanted = weights(16, 16), ct.utils.MultiFunctionDescriptor()
        for name in ("second", "first", "a.3"):

            def body(x: Any, name: str = name) -> Any:
                return mb.add(x=mb.linear(x=x, weight=weight), y=np.float32(len(name)))

            part = f"{path}.{name}.mlpackage"
            convert(17, {"x": (len(name), 16)}, body).save(part)
            wanted.add_function(part, "main", name)
        wanted.default_function_name = "first"
        ct.utils.save_multifunction(wanted, path)


@case
def functions() -> Any:
    return Functions()


# Weights


@case
def blocks_of_int4() -> Any:
    how = cto.OpLinearQuantizerConfig(
        mode="linear_symmetric",
        dtype="int4",
        granularity="per_block",
        block_size=16,
        weight_threshold=64,
    )
    return cto.linear_quantize_weights(net(18), cto.OptimizationConfig(global_config=how))


@case
def affine_int8() -> Any:
    how = cto.OpLinearQuantizerConfig(mode="linear", dtype="uint8", weight_threshold=64)
    return cto.linear_quantize_weights(net(16), cto.OptimizationConfig(global_config=how))


def palettes(bits: int) -> Any:
    how = cto.OpPalettizerConfig(
        mode="uniform",
        nbits=bits,
        granularity="per_grouped_channel",
        group_size=16,
        weight_threshold=64,
    )
    return cto.palettize_weights(net(18), cto.OptimizationConfig(global_config=how))


for bits in (1, 2, 3, 4, 6, 8):
    CASES[f"palettes_{bits}"] = lambda bits=bits: palettes(bits)


@case
def sparse_palettes() -> Any:
    pruner = cto.OpMagnitudePrunerConfig(target_sparsity=0.6, weight_threshold=64)
    pruned = cto.prune_weights(net(18), cto.OptimizationConfig(global_config=pruner))
    how = cto.OpPalettizerConfig(mode="uniform", nbits=4, weight_threshold=64)
    config = cto.OptimizationConfig(global_config=how)
    return cto.palettize_weights(pruned, config, joint_compression=True)


@case
def odd_numbers() -> Any:
    special = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 3.4e38, 1 / 3], np.float32)
    bits = np.array([0xFFC00000, 0x7F800001], np.uint32).view(np.float32)
    held = [special, bits, special.astype(np.float16), np.zeros((2, 0, 3), np.float32),
            np.arange(1200, dtype=np.int32).reshape(2, 600), np.arange(900) % 3 == 0]  # fmt: skip

    def body(x: Any) -> Any:
        consts = [mb.const(val=value, name=f"k{n}") for n, value in enumerate(held)]
        return [mb.relu(x=x), *(mb.identity(x=k, name=f"o{n}") for n, k in enumerate(consts))]

    return convert(16, {"x": (2,)}, body, pass_pipeline=ct.PassPipeline.EMPTY)


# Ops that hold more than values


@case
def loops_and_branches() -> Any:
    def body(x: Any, y: Any) -> Any:
        def more(i: Any, a: Any) -> Any:
            return mb.less(x=i, y=np.int32(5))

        def step(i: Any, a: Any) -> Any:
            up = mb.greater(x=mb.reduce_sum(x=a, axes=[0], keep_dims=False), y=np.float32(0))
            b = mb.cond(pred=up, _true_fn=lambda: mb.relu(x=y), _false_fn=lambda: mb.add(x=a, y=x))
            return mb.add(x=i, y=np.int32(1)), b

        return mb.while_loop(_cond=more, _body=step, loop_vars=(np.int32(0), x))

    return convert(15, {"x": (3,), "y": (3,)}, body)


@case
def lists() -> Any:
    def body(x: Any) -> Any:
        made = mb.make_list(init_length=np.int32(3), elem_shape=(3,), dynamic_length=False)
        made = mb.list_write(ls=made, index=np.int32(1), value=x)
        return mb.list_gather(ls=made, indices=[0, 1]), mb.list_length(ls=made)

    return convert(16, {"x": (3,)}, body)


@register_op(is_custom_op=True)
class ops_own(Operation):  # noqa: N801
    """An operation that an app brings along."""

    input_spec = InputSpec(x=TensorInputType(type_domain="T"))
    type_domains = {"T": (FP32,)}  # noqa: RUF012
    bindings = {  # noqa: RUF012
        "class_name": "Own",
        "input_order": ["x"],
        "parameters": [],
        "description": 'an "own" one',
    }

    def type_inference(self) -> Any:
        """The type of the input."""
        return self.x.sym_type


@case
def custom_layer() -> Any:
    return convert(15, {"x": (2, 3)}, lambda x: mb.ops_own(x=x))


@case
def metadata() -> Any:
    made = convert(17, {"x": (2,), "y": (2,)}, lambda x, y: mb.add(x=x, y=y, name="out"))
    made.author, made.license, made.version = 'A "b" \\ c\n中\0', "one\r\ntwo\t", "1\u2028"
    made.input_description["x"] = made.output_description["out"] = 'the "x"\n'
    for label in LABELS:
        made.user_defined_metadata[label] = f"of {label}"
    return made


def main() -> None:
    """Write every model into the folder that the first argument names."""
    logging.getLogger("coremltools").setLevel(logging.ERROR)
    for name, make in CASES.items():
        make().save(str(Path(sys.argv[1]) / f"{name}.mlpackage"))


if __name__ == "__main__":
    main()
