"""MIL0730 to MIL0739: descriptions given as JSON."""

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0730",
        "unreadable model.json",
        """
        A description in JSON is the protobuf JSON of Core ML's Model message, as coremltools' specs
        print with `google.protobuf.json_format`, without the program: an object with
        `specificationVersion` and `description`, whose names are those of Model.proto.
        """,
        """
        $ echo '{"description": {"inputs": []}}' > model.json
        $ milc compile model.mil -o Model.mlpackage --model-json model.json
        """,
        """
        Begin with what `milc decompile Model.mlpackage -o model/` writes as model.json, and change
        that. A name that is spelt otherwise than in Model.proto (`input`, not `inputs`) is refused.
        """,
    ),
    Entry(
        "MIL0731",
        "model.json of another kind of model",
        """
        The JSON describes a pipeline. Its description cannot be that of a single program.
        """,
        """
        $ milc compile model.mil -o Model.mlpackage --model-json pipeline.json
        """,
        """
        Take the description of the one model that the program belongs to.
        """,
    ),
    Entry(
        "MIL0732",
        "fields that JSON cannot carry",
        """
        The Model message has fields that this version of milc does not know. In a package they are
        kept as they are; protobuf's JSON has no place for them, so a decompiled folder lacks them,
        and so does a package that is compiled from it.
        """,
        """
        $ milc decompile Model.mlpackage -o model/
        """,
        """
        Keep the package beside the folder, or use a milc that knows the fields.
        """,
    ),
)
