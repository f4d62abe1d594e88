"""MIL0930 and MIL0931: two models that are compared. Imports Entry only."""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0930",
        "models that cannot be compared",
        "Inputs, outputs and states of the two functions are matched by their names, or by their"
        " order where no name is the same and there are equally many. Here some have a name in"
        " common and others have none to go with.",
        "$ milc compare classifier.mil features.mil --random",
        "Compare the functions that belong together, with `--function`, or give what belongs"
        " together the same name in both.",
    ),
    Entry(
        "MIL0931",
        "the models differ",
        "An output, or what a state holds behind the run, is further apart than is allowed. The"
        " place is that of the first value, in the order of the first model, that has one name in"
        " both models and differs: what goes wrong begins there, or between it and the value"
        " before. The noise is the sum of the squares of all differences, told in decibels below"
        " that of the values: 60 dB are three digits that agree, 20 dB one.",
        "$ milc compare float.mil half.mil --random --rtol 1e-6",
        "Allow more, with `--rtol` and `--atol`, if the difference is what the precision of the"
        " types explains. Else look at the operation that is shown, and at its operands:"
        " `--all` shows the error of every value on the way.",
    ),
)
