"""MIL01xx: the form of the text. Imports Entry only."""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0101",
        "unexpected lexeme",
        "The text has something else than the grammar allows at this place. What was expected is"
        " listed; reading goes on behind the next semicolon, so that one run reports every such"
        " place.",
        """
        tensor<fp32, [2]> y relu(x = x);
        """,
        "Write one of the things that were expected. `docs/language.md` shows the form of every"
        " part of a program.",
    ),
    Entry(
        "MIL0102",
        "character out of place",
        "MIL is written in names of ASCII letters, digits and `_`, numbers, strings and a few"
        " signs. Other characters stand only inside strings, comments and names in backquotes.",
        """
        tensor<fp32, [2]> größe = relu(x = x);
        """,
        "Remove the character, or put a name that needs it in backquotes, which is milc's own form"
        " and unknown to Apple's reader.",
    ),
    Entry(
        "MIL0103",
        "unterminated string",
        "A string, or a name in backquotes, ends on the line it begins on.",
        """
        string mode = const()[val = string("same)];
        """,
        r"Close it. A line break inside a string is written `\n`.",
    ),
    Entry(
        "MIL0104",
        "literal without its type",
        "A literal carries no type of its own: `1` may be an int8 or an fp16. So MIL writes the"
        " type in front, everywhere. Apple's reader says `Type declaration expected here`.",
        """
        tensor<fp32, [2, 3]> y = transpose(x = x, perm = [1, 0]);
        """,
        "Put the type in front and the literal in parentheses:"
        " `perm = tensor<int32, [2]>([1, 0])`.",
    ),
    Entry(
        "MIL0105",
        "unexpected end of the text",
        "The text ends inside a function, a block or a statement. The brace that was never closed"
        " is shown.",
        """
        program(1.3)
        {
            func main<ios17>(fp32 x) {
        """,
        "Close what is open: a block ends in `}`, a function in `} -> (outputs);`, the program in"
        " `}`. If the file was cut off, get it anew.",
    ),
    Entry(
        "MIL0106",
        "brackets around results",
        "An operation with several results lists them bare, divided by commas. Apple's reader says"
        " `Unexpected token type`.",
        """
        (fp32 a, fp32 b) = split(x = x, axis = axis, num_splits = n);
        """,
        "Leave the brackets out: `fp32 a, fp32 b = split(...)`.",
    ),
    Entry(
        "MIL0107",
        "reference with a percent sign",
        "Some tools print MIL with `%name` for values. In MIL text a value is its bare name.",
        """
        tensor<fp32, [2]> y = relu(x = %x);
        """,
        "Leave out the `%`.",
    ),
    Entry(
        "MIL0108",
        "not a comment",
        "MIL has one kind of comment: from `//` to the end of the line.",
        """
        /* activation */
        """,
        "Begin each line of the comment with `//`.",
    ),
    Entry(
        "MIL0109",
        "missing semicolon",
        "Every statement ends in a semicolon. Reading goes on as if it were there.",
        """
        tensor<fp32, [2]> a = relu(x = x)
        tensor<fp32, [2]> y = relu(x = a);
        """,
        "Put the semicolon where the caret points.",
    ),
    Entry(
        "MIL0110",
        "nested too deeply",
        "Brackets of a literal, types within types and blocks within blocks may nest 64 levels"
        " deep. No real program comes near; without a bound a hostile one could exhaust memory.",
        """
        int32 n = const()[val = int32([[[[…]]]])];
        """,
        "Write it flatter.",
    ),
    Entry(
        "MIL0111",
        "malformed BLOBFILE",
        "A reference into a weight file stands in a typed value and names `path` and `offset`, each"
        " with its type. Apple's reader says `Type declaration expected here` when types are"
        " missing.",
        """
        tensor<fp16, [4]> w = const()[val = BLOBFILE(path = string("@model_path/w.bin"))];
        """,
        "Write"
        ' `tensor<fp16, [4]>(BLOBFILE(path = string("@model_path/w.bin"), offset = uint64(64)))`.',
    ),
    Entry(
        "MIL0112",
        "unknown program version",
        "Core ML writes `program(1.0)` for specification versions 6 to 8 and `program(1.3)` for 9"
        " and later. The two differ in how rank-0 types are written.",
        """
        program(2.0)
        """,
        "Write `program(1.3)`, or `program(1.0)` for a model that must run before iOS 18.",
    ),
    Entry(
        "MIL0113",
        "unknown escape",
        r"A string knows the escapes `\"`, `\\`, `\n`, `\t`, `\r`, `\xHH` and `\uHHHH`, where each"
        r" `H` is a hexadecimal digit.",
        r"""
        string s = const()[val = string("50\%")];
        """,
        r"Write the character itself, or `\\` for a backslash.",
    ),
    Entry(
        "MIL0120",
        "no MIL text",
        "The text does not begin as a MIL program does. It may be another format, or the pointer"
        " that Git LFS leaves in the place of a file that was not fetched.",
        """
        version https://git-lfs.github.com/spec/v1
        """,
        "Give the file that holds the program. For a Git LFS pointer, run `git lfs pull` first.",
    ),
)
