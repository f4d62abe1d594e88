"""MIL04xx: the structure of a program: definitions and uses, names, blocks. Imports Entry only."""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0401",
        "use before definition",
        "A program is in static single assignment form: every name is defined once, and an"
        " operation may use the inputs of its function, the arguments of the blocks around it, and"
        " the results of operations before it in its own block or in a block around it. Operations"
        " run in the order they are written, so a value that is defined further down does not exist"
        " yet. An operation's results do not exist inside its own nested blocks either.",
        """
        func main<ios17>(tensor<fp32, [2]> x) {
            tensor<fp32, [2]> z = relu(x = y)[name = string("z")];
            tensor<fp32, [2]> y = relu(x = x)[name = string("y")];
        } -> (z);
        """,
        "Move the operation that defines the value above the one that uses it. If the two need each"
        " other, the program has a cycle, which only `while_loop` can express.",
    ),
    Entry(
        "MIL0402",
        "name defined twice",
        "Within one block every argument and result has a name of its own, because uses refer to"
        " values by name alone; the inputs of a function count with its body. Two branches of a"
        " `cond`, or the two blocks of a `while_loop`, may use the same names. The result of"
        " `read_state` may take the name of an earlier value: coremltools writes state updates so,"
        " and later uses mean the latest definition. It writes other packages too in which several"
        " casts share a name; for those, and for a name in backquotes, as which milc prints them,"
        " the finding is a warning.",
        """
        tensor<fp32, [2]> y = relu(x = x)[name = string("y")];
        tensor<fp32, [2]> y = sqrt(x = x)[name = string("y")];
        """,
        "Rename one of the two and the uses that mean it.",
    ),
    Entry(
        "MIL0403",
        "undefined name",
        "An argument or an output names a value that no input, block argument or operation of the"
        " function defines. Functions share nothing: a name of another function is undefined too.",
        """
        func main<ios17>(tensor<fp32, [2]> x) {
            tensor<fp32, [2]> y = relu(x = w)[name = string("y")];
        } -> (y);
        """,
        "Correct the spelling, or add the operation or input that defines the name.",
    ),
    Entry(
        "MIL0404",
        "value out of scope",
        "A value may be used in the block that defines it and in the blocks nested there. What"
        " `cond` or `while_loop` compute inside leaves only through the outputs of their blocks,"
        " and nothing crosses from one function to another. In a program built or edited in Python"
        " it may also be that the operation which defines the value was never put into the program,"
        " or has been erased.",
        """
        import milc
        from milc.ir.types import FP32
        builder = milc.Builder()
        with builder.function("first", x=FP32(2)) as (x,):
            builder.outputs(builder.op("relu", FP32(2), x=x))
        with builder.function("second", y=FP32(2)) as (y,):
            builder.outputs(builder.op("add", FP32(2), x=x, y=y))
        """,
        "Add the value to the outputs of its block and use the result of the operation that holds"
        " the block, or define the value again where it is needed.",
    ),
    Entry(
        "MIL0405",
        "name hides an outer one",
        "A nested block gives a value the name of a value of a block around it. From there on the"
        " outer value cannot be named. The format allows it and the inner value is meant, but"
        " Apple's rule, as third parties report it, is that names are unique within a function,"
        " nested blocks included. A warning.",
        """
        tensor<fp32, [2]> y = cond(pred = p)[name = string("y")] {
            tensor<fp32, [2]> x = relu(x = z)[name = string("x")];
        } -> (x), {
        } -> (x);
        """,
        "Give the inner value another name.",
    ),
    Entry(
        "MIL0406",
        "program without a function",
        "A program is called through its functions; without one there is nothing to run, and Core"
        " ML does not load it. The usual single function is called `main`.",
        """
        program(1.3)
        {
        }
        """,
        "Add a function.",
    ),
    Entry(
        "MIL0407",
        "no outputs",
        "A function that returns nothing computes nothing that its caller could see: Core ML wants"
        " at least one output for a prediction.",
        """
        func main<ios17>(tensor<fp32, [2]> x) {
        } -> ();
        """,
        "Name at least one value between the parentheses after `->`.",
    ),
    Entry(
        "MIL0408",
        "output named twice",
        "The names of a function's outputs are the names of the model's features, which are unique:"
        " the same value twice gives two features of one name. coremltools lets it pass while it"
        " builds a program. A warning.",
        """
        func main<ios17>(tensor<fp32, [2]> x) {
            tensor<fp32, [2]> y = relu(x = x)[name = string("y")];
        } -> (y, y);
        """,
        "Return the value once, or pass it through `identity` to give it a second name.",
    ),
    Entry(
        "MIL0409",
        "wrong blocks of a control flow operation",
        "`cond` has two blocks, for true and for false, and neither takes arguments: they use the"
        " values around them by name. `while_loop` has two blocks, the condition and the body, and"
        " both take one argument for each value bound to `loop_vars`, in that order, of a type that"
        " can hold it. A dimension of unknown length can hold any.",
        """
        tensor<fp32, [2]> y = cond(pred = p)[name = string("y")] {
            tensor<fp32, [2]> a = relu(x = x)[name = string("a")];
        } -> (a);
        """,
        "Give the operation the two blocks it needs.",
    ),
    Entry(
        "MIL0410",
        "block outputs do not fit",
        "Control flow passes values through the outputs of its blocks, by position. Both blocks of"
        " a `cond` return as many values as the operation has results, each of a type that the"
        " result can hold. The condition of a `while_loop` returns one bool. Its body returns a"
        " value for each argument, and the results of the loop are these values, so arguments,"
        " outputs and results correspond one to one. A dimension of unknown length fits any.",
        """
        tensor<fp32, [2]> y = cond(pred = p)[name = string("y")] {
            tensor<fp32, [2]> a = relu(x = x)[name = string("a")];
        } -> (a), {
            tensor<fp32, [3]> b = relu(x = z)[name = string("b")];
        } -> (b);
        """,
        "Make the blocks return what the results declare, or correct the declared types.",
    ),
    Entry(
        "MIL0411",
        "malformed const",
        "`const` gives a name to a constant: its attribute `val` holds the value, it takes no"
        " arguments and has one result, whose type is that of the value.",
        """
        tensor<int32, [2]> strides = const()[name = string("strides")];
        """,
        'Write the value: `const()[name = string("strides"), val = int32(1)]`.',
    ),
    Entry(
        "MIL0412",
        "reserved word as a name",
        "The words of the language (`any`, `program`, `func`, `tensor`, `list`, `dict`, `tuple`,"
        " `state`, `true`, `false` and the element types) are reserved for it. coremltools renames"
        " values that have one of them before it writes a package, because Apple's text reader"
        " refuses them. An error in a text; a warning for a name in backquotes or in a package, and"
        " for `state`, which hand-written programs that work are reported to use.",
        """
        func main<ios18>(tensor<fp16, [4]> any) {
            tensor<fp16, [4]> y = relu(x = any)[name = string("y")];
        } -> (y);
        """,
        "Choose another name. The name of an input or output is also the name by which an app"
        " addresses it, so change that too.",
    ),
    Entry(
        "MIL0413",
        "name that is no identifier",
        "In MIL text a name is a letter or an underscore, then letters, digits and underscores. A"
        " package can hold any string, and coremltools' intermediate programs have names such as"
        " `conv1.weight`; it rewrites them before it saves, because Apple's compiler turns the"
        " package into text. milc's own text puts such a name in backquotes, which no other reader"
        " knows. A warning.",
        """
        tensor<fp32, [2]> `conv1.weight` = relu(x = x)[name = string("conv1.weight")];
        """,
        "Rename the value.",
    ),
)
