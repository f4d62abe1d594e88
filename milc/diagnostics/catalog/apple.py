"""What Apple's compiler and Core ML say, and what they mean by it: `milc explain "MESSAGE"`.

The messages are those that people quote in public reports. Imports Entry's module only.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Message(NamedTuple):
    """A message of Apple's tools; as an Entry, but for what it is known by.

    `pattern` is a regular expression that finds it, or a part that tells it, in what somebody has
    copied: any case, white space as single blanks, straight quotes.
    """

    said: str
    """The message; `…` stands for what differs from case to case."""
    pattern: str
    meaning: str
    """What it means, and why the tool says so."""
    example: str
    """A text that triggers it, or a command that shows more."""
    fix: str
    """What to do."""

    @property
    def heading(self) -> str:
        """What stands above its explanation."""
        return self.said


def messages_in(said: str) -> list[Message]:
    """The known messages in a text: the most exact first, and then what they are wrapped in."""
    text = " ".join(said.translate(_QUOTES).split())
    return [each for each in MESSAGES if re.search(each.pattern, text, re.I)]


def near_messages(said: str) -> list[Message]:
    """The messages most like a text that holds none of them: in all, or by their longer words."""
    from difflib import get_close_matches

    by_text = {each.said.lower(): each for each in MESSAGES}
    near = get_close_matches(said.lower(), by_text, 3, 0.5)
    wanted = _longer_words(said)
    shared = {text: len(wanted & _longer_words(text)) for text in by_text}
    most = max(shared.values())
    near = near or [text for text, count in shared.items() if count == most > 0]
    return [by_text[text] for text in near[:3]]


def _longer_words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{5,}", text.lower()))


_QUOTES = str.maketrans("‘’“”", "''\"\"")

MESSAGES = (
    Message(
        "Required param '…' is missing",
        r"required param .* is missing",
        """
        Apple's compiler fills in no default: an argument that has one in coremltools' documentation
        is still required in a file. Reported are `pad` of `conv` and of the poolings (with
        `pad_type` "same" or "valid" too, where its value does not matter), `interleave` of
        `concat`, `mode` of `gelu`, and from ios17 on `validate_indices` of the gathers. coremltools
        writes them all, and exporters that write packages themselves leave them out.
        """,
        """
        tensor<fp16, [1, 8, 8, 8]> y = conv(x = x, weight = w, pad_type = same)[name = string("y")];
        """,
        """
        Write the argument with its default. Of an argument without a default milc says `MIL0304`.
        """,
    ),
    Message(
        "Unexpected token type: got '…' when expecting …",
        r"unexpected token type",
        """
        Apple's reader found another lexeme than the grammar has there. `RBRACKET` and its like name
        the lexeme that it wanted. The known case is an operation with several results: these are a
        bare list, and in brackets the reader takes the first for something else.
        """,
        """
        (tensor<fp32, [1]> a, tensor<fp32, [1]> b) = split(x = x, num_splits = n, axis = zero);
        """,
        """
        `milc verify` on the text points at the place and says what is wanted there; for brackets
        around results that is `MIL0106`.
        """,
    ),
    Message(
        "Type declaration expected here",
        r"type declaration expected",
        """
        Every literal has its type in front, and so have the two arguments of a `BLOBFILE`: in MIL
        text, a number alone has no meaning.
        """,
        """
        tensor<fp32, [2, 3]> y = softmax(x = x, axis = -1)[name = string("y")];
        """,
        """
        Write `int32(-1)`, `string("…")`, `BLOBFILE(path = string("…"), offset = uint64(64))`. milc
        says `MIL0104`, or `MIL0111` within a `BLOBFILE`.
        """,
    ),
    Message(
        "Size of dimensions of declared type and provided tensor literal are not compatible",
        r"declared type and provided tensor literal",
        """
        A literal is nested as its type has dimensions: one pair of brackets for each of them, and
        as many elements in each as the type says.
        """,
        """
        tensor<int32, [2]> pad = const()[name = string("pad"), val = tensor<int32, [2]>([0, 0, 0])];
        """,
        """
        Correct the type or the literal. milc says `MIL0203` where the number of elements is wrong,
        and `MIL0204` where the brackets are.
        """,
    ),
    Message(
        "MIL program has non-constant (dynamic) shapes for external input but"
        " FlexibleShapeInformation attribute is missing",
        r"FlexibleShapeInformation attribute is missing|non-constant \(dynamic\) shapes",
        """
        An input has a dimension `?`, and nothing says which lengths it may have. In text, the
        attribute `FlexibleShapeInformation` of the function does; in a package, the description of
        the input.
        """,
        """
        func main<ios18>(tensor<fp32, [1, ?]> x) {
            tensor<fp32, [1, ?]> y = relu(x = x)[name = string("y")];
        } -> (y);
        """,
        """
        Give the function a `FlexibleShapeInformation` with `DefaultShapes`, and with `RangeDims` or
        `EnumeratedShapes`; docs/language.md shows both. milc says `MIL0706`.
        """,
    ),
    Message(
        "Program has FlexibleShapeInformation but doesn't have RangeDims is invalid",
        r"doesn't have RangeDims",
        """
        A function has `FlexibleShapeInformation`, but neither the ranges of its dimensions nor a
        list of shapes are in it.
        """,
        """
        func main<ios18>(tensor<fp32, [1, ?]> x)
            [FlexibleShapeInformation = tuple<tuple<string, dict<string, tensor<int32, [?]>>>>(
                (("DefaultShapes", {{"x", [1, 4]}})))] {
        } -> (x);
        """,
        """
        Add `RangeDims`, or `EnumeratedShapes`; docs/language.md shows both. milc says `MIL0704` of
        an attribute of another form, and `MIL0706` of a dimension that it says nothing about.
        """,
    ),
    Message(
        "Failed to find type of …",
        r"failed to find type of",
        """
        A name is used that no operation or input before it defines. Either it is misspelt, or what
        defines it comes later or in another function. A name that is no identifier, such as
        `conv1.weight`, may be the cause too, since text has no such names.
        """,
        """
        tensor<fp32, [2]> y = relu(x = hidden)[name = string("y")];
        """,
        """
        Define the name before it is used. milc says `MIL0403`, or `MIL0401` where the definition
        comes later, and `MIL0413` of names that are no identifiers.
        """,
    ),
    Message(
        "Unknown opset '…'",
        r"unknown opset",
        """
        The model is for a newer system than the one that reads it: CoreML5 is that of iOS 15 and
        macOS 12, CoreML6 of iOS 16 and macOS 13, CoreML7 of iOS 17 and macOS 14, CoreML8 of iOS 18
        and macOS 15, CoreML9 of iOS 26 and macOS 26. The compiler of an older Xcode does not know
        newer opsets either.
        """,
        """
        $ milc info Model.mlpackage
        """,
        """
        Update the system or Xcode, or write the program for an older opset.
        """,
    ),
    Message(
        "Storage Reader expects file format version 2",
        r"storage reader expects",
        """
        Core ML reads weight files of the second version of the storage format: a header that says
        2, a record at a multiple of 64 for each blob, which begins with 0xDEADBEEF. The file begins
        otherwise. Mostly it is no weight file but something in its place, such as the pointer of
        Git LFS, or bare numbers without a header.
        """,
        """
        $ head -c 64 Model.mlpackage/Data/com.apple.CoreML/weights/weight.bin
        """,
        """
        `milc verify` on the package says what the file is: `MIL0607` of a pointer, which `git lfs
        pull` replaces, `MIL0608` of a file without a header, `MIL0609` of another version.
        """,
    ),
    Message(
        "Could not open …/weights/weight.bin",
        r"could not open .*\.bin",
        """
        The program refers to a weight file that is not there. A compiled model is a folder; if its
        `model.mil` is moved or downloaded alone, its weights stay behind. The two numbers behind
        `model.mil` are the line and column of the reference.
        """,
        """
        val = tensor<fp16, [8]>(
            BLOBFILE(path = string("@model_path/weights/weight.bin"), offset = uint64(64))
        )
        """,
        """
        Copy or download the whole folder, and delete caches of it that are not complete. milc says
        `MIL0601`.
        """,
    ),
    Message(
        "… does not match the operator defined by expected opset …",
        r"operator defined by expected opset",
        """
        An operation is not as the function's opset defines it: it came in a later one, or a later
        one gave it other arguments or element types. The opset stands behind the function's name in
        text (`main<ios15>`), and in a package it follows from the target that the model was
        converted for.
        """,
        """
        func main<ios15>(tensor<fp32, [4, 2]> x, tensor<uint16, [2]> i) {
            tensor<fp32, [2, 2]> y = gather(x = x, indices = i, axis = int32(0));
        } -> (y);
        """,
        """
        Raise the opset of the function, or write the operation as its opset has it. milc says
        `MIL0302` of an operation that comes later, and `MIL0303` of an argument.
        """,
    ),
    Message(
        "Output '…' has unexpected type '…'. Expected …; got ….",
        r"output '.*' has unexpected type",
        """
        The type that the file declares for a result is not the one that the compiler infers from
        the operands. The word in quotes is the operation with the opset of its definition. Often
        it is a matter of rank: `tensor<fp32, [1]>` has one dimension, a bare `fp32` has none.
        """,
        """
        tensor<fp32, [1]> y = mul(x = fp32(2), y = fp32(3))[name = string("y")];
        """,
        """
        Declare the type that the message gives as expected, and look at what uses the result. milc
        says `MIL0311`.
        """,
    ),
    Message(
        "Failed to build the model execution plan using a model architecture file '…' with error"
        " code: …",
        r"failed to build the model execution plan",
        """
        The program was read, but no plan could be made to run it on the processors that were
        allowed. Public reports tell of operations, shapes and sizes that one of them does not take,
        and of programs that are not valid. The number is not documented; if a reason is given, it
        stands in the system's log before this message.
        """,
        """
        $ log stream --predicate 'subsystem == "com.apple.coreml"'
        """,
        """
        Load the model for the CPU alone, to see whether the program itself is sound, and then for
        each other device. Flexible shapes, states and very large tensors are what is reported most.
        `milc verify` finds what is wrong with the program as such.
        """,
    ),
    Message(
        "MLModel of type mlProgram cannot be loaded just from the model spec object",
        r"cannot be loaded just from the model spec",
        """
        coremltools was given the protobuf message of an ML program without the folder of its
        weights, to which the message refers.
        """,
        """
        $ milc compile Model.mlpackage -o Model.mlmodel --inline 1000000
        """,
        """
        Give coremltools the path of the package, or `weights_dir` beside the message. A small model
        can do without a weight file: `milc compile --inline` writes its weights into the program.
        """,
    ),
    Message(
        "Unable to parse ML Program: in operation …: …",
        r"unable to parse ML program",
        """
        The protobuf of a package was read, and is not a program as its opset wants it; behind the
        colon stands what is wrong. The operation is called by the attribute `name`, which in
        packages that coremltools writes is the name of its result too. `at unknown location` means
        that it is about no single operation.
        """,
        """
        $ milc decompile Model.mlpackage
        """,
        """
        Give `milc explain` the rest of the message. `milc verify` on the package shows the place in
        the text of the program, and what else is wrong.
        """,
    ),
    Message(
        "Validation error parsing MIL model: …",
        r"validation error parsing MIL model",
        """
        The text is MIL, but not a program that Core ML runs; behind the colon stands why. Apple's
        reader tells this from `Error parsing MIL model`, which is about the form of the text.
        """,
        """
        $ milc verify model.mil
        """,
        """
        Give `milc explain` the rest of the message, and `milc verify` the file.
        """,
    ),
    Message(
        "model.mil:…:…: Error parsing MIL model: …",
        r"(?<!validation )error parsing MIL model",
        """
        Apple's reader cannot read the text of a compiled model. The numbers behind `model.mil` are
        the line and column of the place, counted from 1; what is wrong stands behind the last
        colon. The file lies in the compiled bundle, `.mlmodelc`, which Core ML makes in a folder of
        the system's if the app does not bring it along.
        """,
        """
        $ milc verify Model.mlmodelc
        """,
        """
        Give `milc explain` the rest of the message, and `milc verify` the bundle or the package
        that it was made from.
        """,
    ),
    Message(
        "InvalidMILProgram",
        r"invalid ?MIL ?program",
        """
        The program was read and then refused as a whole; the message gives no reason. It may be
        that the program is not valid, or that it is and uses something that this system or device
        does not have.
        """,
        """
        $ milc verify Model.mlpackage
        """,
        """
        Verify the model. If nothing is wrong with it, look in the system's log for what came before
        this message, and load the model for the CPU alone.
        """,
    ),
)
