"""MIL08xx: lints, which are never errors. MIL0800 to MIL0809: comments that silence findings.

Imports Entry only.
"""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0801",
        "comment that silences nothing",
        """
        A comment `// milc: ignore[CODE]` silences findings of that code in the statement on its
        line, or in the next one if the comment stands on a line of its own. There is no such
        finding there: it has been mended, the comment is on the wrong line, or the code is another
        one. Left where it is, the comment would hide a fault that comes later. A warning.

        Nothing is said where it cannot be told: in a text with an error that keeps other checks
        from being made, and of lints in a run without them.
        """,
        """
        tensor<fp32, [2]> y = relu(x = x)[name = string("y")]; // milc: ignore[MIL0413]
        """,
        """
        Remove the code from the comment, or move the comment to the statement that it is about.
        """,
    ),
    Entry(
        "MIL0802",
        "comment that milc does not understand",
        """
        A comment that begins with `milc:` is an instruction to milc. The only one that there is
        names in brackets the codes to ignore, separated by commas, each of them whole or the
        beginning of a range: `MIL0413`, or `MIL04`. Behind the brackets and a blank a reason may
        follow. A warning; what is understood of the comment counts.
        """,
        """
        tensor<fp32, [2]> `y.0` = relu(x = x)[name = string("y")]; // milc: ignore MIL0413
        """,
        """
        Write `// milc: ignore[MIL0413]`, or let the comment begin otherwise if it is meant for
        people.
        """,
    ),
)
