"""MIL0520 to MIL0544: models as protobuf messages, read and written. Imports Entry only."""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

_REPORT = (
    "The tool that wrote the model is at fault. Write it anew with a newer version of that tool,"
    " and report the defect to its makers."
)

ENTRIES = (
    Entry(
        "MIL0520",
        "not a Core ML model",
        "A .mlmodel file, also the one inside a package, is a serialised Model message of protocol"
        " buffers. These bytes cannot be read as one: the file is cut off, damaged, of another"
        " kind, or nested so deep that protobuf refuses it.",
        "$ head -c 1000 model.mlmodel > cut.mlmodel && milc info cut.mlmodel",
        "Copy or download the file again and compare its size. Files from before the release of ML"
        " programs (2021) are unreadable to every tool of today: convert the original model anew.",
    ),
    Entry(
        "MIL0521",
        "another kind of model",
        "Core ML has some forty kinds of model; each is a field of the Model message. milc handles"
        " ML programs, field 502, whose layers are written in MIL. Neural networks (field 500),"
        " trees, and the rest hold no MIL.",
        "$ milc info MobileNetV2.mlmodel   # a neural network of 2018",
        "Convert the original model again with coremltools and"
        " `convert_to='mlprogram'`. A neural network cannot be turned into a program by renaming.",
    ),
    Entry(
        "MIL0522",
        "pipeline",
        "A pipeline is a list of models that Core ML runs one after the other. milc works on one ML"
        " program at a time.",
        "$ milc decompile Detector.mlmodelc   # model0 and model1 in one folder",
        "Name one of its models: in a compiled pipeline each is a folder, `model0`, `model1` and so"
        " on. In a package, split the pipeline with coremltools: `ct.models.MLModel` takes the"
        " messages in `spec.pipeline.models` one by one.",
    ),
    Entry(
        "MIL0523",
        "unknown version of the program message",
        "The message of a program carries a version, which is 1 in every file there is, whatever"
        " the specification version. Apple's loader and coremltools refuse any other.",
        "program.version = 2   # with coremltools' protobuf classes",
        _REPORT,
    ),
    Entry(
        "MIL0524",
        "function without a body for its opset",
        "A function of a package names its opset, `CoreML5` to `CoreML9`, and holds its body under"
        " the same name. The format allows bodies for other opsets beside it; the one for the"
        " function's own must be there. `ios15` to `ios26` are the names in MIL text only.",
        'function.opset = "CoreML7"   # while block_specializations has "CoreML6" alone',
        _REPORT,
    ),
    Entry(
        "MIL0525",
        "empty name",
        "Functions, inputs, results, arguments, attributes and the types of operations are known by"
        " their names, so none of these may be the empty string.",
        'operation.outputs[0].name = ""',
        _REPORT,
    ),
    Entry(
        "MIL0526",
        "type is missing",
        "Every input, result and constant has a type, and so has every list, dict and state that is"
        " part of one. In the message it is one of tensor, list, tuple, dictionary and state; here"
        " it is none of them.",
        'function.inputs.add(name="x")   # and no type',
        _REPORT,
    ),
    Entry(
        "MIL0527",
        "unknown element type",
        "A tensor's element type is a number in the message. milc knows those of Core ML 9: bool,"
        " string, fp16, fp32, fp64, bf16, the two of 8-bit floats, signed integers of 4 to 64 bits,"
        " and unsigned ones of 1 to 64.",
        "type.tensorType.dataType = 7",
        "If the model comes from a tool newer than this milc, a newer milc may know the type."
        " Otherwise the tool that wrote the model is at fault.",
    ),
    Entry(
        "MIL0528",
        "rank and dimensions differ",
        "A tensor type tells its rank and lists its dimensions; the two must agree. Rank -1 with no"
        " dimensions means that the rank is unknown. Core ML itself works with up to 5 dimensions;"
        " milc reads up to 32.",
        "type.tensorType.rank = 2   # with three dimensions",
        _REPORT,
    ),
    Entry(
        "MIL0529",
        "no sane dimension",
        "A dimension, and the length of a list, is either constant, from 0 to 2^64 - 1, or unknown."
        " The message has to say which; an absent one says nothing. All dimensions together may not"
        " make a tensor of more than 2^40 bytes.",
        "type.tensorType.dimensions.add()",
        _REPORT,
    ),
    Entry(
        "MIL0530",
        "blocks, types or values nested too deeply",
        "Blocks, types and values can lie in one another. No known program nests more than three"
        " blocks, so milc stops at 64, where protobuf's own limit is near.",
        "$ milc info deep.mlmodel   # a hundred loops in one another",
        "Flatten the program.",
    ),
    Entry(
        "MIL0531",
        "value and type do not match",
        "A constant's message tells its type and holds its elements: a tensor for a tensor type, a"
        " list for a list type, and so on; the elements of a tensor in a member that suits them"
        " (strings for strings, never numbers). What lies in a list, tuple or dict has exactly the"
        " type that the list, tuple or dict declares. Only tensors can lie in a weight file.",
        "value.type.tensorType.dataType = STRING   # and value.immediateValue.tensor.floats",
        _REPORT,
    ),
    Entry(
        "MIL0532",
        "number of elements does not match the type",
        "A constant has as many elements as its shape says. Where they come as bytes, they are"
        " packed: 2560 elements of uint8 take 2560 bytes, as many of uint4 take 1280.",
        "value of tensor<uint8, [2560]> with 1280 bytes   # declared uint8, packed as uint4",
        "coremltools refuses such a model too. " + _REPORT,
    ),
    Entry(
        "MIL0533",
        "element out of range",
        "Some writers keep small integers in a list of wider ones. Each must be in the range of the"
        " declared element type: int8 from -128 to 127. A bool in a list of bytes is 0 or 1.",
        "tensor<int8, [1]> with ints { values: 300 }",
        _REPORT,
    ),
    Entry(
        "MIL0536",
        "argument bound to nothing",
        "An argument of an operation is bound to the names of values, or to constants in place."
        " Here a binding is neither.",
        'operation.inputs["x"].arguments.add()',
        _REPORT,
    ),
    Entry(
        "MIL0538",
        "unknown field is not kept",
        "The message has a field that this version of milc has no name for. On programs, functions,"
        " blocks and operations such fields are kept and written back; here, inside a type, a value"
        " or a binding, there is no place for it, and it will be missing from what milc writes.",
        "$ milc compile model.mlpackage -o copy.mlpackage   # written by a tool of next year",
        "A newer milc may know the field. If the loss matters, do not replace the original.",
    ),
    Entry(
        "MIL0539",
        "type that a package cannot hold",
        "`tensor_buffer` types occur in what Apple's runtime dumps of its own analysis. The"
        " protobuf schema has no such type, so milc reads and prints them and can do no more. A"
        " type that is left open, as `_`, has to be inferred before a package can be written.",
        """
        tensor_buffer<fp16, shape=[1, 64], strides=[64, 1], interleave_factors=[1, 1]> x
        """,
        "Compile the program that was analysed, not the dump. Of a type that is left open,"
        " `milc verify` says what keeps it from being known.",
    ),
    Entry(
        "MIL0540",
        "literal that is not of its type",
        "A literal built or changed by a program has more or fewer bytes than its type says, or"
        " holds items of another type than its list, tuple or dict declares.",
        "TensorLiteral(FP32(3), bytes(8))",
        "Build literals with `milc.ir.tensor`, which checks them.",
    ),
    Entry(
        "MIL0541",
        "opset suffix of an operation",
        "In text an operation may carry an opset of its own, `relu<ios17>(…)`; only dumps of"
        " Apple's runtime have that. The protobuf knows the opset of the function and no other.",
        'tensor<fp32, [2]> y = relu<ios17>(x = x)[name = string("y")];',
        "Leave the suffix out.",
    ),
    Entry(
        "MIL0542",
        "program cannot be made a message",
        "Protobuf refuses the program: it is larger than 2 GiB, or a name holds half of a surrogate"
        " pair, which is no Unicode text.",
        'Value("\\ud800", FP32(1))',
        "Move large constants to the weight file (`--externalize`), or rename the value.",
    ),
    Entry(
        "MIL0543",
        "weights do not fit into a .mlmodel",
        "A .mlmodel is a single file; a program that refers to weight files needs the folder of a"
        " package around it.",
        "$ milc compile model.mil -o model.mlmodel   # with BLOBFILE in model.mil",
        "Write a .mlpackage. `--inline` takes small weights into the program.",
    ),
    Entry(
        "MIL0544",
        "unknown kind of output",
        "milc tells by the suffix of the output what to write: `.mlpackage` or `.mlmodel`.",
        "$ milc compile model.mil -o model.onnx",
        "Give the output one of these suffixes.",
    ),
)
