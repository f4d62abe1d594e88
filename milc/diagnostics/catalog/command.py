"""MIL0020 to MIL0039: the command line, milc itself, and formatting."""

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0020",
        "fault of milc",
        """
        milc met something that its authors did not think of. Whatever the input is, this should
        have been a finding about it, so it is a fault of milc and not yours. What was being
        written is left as it was before.
        """,
        """
        $ MILC_TRACEBACK=1 milc compile model.mil -o Model.mlpackage
        """,
        """
        Report it, with the command, the input if it may be shown, and what the command prints with
        the environment variable `MILC_TRACEBACK` set to 1. If the input comes from a stranger and
        makes milc read or write where it should not, see SECURITY.md first.
        """,
    ),
    Entry(
        "MIL0021",
        "formatting would change the meaning",
        """
        `milc fmt` reads what it made again, compares it with what it was made of, and formats it a
        second time. If the two are not the same program with the same comments, or the second time
        moves something, the file is left as it was. This is a fault of milc.
        """,
        """
        $ milc fmt model.mil
        """,
        """
        Report it with the file, or with the few lines of it that show the fault. Until then, lay
        these lines out by hand.
        """,
    ),
    Entry(
        "MIL0022",
        "not enough memory",
        """
        The input needs more memory than the process may have. milc reads no weights into memory,
        but text and values written in it are held there: about ten times the size of the text.
        """,
        """
        $ (ulimit -v 200000; milc compile huge.mil -o Huge.mlpackage)
        """,
        """
        Give the process more memory, or keep large values in a weight file instead of the text:
        `milc compile --externalize 1000` moves them there once and for all.
        """,
    ),
    Entry(
        "MIL0023",
        "comments left out",
        """
        Apple's compiler writes no comments, and whether its reader takes them is not known, so
        text in its style has none. Formatting a file in that style loses them.
        """,
        """
        $ milc fmt --style coremlc model.mil
        """,
        """
        Keep a copy with the comments, or write the text in the house style, which keeps them.
        """,
    ),
    Entry(
        "MIL0024",
        "not in the house style",
        """
        `milc fmt --check` or `--diff` would lay the text out in another way; the place is the first
        line that changes. The meaning is the same either way.
        """,
        """
        $ milc fmt --check --format github .
        """,
        """
        Run `milc fmt` on the file.
        """,
    ),
    Entry(
        "MIL0025",
        "what text cannot carry",
        """
        The protobuf of a package has places that MIL text has no form for: doc strings of the
        program and of values, bodies of a function for other opsets than its own, and fields that
        are newer than this version of milc. They are not in the printed text, and so not in a
        package that is compiled from it. As a note: `milc opt` has written a package as text, and
        its description says more than what follows from the program.
        """,
        """
        $ milc decompile Model.mlpackage -o model/
        """,
        """
        Nothing, if you can do without them: no known system reads them. To keep them, leave the
        model a package; `milc compile` of a package, which does not go by way of text, keeps all.
        """,
    ),
    Entry(
        "MIL0026",
        "no folder of weights",
        """
        `--weights` names the folder that `@model_path` stands for in the program's references, or
        a folder that holds the weight files themselves; what was given is a file.
        """,
        """
        $ milc compile model.mil -o Model.mlpackage --weights weights/weight.bin
        """,
        """
        Name the folder that the file lies in.
        """,
    ),
    Entry(
        "MIL0027",
        "a library that is not installed",
        "milc stands on few libraries. What few people need is an extra, which is installed on"
        " request: images are read and written by Pillow.",
        "$ milc run Model.mlpackage --input image=cat.jpg",
        "Install it: `pip install 'coreml-milc[images]'`, or `pip install pillow` into the"
        " environment of milc. Or give the image as an array, in a .npy.",
    ),
    Entry(
        "MIL0034",
        "nothing to mend in what is no text",
        "`milc verify --fix` edits MIL text in place. A package or a compiled model holds the"
        " program in another form, and is not rewritten by a check.",
        "$ milc verify --fix Model.mlpackage",
        "Make text of it with `milc decompile`, mend that, and compile it again. Defaults and types"
        " that are left open are written out by `milc compile` anyway.",
    ),
    Entry(
        "MIL0035",
        "not in the reference",
        "`milc ops`, `milc scaffold` or `--target` were given an operation, a family or an opset"
        " that does not exist, or an operation in an opset that is older than it.",
        "$ milc ops relu7",
        "Use the name that the message proposes; `milc ops` alone lists every operation with its"
        " family and opsets.",
    ),
    Entry(
        "MIL0036",
        "nothing of that name to set",
        """
        `milc scaffold --set NAME=VALUE` names something that the operation does not have. NAME is
        an argument of the operation in the opset asked for, an input of the program that is
        printed, or a shorthand such as `kernel`.
        """,
        """
        $ milc scaffold conv --set kernal=3x3
        """,
        """
        Use the name that the message proposes; `milc scaffold conv --list` shows all that can be
        set. If a newer opset brought the argument, ask for that with `--opset`.
        """,
    ),
    Entry(
        "MIL0037",
        "not a value for this argument",
        """
        The VALUE of `milc scaffold --set NAME=VALUE` cannot be read as what NAME holds. Of an input
        or a weight it is a shape such as `1x3x32x32`, an element type such as `fp16`, or a whole
        type; of any other argument its value: a number, `true` or `false`, a word, a list in
        brackets, or `2x2` for a vector of whole numbers. A constant has no unknown dimensions.
        """,
        """
        $ milc scaffold softmax --set axis=last
        """,
        """
        Write a value of the type that the message names; `milc scaffold softmax --list` shows what
        the example has, and `milc ops softmax` what the argument means.
        """,
    ),
    Entry(
        "MIL0038",
        "cannot be set",
        """
        `milc scaffold --set NAME=VALUE` names something that follows from other parts of the
        program, or leaves out an argument that the operation needs, or asks for a constant where a
        program needs an input.
        """,
        """
        $ milc scaffold relu --set x=
        """,
        """
        Set what it follows from, which the message names, or change the program that
        `milc scaffold` prints by hand.
        """,
    ),
    Entry(
        "MIL0039",
        "too large to be written out",
        """
        A constant of the program that `milc scaffold` is to print would have more elements than
        anybody reads: constants stand in its text. It need not be the one that was set: weights
        follow the shapes of inputs.
        """,
        """
        $ milc scaffold linear --set weight=4096x4096
        """,
        """
        Ask for smaller shapes. A rule that holds for large tensors holds for small ones, too.
        """,
    ),
)
