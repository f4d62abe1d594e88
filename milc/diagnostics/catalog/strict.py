"""MIL033x: a program as Apple's compiler reads it. MIL034x: what a target does not have.

Imports Entry only.
"""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0330",
        "default that is not written out",
        """
        Only with --strict. Many arguments have a default, which milc and coremltools fill in. Core
        ML's compiler fills in hardly any: "Required param 'pad' is missing". `milc compile` writes
        them out, so a program in text may leave them out as long as it goes through milc.

        Nothing is said of the few arguments that Apple's compiler was seen to do without:
        `batch_dims` of gather and `output_dtype` of reduce_argmax, which bundles made by it leave
        out; gather_nd and reduce_argmin are taken to be alike.
        """,
        """
        tensor<fp32, [2, 3]> y = softmax(x = x)[name = string("y")];
        """,
        "Write the argument, as the help shows; `milc verify --fix` and `milc fmt --infer` do.",
    ),
    Entry(
        "MIL0331",
        "rank above 5",
        "Only with --strict. Core ML's tensors have at most five dimensions; coremltools refuses to"
        ' convert others ("Core ML only supports tensors with rank <= 5"). Constants that are'
        " only there to be unpacked, such as tables of palettes, may have more.",
        """
        func main<ios17>(tensor<fp32, [1, 1, 1, 1, 2, 3]> x) {
        """,
        "Join dimensions with `reshape`, work on fewer of them, and split them again.",
    ),
    Entry(
        "MIL0332",
        "type left open",
        "Only with --strict. `_` in place of a result's type is milc's own notation; in Apple's"
        " text each result has its type, and a package has it too. `milc compile` fills it in.",
        """
        _ y = relu(x = x)[name = string("y")];
        """,
        "Write the type, as the help shows; `milc verify --fix` and `milc fmt --infer` do.",
    ),
    Entry(
        "MIL0333",
        "nested blocks in text",
        "Only with --strict. How Apple's text spells the blocks of `cond` and `while_loop` is not"
        " known from any public file; milc has a form of its own. A warning, because packages,"
        " which have no text, hold such operations and Core ML runs them.",
        """
        tensor<fp32, [2]> y = cond(pred = p) { … } -> (a), { … } -> (b);
        """,
        "Compile the program into a package, and let Apple's compiler make text of that.",
    ),
    Entry(
        "MIL0334",
        "comment in text for Apple",
        "Only with --strict. Comments are seen in programs that people wrote and never in what"
        " Apple's compiler prints; whether its reader takes them is not known, so this is a"
        " warning. Only the first comment of a text is reported.",
        """
        tensor<fp32, [2]> y = relu(x = x)[name = string("y")]; // the activation
        """,
        "Compile the text with milc, or print it without: `milc decompile --style coremlc`.",
    ),
    Entry(
        "MIL0335",
        "nan in text for Apple",
        "Only with --strict. One exporter writes `nan` bare, another tool refuses it, and no text"
        " of Apple's compiler has one. As the reports contradict each other this is a warning;"
        " only the first is reported.",
        """
        fp32 c = const()[name = string("c"), val = fp32(nan)];
        """,
        "Use a finite number, or compile the text into a package, where nan is a number like"
        " others.",
    ),
    Entry(
        "MIL0336",
        "name in back-quotes",
        "Only with --strict. Back-quotes are milc's way to write names that are no identifiers;"
        " Apple's text has none. Here they stand around a name that needs none, and only the first"
        " is reported; of names that do need them, MIL0413 and MIL0412 are errors with --strict.",
        """
        tensor<fp32, [2]> `y` = relu(x = x)[name = string("y")];
        """,
        "Drop the back-quotes: `milc fmt` does.",
    ),
    Entry(
        "MIL0337",
        "functions of different opsets",
        "Only with --strict. All functions of a program are reported to need one opset. coremltools"
        " writes nothing else. A warning, because nobody here has tried.",
        """
        func encode<ios17>(tensor<fp32, [2]> x) { … } -> (y);
        func decode<ios18>(tensor<fp32, [2]> x) { … } -> (y);
        """,
        "Declare all functions with the newest of their opsets.",
    ),
    Entry(
        "MIL0338",
        "buildInfo over several lines",
        "Only with --strict. Three projects that write MIL text report that buildInfo has to stand"
        " on one line; Apple has said nothing about it, so this is a warning.",
        """
        [buildInfo = dict<string, string>({
            {"coremltools-version", "9.0"}})]
        """,
        "Write the attribute on one line, or leave it out: its values are not compared.",
    ),
    Entry(
        "MIL0340",
        "operation newer than the target",
        "Only with --target. The operation came with a later opset than the one of the target, so"
        " no model that has it loads there. The help says what does the same with older operations,"
        " as far as that is known; `milc ops NAME` says it too.",
        """
        $ milc verify --target ios17 model.mil   # with scaled_dot_product_attention, of ios18
        """,
        "Write the operation in terms of older ones, or raise the target.",
    ),
    Entry(
        "MIL0341",
        "use of an operation that the target does not have",
        "Only with --target. The target has the operation, but not as it is used here: an argument,"
        " an element type, a form of the result or a relation of the arguments came later. The"
        " notes say what each later opset brought, the help what does without.",
        """
        $ milc verify --target ios16 model.mil   # gather with validate_indices, of ios17
        """,
        "Do as the help says, or raise the target.",
    ),
    Entry(
        "MIL0342",
        "opset newer than the target",
        "Only with --target. The opset behind the name of a function says which systems can read"
        " it, whatever the operations in it: the target knows only its own opset and older ones.",
        """
        $ milc verify --target ios16 model.mil   # with func main<ios17>
        """,
        "Write the target's opset when nothing else that is too new is reported.",
    ),
    Entry(
        "MIL0343",
        "specification version newer than the target",
        "Only with --target. A system reads models up to a specification version and no later one:"
        " iOS 16 reads 7. A text that begins with `program(1.3)` becomes a model of version 9 or"
        " later, as texts of that kind are what compilers make of such models.",
        """
        $ milc verify --target ios16 model.mil   # which begins with program(1.3)
        """,
        "Begin the text with `program(1.0)`, whose scalars are `tensor<T, []>`; for a package,"
        " lower `specificationVersion` in model.json and compile again.",
    ),
    Entry(
        "MIL0344",
        "interface that the target does not have",
        "Only with --target. What an app passes to a model and gets from it is limited, and less so"
        " on later systems: fp16 from iOS 16, int8 from iOS 26; states, several functions, models"
        " without inputs, and several inputs with enumerated shapes from iOS 18.",
        """
        $ milc verify --target ios15 model.mil   # with an input of fp16
        """,
        "Change the input or output as the message says, with a `cast` inside where it is about"
        " element types; pass states as inputs and outputs.",
    ),
    Entry(
        "MIL0345",
        "element type newer than the target",
        "Only with --target. Element types of less than a byte (uint1 to uint6, int4) came with"
        " ios18; before, compressed weights were packed into uint8.",
        """
        $ milc verify --target ios17 model.mil   # with a const of uint4
        """,
        "Use a type of 8 bits or more, or the older form of the constexpr operation.",
    ),
)
