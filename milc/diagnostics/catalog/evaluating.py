"""MIL09xx: running a program, its inputs, and what comes of it. Imports Entry only."""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0901",
        "input missing",
        "A function runs when it has all its inputs. milc makes none up unless it is asked to,"
        " since what comes of made-up inputs is easily taken for a result. An input that the"
        " model's description calls optional is its default value, or zeros.",
        "$ milc run examples/hello/model.mil",
        "Give it, `--input x=FILE.npy` or in another form that docs/running.md lists. `--random`"
        " makes up all that is not given, the same each time.",
    ),
    Entry(
        "MIL0902",
        "no input of that name",
        "Something is given under a name that is none of the function's inputs. A state is not"
        " given as an input, but with `--state`.",
        "$ milc run examples/hello/model.mil --input xx=random",
        "Take one of the names that `milc info` shows for the function.",
    ),
    Entry(
        "MIL0903",
        "input of another shape",
        "The array has not the shape that the function declares for this input; a dimension `?`"
        " may be of any length. No dimension is added or dropped, not even one of length 1.",
        "$ milc run examples/hello/model.mil --input 'x=[1, 2, 3, 4]'",
        "Give an array of the declared shape: here `[[1, 2, 3, 4]]`, since `x` has the shape [1,"
        " 4].",
    ),
    Entry(
        "MIL0904",
        "elements that do not fit the input",
        "The elements of the array are of another kind than those of the input, or out of its"
        " range. Floats of any width are rounded to that of the input, whole numbers may be"
        " given where floats are wanted, and integers of another width as long as each value"
        " fits; text for numbers, or 1.5 for an integer, do not.",
        "$ milc run examples/hello/model.mil --input 'x=[[true, \"a\", 1, 2]]'",
        'Convert the array before, with the rounding that you mean: `array.round().astype("i4")`.',
    ),
    Entry(
        "MIL0905",
        "no state of that name",
        "What states hold is given, or asked for, by their names, and the function has no state"
        " of this one, or no state at all.",
        "$ milc run examples/hello/model.mil --random --save-state cache.npz",
        "Take one of the names that `milc info` shows. A cache that the model takes as an input"
        " and gives as an output is no state.",
    ),
    Entry(
        "MIL0906",
        "no function of that name",
        "`--function` names a function that the program has not. Without it `main` is run, or"
        " the only function there is.",
        "$ milc run examples/multifunction/model.mil --function adopted --random",
        "Take one of the names that `milc info` shows.",
    ),
    Entry(
        "MIL0907",
        "operation that cannot be run",
        "Before anything is computed, every operation of the function is made ready: its"
        " definition is looked up and its constants are read. One of them has no definition in"
        " this opset, or refers to weights that cannot be read; a note says why.",
        "$ milc run model.mil --random        # of which no weights are there",
        "Put the weight file beside the model, or name its folder with `--weights`. Operations"
        " of one's own, and those that milc does not know, cannot be run.",
    ),
    Entry(
        "MIL0908",
        "operation without an answer",
        "The operation is well formed, but not for the values that it met: an index beyond the"
        " end, shapes that are known only now and do not agree, a loop that does not end, more"
        " memory than there is. What Core ML does then is not documented; milc stops.",
        """
        tensor<fp32, [1]> row = gather(x = x, indices = tensor<int32, [1]>([7]));
        """,
        "Look at what the operation was given, with `milc run --dump NAME` for the values named"
        " in the message. Random inputs may be none that the model can take: give it real ones,"
        " or limit them, `--input ids=random:0..500`.",
    ),
    Entry(
        "MIL0909",
        "result of another shape than declared",
        "The operation gave a result whose shape its declared type does not allow. The program"
        " declares a fixed length where the inputs decide it, which cannot be seen before it"
        " runs.",
        """
        func main<ios18>(tensor<fp32, [?]> x) {
            tensor<fp32, [2]> y = relu(x = x);
        } -> (y);
        """,
        "Declare the dimension as `?`, or leave the type open as `_`, or give inputs of the"
        " shape that the program was made for.",
    ),
    Entry(
        "MIL0910",
        "not a value for an input",
        "What stands behind `NAME=` is none of what an input can be made of: the path of a .npy,"
        " .npz, .png or .jpg; `random`, `zeros` or `ones`, with `:1x3x8x8` for a shape and"
        " `:0..255` for what random elements lie between; a number, of which every element is"
        " made; or a list as JSON has it. Or an input is given twice.",
        "$ milc run examples/hello/model.mil --input x=rnadom",
        "Write it in one of these forms. A shell takes brackets and blanks for its own unless"
        " they are quoted: `--input 'x=[[1, 2, 3, 4]]'`.",
    ),
    Entry(
        "MIL0911",
        "input of unknown shape",
        "The input is of flexible shape, and neither the model's description nor a"
        " `FlexibleShapeInformation` of the function says which shape is the usual one. So there"
        " is none to fill with random numbers, zeros or one value.",
        "$ milc run model.mil --input x=random",
        "Say the shape: `--input x=random:1x3x224x224`. Arrays in files and lists have one.",
    ),
    Entry(
        "MIL0912",
        "not a file of arrays",
        "milc reads numpy's .npy and .npz, told by their content, and .png and .jpg for inputs"
        " that are images. The file is something else, is damaged, has not the array that is"
        " asked for, or holds Python objects: these are stored as pickles, which can run any"
        " code when they are loaded, so milc never does.",
        "$ milc run examples/hello/model.mil --input x=README.md",
        'Write the array with `numpy.save("x.npy", array)`, or several with'
        ' `numpy.savez("inputs.npz", x=array)`. An array of objects becomes one of numbers with'
        ' `array.astype("f4")`.',
    ),
    Entry(
        "MIL0913",
        "shape that the model does not take",
        "The program would take any length here, but the description of the model limits it, by"
        " a range or by a list of shapes, and Core ML refuses all others.",
        "$ milc run examples/flexible_shapes/model.mil --input rows=random:1x200x4",
        "Give a shape that the message lists, which `milc info` shows too, or change the"
        " description (`milc compile --model-json`).",
    ),
    Entry(
        "MIL0914",
        "image of another size",
        "The description says of what size the image has to be. An app resizes it, or Vision"
        " does for it; how is a choice that changes what the model gives, so milc does not make"
        " it.",
        "$ milc run Model.mlpackage --input image=large.jpg",
        "Resize the image before, as the app does: `magick large.jpg -resize '224x224!'"
        " small.png`.",
    ),
    Entry(
        "MIL0915",
        "not an image",
        "A file of an image is given for an input, or wanted of an output, that is none. How"
        " pixels become numbers is said by the description of a model, by the colour space of"
        " its image inputs; without it nobody knows. Mere text has no description. An output can"
        " be written as an image if its shape is [1, 1, height, width] or [1, 3, height, width].",
        "$ milc run model.mil --input x=cat.jpg",
        "Make an array of the image as the model was trained with, and give that as .npy. Or"
        " describe the input as an image, in the `model.json` beside the text.",
    ),
    Entry(
        "MIL0916",
        "not an entry for each step",
        "`--each` gives an input that differs from step to step, as an array with a further"
        " first dimension: its first entry is for the first step. All of them, and `--steps`,"
        " have to say the same number of steps.",
        "$ milc run examples/state/model.mil --each x=three.npy --steps 5",
        "Give an entry for each step, or leave `--steps` out: there are then as many as entries.",
    ),
    Entry(
        "MIL0917",
        "no value of that name",
        "`--dump` or `--save` names something that the function does not compute: a value of"
        " another function, a constant, or none at all. `--save` writes outputs only.",
        "$ milc run examples/hello/model.mil --random --dump shiftet",
        "Take a name from the text that `milc decompile` prints: that of the result, which"
        " stands behind its type.",
    ),
    Entry(
        "MIL0918",
        "not a file of ranges",
        "`--merge` adds ranges to those in a file that an earlier `milc run --ranges` wrote."
        " This file is something else, or is about another function.",
        "$ milc run model.mil --random --ranges settings.json --merge",
        "Name the right file, or leave `--merge` out to have it replaced.",
    ),
    Entry(
        "MIL0919",
        "operands of a form that no rule foresaw",
        "The operation verifies, but what it is given cannot be computed with: such as a vector"
        " where its definition means a scalar and does not say so. The message ends in what the"
        " computation said.",
        """
        func main<ios15>(tensor<int32, [2]> x) {
            tensor<fp32, [2, 3]> y = one_hot(
                indices = x, one_hot_vector_size = int32(3), on_value = tensor<fp32, [2]>([1, 2]));
        } -> (y);
        """,
        "Give each argument the rank that the operation's page says: `milc ops NAME`.",
    ),
    Entry(
        "MIL0920",
        "result that is not finite",
        "A warning of `milc run --trace`: the first operation whose result holds nan or an"
        " infinity, with the ranges of what it took. In fp16 all beyond 65504 becomes infinite,"
        " so a large intermediate, such as a sum of squares, is the usual reason; dividing zero"
        " by zero and the logarithm of a negative number are others. Where an operand was not"
        " finite either, such as a mask of -inf, this operation may be fine; then the first that"
        " makes such a result of finite operands is named as well.",
        "$ milc run model.mil --random --trace",
        "Keep this operation, or what leads to it, in fp32; scale its operands down; or write a"
        " mask as -1e4 instead of -inf.",
    ),
    Entry(
        "MIL0921",
        "result beyond fp16",
        "A warning of `milc run --trace`: the first operation whose result is above 65504 or"
        " below -65504. It is right in fp32, but becomes infinite when the model is converted to"
        " fp16, as the Neural Engine computes.",
        "$ milc run model.mil --random --trace",
        "Keep the operation in fp32 when converting, or rewrite it so that it stays small: take"
        " the mean before the squares, or scale and scale back.",
    ),
)
