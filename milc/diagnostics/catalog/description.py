"""MIL07xx: the model description, derived or compared with a signature. Imports Entry only."""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

_FLEXIBLE = """
    [FlexibleShapeInformation =
        tuple<tuple<string, dict<string, tensor<int32, [?]>>>,
              tuple<string, dict<string, list<tensor<int32, [2]>, ?>>>>(
            (("DefaultShapes", {{"x", [1, 4]}}),
             ("RangeDims", {{"x", [[1, 1], [1, 8]]}})))]
"""

ENTRIES = (
    Entry(
        "MIL0701",
        "element type that no input or output can have",
        "An app hands arrays to a model and gets arrays back, and Core ML knows few element types"
        " of arrays: fp32 and int32; fp16 from specification version 7 (iOS 16); int8 from version"
        " 10 (iOS 26). Inside the program there are more. coremltools inserts casts at the border;"
        " milc changes no program behind its author's back.",
        "func main<ios16>(tensor<bool, [4]> mask) {",
        "Declare the input or output with one of the types that the message names and `cast`"
        " inside, or raise the specification version if that allows the type.",
    ),
    Entry(
        "MIL0702",
        "input or output that cannot be described",
        "A description speaks of arrays with a fixed number of dimensions. An input or output that"
        " is a list, a dict, a tuple, or a tensor of unknown rank has no description; the exception"
        " are the two results of `classify`.",
        "func main<ios16>(list<tensor<fp32, [2]>, ?> items) {",
        "Pass the parts as tensors of known rank.",
    ),
    Entry(
        "MIL0703",
        "unsuitable state",
        "A state is a tensor that Core ML keeps between predictions. It exists from specification"
        " version 9 (iOS 18) on, its elements are fp16, and its shape is fixed.",
        "func main<ios18>(state<tensor<fp32, [1, 64]>> cache) {",
        "Declare the state as fp16 of a fixed shape, and cast what is read from it.",
    ),
    Entry(
        "MIL0704",
        "malformed FlexibleShapeInformation",
        "The attribute tells which shapes the inputs with unknown dimensions may have, in the form"
        " that Apple's compiler writes: a tuple of pairs, the first of each a name. `DefaultShapes`"
        " gives one shape for each flexible input. `RangeDims` gives the shortest and longest"
        " length of each dimension, -1 for no limit; or `EnumeratedShapes` lists shapes, each list"
        " under a key that means nothing. Every flexible input has a default and one of the two,"
        " and the default is a shape that it may take.",
        """
        [FlexibleShapeInformation = tuple<tuple<string, dict<string, tensor<int32, [?]>>>>(
            (("DefaultShapes", {{"x", [1, 4]}})))]
        """,
        "For an input `x` of type `tensor<fp32, [1, ?]>` it is:\n" + _FLEXIBLE,
    ),
    Entry(
        "MIL0705",
        "FlexibleShapeInformation does not fit the inputs",
        "The attribute speaks of inputs of its function and of their unknown dimensions. A"
        " dimension that the type fixes has the same length in every shape, `[4, 4]` as a range.",
        'func main<ios17>(tensor<fp32, [2, ?]> x) … ("RangeDims", {{"x", [[1, 2], [1, 8]]}})',
        "Make the two agree.",
    ),
    Entry(
        "MIL0706",
        "nothing is said of an unknown dimension",
        "The description of an input has to say how long a `?` may be. In text"
        " FlexibleShapeInformation says it; without it coremltools assumes 1 to 2, and milc does"
        " the same, with this warning, because hardly anybody means that.",
        "func main<ios17>(tensor<fp32, [1, ?]> x) {",
        "Give the function the attribute, behind its inputs:\n" + _FLEXIBLE,
    ),
    Entry(
        "MIL0707",
        "function that nobody can call",
        "An app calls the functions that the description lists. Before specification version 9"
        " (iOS 18) a description cannot list any and is about the function `main` alone.",
        """
        program(1.0)
        {
            func main<ios16>(tensor<fp32, [2]> x) { … } -> (y);
            func other<ios16>(tensor<fp32, [2]> x) { … } -> (y);
        }
        """,
        "Raise the specification version to 9, or leave the function out.",
    ),
    Entry(
        "MIL0708",
        "model without inputs",
        "Before specification version 9 Core ML loads no model that takes no input.",
        "func main<ios16>() {",
        "Add an input, or raise the specification version to 9.",
    ),
    Entry(
        "MIL0709",
        "no function main",
        "Before specification version 9 (iOS 18) a model has one function that can be called, and"
        " its name is `main`.",
        "func predict<ios16>(tensor<fp32, [2]> x) {",
        "Call the function `main`, or raise the specification version to 9.",
    ),
    Entry(
        "MIL0710",
        "description of something that is not there",
        "Every input, output and state of the description is one of the program, by name. Core ML"
        " loads no model of which that is not true.",
        "$ milc verify renamed.mlpackage   # the description still has the old name",
        "Rename the feature in the description, or the value in the program.",
    ),
    Entry(
        "MIL0711",
        "missing from the description",
        "Every input, output and state of the program is described, else an app could not pass or"
        " receive it.",
        "$ milc verify model.mlpackage   # an output was added to the program alone",
        "Describe it. `milc compile` without a description derives one from the program.",
    ),
    Entry(
        "MIL0712",
        "description says another type",
        "What the description calls an array of fp32 is a tensor of fp32 in the program, and so on:"
        " Core ML converts nothing at the border, except that images become fp32 or fp16 tensors.",
        "func main<ios16>(tensor<fp16, [4]> x) {   # and multiArrayType { dataType: FLOAT32 }",
        "Make the two agree.",
    ),
    Entry(
        "MIL0713",
        "description says another shape",
        "Where both are fixed, the shape in the description is that of the program. A scalar is"
        " described as [1], an image as a tensor [1, channels, height, width]. Where the program's"
        " input has an unknown dimension, the description gives a range or a list of shapes, else"
        " Apple's compiler reports that FlexibleShapeInformation is missing.",
        "func main<ios16>(tensor<fp32, [1, 3]> x) {   # and multiArrayType { shape: 1 shape: 4 }",
        "Make the two agree.",
    ),
    Entry(
        "MIL0714",
        "functions of description and program differ",
        "A description that lists functions lists functions of the program, from specification"
        " version 9 on; it names one of them as the default, and has no features besides theirs."
        " One that lists none is about the function `main`.",
        'description.defaultFunctionName = "encode"   # and functions are main and decode',
        "List the functions by the names that they have in the program.",
    ),
    Entry(
        "MIL0715",
        "feature is described twice or without a type",
        "Inputs, outputs, states and functions are found by name, so a name stands once in each"
        " list; and each feature has a type. If the program itself returns one value twice, this is"
        " a warning.",
        "func main<ios16>(tensor<fp32, [2]> x) { … } -> (y, y);",
        "Describe each feature once. Give a value that is returned twice a second name with"
        " `identity`.",
    ),
    Entry(
        "MIL0716",
        "text and description say different shapes",
        "FlexibleShapeInformation in the text of a compiled bundle is made from the description. If"
        " the two differ, one of them was edited; a package keeps the description only. A warning.",
        "$ milc compile edited.mlmodelc -o model.mlpackage",
        "Change the description too, or leave it out so that it is derived from the text.",
    ),
    Entry(
        "MIL0717",
        "specification version does not suit",
        "The specification version of a model tells which systems can load it: 6 for iOS 15, 7 for"
        " 16, 8 for 17, 9 for 18, 10 for iOS 26. ML programs begin at 6, and an opset needs the"
        " version that it came with, or a later one. A version that milc has never heard of is a"
        " warning.",
        "$ milc compile main_of_ios17.mil --specification-version 7 -o model.mlpackage",
        "Raise the version, or declare the functions with an older opset.",
    ),
    Entry(
        "MIL0718",
        "several inputs with enumerated shapes",
        "Before specification version 9 (iOS 18) only one input of a model may have a list of"
        " shapes to choose from. coremltools refuses to make such a model.",
        "$ milc verify model.mlpackage",
        "Raise the version to 9, or give the other inputs ranges.",
    ),
    Entry(
        "MIL0719",
        "no description",
        "The model's description is empty, so no app can call it. Intermediate files of converters"
        " look like this.",
        "$ milc verify intermediate.mlmodel",
        "Decompile the model to text and compile that: a description is then derived.",
    ),
    Entry(
        "MIL0720",
        "feature that Apple's compiler refuses",
        "Before it looks at the program, the compiler checks each feature by itself: fp16 needs"
        " specification version 7, a state version 9, a fixed shape and fp16; ranges go upwards;"
        " images have a size and a colour space; only inputs are optional, and not all of them."
        " The checks are public in coremltools' sources (InterfaceValidators.cpp). A default value"
        " of another type than its array is a warning, because coremltools writes it so for inputs"
        " of int32.",
        "$ milc compile fp16_inputs.mlpackage --specification-version 6 -o old.mlpackage",
        "Correct the feature in model.json, or in the tool that made the description.",
    ),
    Entry(
        "MIL0721",
        "unknown opset",
        "A function is written against one of Core ML's opsets, which came with iOS 15, 16, 17, 18"
        " and 26; text calls them `ios15` and so on, packages `CoreML5` to `CoreML9`, and those of"
        " macOS go by the iOS of the same year. Apple's compiler refuses any other"
        ' ("Unknown opset"). A number beyond the last may be one that this version of milc does'
        " not know yet, and is a warning.",
        "func main<macOS15>(tensor<fp32, [2]> x) {",
        "Write the tag of the oldest iOS that has what the program uses.",
    ),
)
