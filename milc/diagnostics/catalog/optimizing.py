"""MIL0940 to MIL0949: passes and pipelines. Imports Entry only."""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0940",
        "no such pass",
        "There is no pass of that name among those of milc, those that installed distributions"
        " bring (entry points `milc.passes`), and those of files given with `--load`. Names are"
        " those of coremltools' passes without what stands before `::`.",
        "$ milc opt model.mil --passes fuse_gelu",
        "Check the spelling: `milc opt --list` shows all passes.",
    ),
    Entry(
        "MIL0941",
        "an option that a pass does not take",
        "The pass has no option of that name, or takes another kind of value, such as a number, a"
        " word, or true or false. As a warning: it takes names of inputs, outputs or values, and"
        " the program has none of that name.",
        "$ milc opt model.mil --passes 'const_elimination{skip_const_by_size=large}'",
        "See what the pass takes, with `milc opt --list` or on its page in docs/passes.",
    ),
    Entry(
        "MIL0942",
        "no such pipeline",
        "A pipeline is `default`, `default_fp16`, `cleanup` or `none`, or a file that ends in"
        " `.toml`.",
        "$ milc opt model.mil --pipeline fast",
        "Name one of these. Single passes are named with `--passes`.",
    ),
    Entry(
        "MIL0943",
        "passes that are not understood",
        "Passes are named with commas between them, and options stand in braces behind a pass:"
        " `a,b{option=value other=value}`. A value is JSON, or else a word.",
        "$ milc opt model.mil --passes 'const_elimination{'",
        "Write the list in that form, in quotes, for a shell has uses of its own for braces.",
    ),
    Entry(
        "MIL0944",
        "a pipeline file that is not sound",
        "The file is no TOML, or says something that pipelines do not have. It may have `base`, the"
        " name of the pipeline to begin with; `groups`, an array of passes and of arrays of passes"
        " that run together, which those that work on a whole function cannot; `once`, true if"
        " groups are not to be repeated; `skip`, passes to leave out; and a table `options.NAME`"
        " for a pass.",
        """
        base = "cleanup"
        groups = [["fuse_gelu_exact", "noop_elimination"], "value_numbering"]
        skip = ["cast_optimization"]
        [options.const_elimination]
        skip_const_by_size = 1000
        """,
        "Mend what the message names. docs/passes.md describes the file.",
    ),
    Entry(
        "MIL0945",
        "a pass failed",
        "The pass raised an error instead of leaving the program as it is, or goes on rewriting"
        " what it has made. That is a fault of the pass, be it milc's or another's. The place is"
        " the operation that it was trying to replace; of a pass that is not milc's, a note names"
        " the line that failed. Nothing is written.",
        "$ milc opt model.mil --reproducer failed.mil",
        "Leave the pass out with `--skip`. With `--reproducer FILE`, the program is saved, with the"
        " command that does it again; a report of the fault needs no more. MILC_TRACEBACK=1 in the"
        " environment shows the traceback.",
    ),
    Entry(
        "MIL0946",
        "a pass left a program that does not verify",
        "A program that verified does not any more, or the pass made an operation that its"
        " definition refuses. That is a fault of the pass. Nothing is written.",
        "$ milc opt model.mil --verify-each",
        "Leave the pass out with `--skip`. `--reproducer FILE` saves the program as it was, with"
        " the command that does it again.",
    ),
    Entry(
        "MIL0947",
        "passes that change what is computed",
        "With `--check` the program is run before and after, on the same random inputs, and results"
        " were further apart than rounding explains, or only the program before could be run at"
        " all. The place is that of the first value that differs, and the pass is named behind"
        " which it does. Nothing is written.",
        "$ milc opt model.mil -o Model.mlpackage --check",
        "Leave the pass out with `--skip`. A program that is not made for random"
        " inputs may differ in single elements, such as the places of equal maxima: compare it on"
        " inputs of its own with `milc compare`.",
    ),
    Entry(
        "MIL0948",
        "what a pass has left undone",
        "A note: something could have been done in this place, and the pass says why it was not,"
        " such as a value beyond the range of fp16 that is still computed in fp32.",
        "$ milc opt model.mil --pipeline default_fp16",
        "Nothing need be done. Options of the pass may change it: see its page in docs/passes.",
    ),
    Entry(
        "MIL0949",
        "passes that cannot be loaded",
        "A file that is given with `--load` is no Python, fails when it is run, or defines no pass:"
        " a class below `milc.passes.Pass` with a `name` that no other pass has. Or an installed"
        " distribution names a pass, by an entry point, that cannot be imported.",
        "$ milc opt model.mil --load mine.py --passes mine",
        "Run the file with Python to see what fails. `examples/pass` shows how a pass is written.",
    ),
)
