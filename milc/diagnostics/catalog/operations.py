"""MIL03xx: operations against the opset. Imports Entry only."""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0301",
        "no such operation",
        "No opset of Core ML has an operation of this name. The names are those of Core ML's Model"
        " Intermediate Language, not of PyTorch, TensorFlow or ONNX, many of"
        " which milc knows and answers with MIL's; `milc ops` lists MIL's.",
        """
        tensor<fp32, [2]> y = ReLU(x = x)[name = string("y")];
        """,
        "Use the name that milc proposes, or look the operation up: `milc ops WORD` searches names"
        " and descriptions.",
    ),
    Entry(
        "MIL0302",
        "operation of a newer opset",
        "A function is read by one opset, which stands behind its name: `func main<ios15>`. An"
        " operation that came with a newer opset does not exist there, and Core ML refuses the"
        ' model: "… does not match the operator defined by expected opset ios15".',
        """
        func main<ios15>(tensor<fp32, [1, 2, 3, 4]> q) {
            tensor<fp32, [1, 2, 3, 4]> y = fill_like(ref_tensor = q, value = fp32(0));
        } -> (y);
        """,
        "Raise the function's opset to the one named, which asks for newer systems, or write the"
        " operation in terms of older ones.",
    ),
    Entry(
        "MIL0303",
        "unknown argument",
        "The operation has no argument of this name in the function's opset, and Core ML's compiler"
        " refuses arguments that it does not know. Later opsets give some operations more"
        " arguments: `validate_indices` of `gather` came with ios17.",
        """
        tensor<fp32, [2]> y = relu(input = x)[name = string("y")];
        """,
        "Use the name that milc proposes; `milc ops NAME` shows the arguments of an operation.",
    ),
    Entry(
        "MIL0304",
        "required argument missing",
        "The operation cannot be computed without this argument, which has no default. Core ML's"
        " compiler says \"Required param 'y' is missing\"; it says so for arguments with a default"
        " too, which milc writes out when it compiles.",
        """
        tensor<fp32, [2]> z = add(x = x)[name = string("z")];
        """,
        "Add the argument.",
    ),
    Entry(
        "MIL0305",
        "argument must be constant",
        "The operation needs this argument when the model is compiled, as a part of what it is:"
        " an axis, a mode, a stride. So it must be a constant, or follow from constants alone.",
        """
        func main<ios17>(tensor<fp32, [2, 3]> x, int32 axis) {
            tensor<fp32, [2, 3]> y = cumsum(x = x, axis = axis);
        } -> (y);
        """,
        "Bind it to a `const`. Where it depends on the input, look for an operation that takes it"
        " as a tensor, such as `gather` for a computed index.",
    ),
    Entry(
        "MIL0306",
        "element type not allowed",
        "Each argument has a type domain: the element types that it may have. Domains grow with"
        " the opsets; what a newer one would allow is said in the help.",
        """
        tensor<bool, [2]> y = relu(x = flags)[name = string("y")];
        """,
        "Convert the operand with `cast`, or raise the function's opset where that helps.",
    ),
    Entry(
        "MIL0307",
        "element types differ",
        "Arguments of one type domain have one element type, whatever it is: MIL converts nothing"
        " by itself, and numbers do not take the type of what they are combined with.",
        """
        func main<ios17>(tensor<fp32, [2]> x, tensor<fp16, [2]> h) {
            tensor<fp32, [2]> y = add(x = x, y = h);
        } -> (y);
        """,
        "Convert one of the two with `cast`; of a constant, change its type.",
    ),
    Entry(
        "MIL0308",
        "wrong kind of operand",
        "Tensors, lists, dictionaries and states are different things; an argument takes one kind"
        " of them. A state's content is a tensor once `read_state` has read it.",
        """
        func main<ios18>(state<tensor<fp16, [2]>> s) {
            tensor<fp16, [2]> y = relu(x = s);
        } -> (y);
        """,
        "Bind what the argument takes: read states with `read_state` and lists with `list_read`.",
    ),
    Entry(
        "MIL0309",
        "wrong rank",
        "The argument takes tensors of certain ranks only: the rank is the number of dimensions.",
        """
        func main<ios17>(tensor<fp32, [2]> x) {
            tensor<fp32, [2]> y = depth_to_space(x = x, block_size = int32(1));
        } -> (y);
        """,
        "Add dimensions of 1 with `expand_dims`, or remove them with `squeeze` or `reshape`.",
    ),
    Entry(
        "MIL0310",
        "constraint broken",
        "Beside the types of single arguments, an operation asks for something that concerns their"
        " values or several of them together. Each such constraint has a label, C1, C2 and so on;"
        " `milc ops NAME` lists those of an operation, and the finding shows what the arguments"
        " are. What is not known before the model runs is taken to hold.",
        """
        func main<ios17>(tensor<fp32, [2, 3]> x, tensor<fp32, [4]> w) {
            tensor<fp32, [2, 3]> y = add(x = x, y = w);
        } -> (y);
        """,
        "Change one of the arguments that the finding shows.",
    ),
    Entry(
        "MIL0311",
        "declared type is not the result's",
        "MIL writes the type of every result beside its name, and it must be the one that the"
        " operation gives. An unknown dimension, `?`, agrees with any; a declared type may be more"
        " exact than what can be inferred, but not contradict it. Core ML's compiler says \"Output"
        " '0' has unexpected type\".",
        """
        func main<ios17>(tensor<fp32, [2, 3]> x) {
            tensor<fp32, [3, 2]> y = relu(x = x);
        } -> (y);
        """,
        "Declare the type that the help names: `milc verify --fix` does. If it is not what you"
        " meant, the mistake is in the operands.",
    ),
    Entry(
        "MIL0312",
        "wrong number of results",
        "The statement names more or fewer results than the operation gives.",
        """
        func main<ios17>(tensor<fp32, [4]> x) {
            tensor<fp32, [1]> best = topk(x = x, k = int32(1));
        } -> (best);
        """,
        "Name every result, in order, with a comma between: `T a, T b = topk(…)`. MIL writes no"
        " brackets there.",
    ),
    Entry(
        "MIL0313",
        "not one of the choices",
        "The argument is a word out of a fixed list.",
        """
        func main<ios17>(tensor<fp32, [4]> x) {
            tensor<fp32, [4]> y = gelu(x = x, mode = string("FAST"));
        } -> (y);
        """,
        "Use one of the words that the finding lists, in the same case.",
    ),
    Entry(
        "MIL0314",
        "one operand wanted",
        "The argument binds one value; `(a, b)` binds several, which only arguments such as"
        " `values` of `concat` take.",
        """
        func main<ios17>(tensor<fp32, [2]> a, tensor<fp32, [2]> b) {
            tensor<fp32, [2]> y = relu(x = (a, b));
        } -> (y);
        """,
        "Bind one value; join several with `concat` or `stack` first.",
    ),
    Entry(
        "MIL0315",
        "type cannot be inferred",
        "The type of a result may be left open, as `_`, if the operands tell it. Here they do not:"
        " the number of dimensions depends on values that are known only when the model runs.",
        """
        func main<ios17>(tensor<fp32, [2, 3]> x, tensor<int32, [?]> shape) {
            _ y = reshape(x = x, shape = shape);
        } -> (y);
        """,
        "Write the type, with `?` for dimensions that are not known.",
    ),
    Entry(
        "MIL0316",
        "arguments of an unforeseen form",
        "A rule of the operation could not be applied: an argument has a form that its definition"
        " does not rule out and that the rule is not made for. No operation is known of which that"
        " is so; were there one, milc would say this rather than fail, and go on. Core ML's tools"
        " fail on such models, mostly without saying why.",
        """
        tensor<fp32, [2]> y = an_operation(x = x, an_argument = …);
        """,
        "Compare the arguments, which the finding lists, with those of the example that `milc ops`"
        " shows for the operation. Please report the model: the definition should rule it out.",
    ),
)
