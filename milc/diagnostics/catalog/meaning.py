"""MIL02xx: types, literals and names in the text. Imports Entry only."""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0201",
        "unknown type",
        "A type is one of the element types, or tensor, list, dict, tuple or state of types.",
        """
        tensor<float32, [2]> y = relu(x = x);
        """,
        "Use MIL's name for it: fp32, not float32; int32, not i32.",
    ),
    Entry(
        "MIL0202",
        "malformed type",
        "A dimension is a whole number of 0 or more, or `?` where it is unknown. A tensor_buffer"
        " lists shape, strides and interleave_factors.",
        """
        tensor<fp32, [-1, 2]> y = relu(x = x);
        """,
        "Write `?` for a dimension that is not known.",
    ),
    Entry(
        "MIL0203",
        "wrong number of elements",
        "A literal has as many elements as its type says.",
        """
        tensor<int32, [2]> strides = const()[val = tensor<int32, [2]>([1, 1, 1])];
        """,
        "Correct the type or the literal.",
    ),
    Entry(
        "MIL0204",
        "literal nested otherwise than its type",
        "A literal has a pair of brackets for each dimension, and every row of a dimension has the"
        " same length. Apple's reader says `Size of dimensions of declared type and provided tensor"
        " literal are not compatible`.",
        """
        tensor<int32, [4]> v = const()[val = tensor<int32, [4]>([[1, 2], [3, 4]])];
        """,
        "Nest the literal as the shape has it.",
    ),
    Entry(
        "MIL0205",
        "literal out of range",
        "Every element must be a value of the element type. Floats are rounded to the nearest one;"
        " what is finite in the text must stay finite.",
        """
        int8 v = const()[val = int8(200)];
        """,
        "Use a value in range or a wider type; write `inf` where infinity is meant.",
    ),
    Entry(
        "MIL0206",
        "wrong kind of literal",
        "bool takes true and false, string a string, integer types whole numbers, float types any"
        " number; a list stands in [], a tuple in (), a dict in {} with a pair {key, value} for"
        " each entry.",
        """
        bool keep = const()[val = bool(1)];
        """,
        "Write a literal of the type's own kind.",
    ),
    Entry(
        "MIL0207",
        "type without literals",
        "States, tensor buffers, and tensors of unknown rank are made at run time; no literal"
        " spells their value.",
        """
        state<fp16> s = const()[val = state<fp16>(0)];
        """,
        "Take the value as a function's input, or give it a plain tensor type.",
    ),
    Entry(
        "MIL0208",
        "type too large",
        "A tensor of more than 2^40 bytes is a slip in its shape; milc refuses it before it"
        " allocates anything.",
        """
        tensor<fp32, [4000000000, 4000000000]> y = relu(x = x);
        """,
        "Correct the shape.",
    ),
    Entry(
        "MIL0209",
        "literal written flat",
        "A literal whose type has several dimensions, or one, is written without the brackets of"
        " all of them. Some programs that Apple's compiler takes do so; milc reads it and warns.",
        """
        tensor<int32, [1]> axes = const()[val = tensor<int32, [1]>(-1)];
        """,
        "Write one pair of brackets for each dimension: `([-1])`.",
    ),
    Entry(
        "MIL0210",
        "argument or attribute given twice",
        "An operation binds each argument and each attribute once.",
        """
        tensor<fp32, [2]> y = add(x = a, x = b);
        """,
        "Remove one of the two, or correct the name of one.",
    ),
    Entry(
        "MIL0211",
        "function defined twice",
        "The functions of a program have different names.",
        """
        func main<ios18>(fp32 x) { … } -> (y);
        func main<ios18>(fp32 x) { … } -> (y);
        """,
        "Rename one of the two.",
    ),
    Entry(
        "MIL0213",
        "unusable blob reference",
        "The path of a BLOBFILE is a string that begins with `@model_path/`, which stands for the"
        " folder of the program; its offset is a uint64 that points at the blob's metadata record.",
        """
        tensor<fp16, [4]> w = const()[val = tensor<fp16, [4]>(BLOBFILE(path = string("w.bin"),
            offset = int32(64)))];
        """,
        'Write `path = string("@model_path/weights/weight.bin"), offset = uint64(64)`.',
    ),
)
