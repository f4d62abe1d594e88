"""MIL08xx: lints, which are never errors. MIL0800 to MIL0809: comments that silence findings;
MIL081x: folklore about the Neural Engine; MIL082x: what a model carries and does not need.

Imports Entry only.
"""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

_FOLKLORE = (
    " This is folklore: reports of people who converted models, which others contradict; Apple"
    " documents no such rule, and Core ML runs the program in any case. A note, with --lint only."
)

ENTRIES = (
    Entry(
        "MIL0801",
        "comment that silences nothing",
        """
        A comment `// milc: ignore[CODE]` silences findings of that code in the statement on its
        line, or in the next one if the comment stands on a line of its own. There is no such
        finding there: it has been mended, the comment is on the wrong line, or the code is another
        one. Left where it is, the comment would hide a fault that comes later. A warning.

        Nothing is said where it cannot be told: in a text with an error that keeps other checks
        from being made, and of lints in a run without them.
        """,
        """
        tensor<fp32, [2]> y = relu(x = x)[name = string("y")]; // milc: ignore[MIL0413]
        """,
        """
        Remove the code from the comment, or move the comment to the statement that it is about.
        """,
    ),
    Entry(
        "MIL0802",
        "comment that milc does not understand",
        """
        A comment that begins with `milc:` is an instruction to milc. The only one that there is
        names in brackets the codes to ignore, separated by commas, each of them whole or the
        beginning of a range: `MIL0413`, or `MIL04`. Behind the brackets and a blank a reason may
        follow. A warning; what is understood of the comment counts.
        """,
        """
        tensor<fp32, [2]> `y.0` = relu(x = x)[name = string("y")]; // milc: ignore MIL0413
        """,
        """
        Write `// milc: ignore[MIL0413]`, or let the comment begin otherwise if it is meant for
        people.
        """,
    ),
    Entry(
        "MIL0811",
        "dynamic shape",
        "An input has a dimension that is not fixed. Programs with such inputs are said to run on"
        " the CPU or the GPU rather than on the Neural Engine, and enumerated shapes to fare"
        " better than ranges." + _FOLKLORE,
        "func main<ios17>(tensor<fp16, [1, ?]> x) {",
        "Fix the shape, list the shapes that are needed (EnumeratedShapes), or write a function for"
        " each.",
    ),
    Entry(
        "MIL0812",
        "flag written in place",
        "A truth value is written where it is used, instead of a name for a const. People who write"
        " MIL for the Neural Engine by hand report that such programs were refused there until"
        " every flag had a const of its own." + _FOLKLORE,
        """
        tensor<fp16, [2, 2]> z = matmul(x = x, y = y, transpose_x = bool(false), transpose_y = t);
        """,
        'Bind the flag to a const: `bool no = const()[name = string("no"), val = bool(false)];`.',
    ),
    Entry(
        "MIL0813",
        "epsilon left to its default",
        "log, rsqrt and inverse add `epsilon` to what they take. Its default is far below what fp16"
        " can hold beside 1, and results of infinity on the Neural Engine are put down to that."
        + _FOLKLORE,
        """
        tensor<fp16, [4]> y = rsqrt(x = x)[name = string("y")];
        """,
        "Write an epsilon that fp16 holds, such as 1e-4, if x can come near 0.",
    ),
    Entry(
        "MIL0814",
        "long kernel of a convolution",
        "The kernel of a convolution is longer than 15 in some dimension, which is said to keep it"
        " from the Neural Engine." + _FOLKLORE,
        """
        tensor<fp16, [1, 8, 1, 64]> y = conv(weight = w_of_1_by_31, x = x, …);
        """,
        "Split the convolution into several of smaller kernels, or let it run elsewhere.",
    ),
    Entry(
        "MIL0815",
        "very long dimension",
        "A tensor that is computed has a dimension of more than 16384, which is said to be the"
        " limit of the Neural Engine. Constants are not looked at." + _FOLKLORE,
        """
        tensor<fp16, [1, 50257]> logits = linear(x = x, weight = w, bias = b);
        """,
        "Split the tensor along that dimension, or let the operation run elsewhere.",
    ),
    Entry(
        "MIL0816",
        "inputs or outputs not in alphabetical order",
        "Those who call compiled programs without Core ML report that inputs and outputs are passed"
        " in the order of their names, whatever the order in the program; where the two differ,"
        " tensors were mixed up. Who calls by name, as Core ML does, has nothing to fear."
        + _FOLKLORE,
        "func main<ios17>(tensor<fp16, [2]> x, tensor<fp16, [2]> mask) {",
        "Order or rename them, if the program is called by places.",
    ),
    Entry(
        "MIL0821",
        "result that nobody uses",
        "An operation is computed and none of its results is used or returned. coremltools removes"
        " such operations when it converts. A warning, with --lint only.",
        """
        tensor<fp32, [2]> spare = relu(x = x)[name = string("spare")];
        """,
        "Remove the operation, or use its result.",
    ),
    Entry(
        "MIL0822",
        "constant that nobody uses",
        "A const is bound to no argument. Its value is a part of the model all the same, in the"
        " weight file if it lies there. A warning, with --lint only.",
        """
        tensor<fp32, [512, 512]> old = const()[name = string("old"), val = …];
        """,
        "Remove the const.",
    ),
    Entry(
        "MIL0823",
        "input that nobody uses",
        "A function takes an input or a state that no operation uses. Apps have to pass it in any"
        " case. A warning, with --lint only.",
        "func main<ios17>(tensor<fp32, [2]> x, tensor<fp32, [2]> unused) { … } -> (y);",
        "Remove it, if those who call the model can do without.",
    ),
    Entry(
        "MIL0824",
        "fp32 in a program of fp16",
        "Most operations of the function compute in fp16, this one in fp32. That may be on purpose,"
        " where numbers grow large or small; often it is what a conversion has forgotten. A"
        " warning, with --lint only.",
        """
        tensor<fp32, [1, 64]> y = softmax(axis = axis, x = x_in_fp32)[name = string("y")];
        """,
        "Cast its operands to fp16, if it need not be exact.",
    ),
    Entry(
        "MIL0825",
        "cast there and back",
        "A cast takes what another cast made, and gives the type that this one began with. Where"
        " the type between holds all numbers of the other, the two do nothing; where it does not,"
        " they round. A warning, with --lint only.",
        """
        tensor<fp32, [2]> wide = cast(x = x_in_fp16, dtype = string("fp32"));
        tensor<fp16, [2]> back = cast(x = wide, dtype = string("fp16"));
        """,
        "Use the first value, unless rounding is what is wanted.",
    ),
    Entry(
        "MIL0826",
        "blobs that nothing refers to",
        "A weight file holds data that no operation of the program refers to: the model is larger"
        " than it has to be. If several models share the file, the others may use them. A warning,"
        " with --lint only, at the first operation that refers to the file.",
        "$ milc verify --lint model.mlpackage   # an operation was removed, its weights were not",
        "Write the file anew from the weights that are used.",
    ),
    Entry(
        "MIL0827",
        "weights that are there twice",
        "Two blobs hold the same bytes, 64 or more of them. References may share a blob. A warning,"
        " with --lint only; the bytes are compared by their digests.",
        "$ milc verify --lint model.mlpackage   # two layers have the same bias",
        "Let both refer to the first, if the element types are the same.",
    ),
)
