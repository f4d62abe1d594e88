"""MIL0040 to MIL0049: settings of a project. Imports Entry only."""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0040",
        "settings that are no TOML",
        """
        milc takes settings from the nearest milc.toml, or pyproject.toml with `[tool.milc]`, upward
        from the current folder, or from the file that `--config` names. This one cannot be read as
        TOML; the place is where reading it ended.
        """,
        """
        $ echo 'ignore = [MIL0413]' > milc.toml
        $ milc verify model.mil
        """,
        """
        Correct the file; strings stand in quotes. `--no-config` runs without settings.
        """,
    ),
    Entry(
        "MIL0041",
        "unknown setting",
        """
        The settings hold a key that milc does not know: at the top stand `select`, `ignore`,
        `severity`, `per-file-ignores` and the options that several verbs share, and in a table that
        is called like a verb stand options of that verb. What a single run is to do, such as
        `--output` or `--check`, is no setting.
        """,
        """
        $ echo 'max-error = 20' > milc.toml
        $ milc verify model.mil
        """,
        """
        Correct the name, or move the setting into the table of the verb that has the option.
        """,
    ),
    Entry(
        "MIL0042",
        "wrong value of a setting",
        """
        A setting has a value of another kind than it takes, or a word that is not among those that
        it knows.
        """,
        """
        $ printf '[severity]\\nMIL0413 = "fatal"\\n' > milc.toml
        $ milc verify model.mil
        """,
        """
        Write what the message asks for.
        """,
    ),
)
