"""MIL0001 to MIL0012: files that milc could not read or write. Imports Entry only."""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0001",
        "no such file",
        "There is nothing at the path, or a part of the path is a file where a folder is needed.",
        "$ milc verify nowhere.mil",
        "Check the spelling and the folder that the command runs in. The shell expands `*` and `~`"
        " only outside quotes.",
    ),
    Entry(
        "MIL0002",
        "a folder where a file is wanted",
        "The path is that of a folder, and this place takes a single file.",
        "$ milc compile --model-json models/ model.mil -o model.mlpackage",
        "Name a file in the folder.",
    ),
    Entry(
        "MIL0003",
        "reading is not permitted",
        "The operating system does not let this user read the file, or one of the folders on the"
        " way to it.",
        """
        $ chmod a-r model.mil
        $ milc verify model.mil
        """,
        "Ask for permission, as with `chmod u+r`, or run milc as a user who has it.",
    ),
    Entry(
        "MIL0004",
        "not UTF-8 text",
        "MIL text, manifests and JSON are UTF-8. The message tells the first byte that cannot be,"
        " its offset in the file counted from 0, and its line counted from 1. A byte order mark of"
        " UTF-8 at the start is accepted and left out.",
        """
        $ printf 'program(1.0) // caf\\351' > model.mil
        $ milc verify model.mil
        """,
        "Save the file as UTF-8. If it is UTF-16, as some editors and shells on Windows write it,"
        " convert it: `iconv -f UTF-16 -t UTF-8`. If it is no text at all, see what it is with"
        " `milc info`.",
    ),
    Entry(
        "MIL0005",
        "file too large",
        "The file is larger than anything of its kind. The limit is there so that a wrong or"
        " hostile file does not fill the memory: 2 GB for models and text, which is the limit of"
        " protobuf itself, 1 MB for a manifest. Weight files are not read into memory and have no"
        " limit.",
        "$ truncate -s 3G model.mil && milc verify model.mil",
        "Check that the right file is named. Constants that make a model so large belong in a"
        " weight file: `milc compile --externalize`.",
    ),
    Entry(
        "MIL0006",
        "a device or pipe where a file is wanted",
        "A named file is looked at more than once and its size is checked first, which devices and"
        " pipes do not allow. Besides, reading one might never end.",
        "$ milc verify <(cat model.mil)",
        "Give `-` as the path and the text on standard input: `cat model.mil | milc verify -`.",
    ),
    Entry(
        "MIL0007",
        "file cannot be read",
        "The operating system reports an error that has no code of its own here; the message says"
        " which. Usual ones are a failing disk, a network folder that has gone, and links that"
        " point at each other.",
        """
        $ ln -s loop.mil loop.mil
        $ milc verify loop.mil
        """,
        "Remove the cause that the message names, or copy the file elsewhere.",
    ),
    Entry(
        "MIL0008",
        "folder to write into does not exist",
        "Output is written beside its final place and then renamed, so the folder that will hold"
        " it must exist. milc does not create it: a misspelt path would otherwise make folders.",
        "$ milc compile model.mil -o no/such/folder/model.mlpackage",
        "Create the folder, `mkdir -p`, or correct the path.",
    ),
    Entry(
        "MIL0009",
        "what is there is not replaced",
        "An output replaces an older one of the same kind only: a file a file, a package a"
        " package. Another folder, even one with a single file of another kind, a device, or a"
        " pipe in its place is left alone. An empty folder is replaced.",
        "$ milc compile model.mil -o ~",
        "Write to another path, or remove what is there.",
    ),
    Entry(
        "MIL0010",
        "writing is not permitted",
        "The operating system does not let this user write there, the existing file is marked"
        " read-only, or the whole file system is.",
        """
        $ chmod a-w model.mil
        $ milc fmt model.mil
        """,
        "Write elsewhere, or change the permissions of the file and of its folder.",
    ),
    Entry(
        "MIL0011",
        "no space to write",
        "The disk is full, a quota is used up, or the file would be larger than is allowed. The"
        " old output is untouched and what was written of the new one is removed. Old and new"
        " output exist side by side for a moment, so there must be room for both.",
        "$ milc compile large.mil -o /small/disk/large.mlpackage",
        "Make room, or write to another disk.",
    ),
    Entry(
        "MIL0012",
        "output cannot be written",
        "The operating system reports an error that has no code of its own here; the message says"
        " which. The old output is untouched.",
        "$ milc compile model.mil -o /proc/model.mlpackage",
        "Remove the cause that the message names, or write elsewhere.",
    ),
)
