"""MIL0501 to MIL0519: packages, compiled bundles, unknown inputs. Imports Entry only."""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0501",
        "package without a manifest",
        "A .mlpackage is a folder whose Manifest.json tells which of its files is the model. This"
        " one has a `Data` folder and no Manifest.json, or none where a package is wanted.",
        """
        $ rm model.mlpackage/Manifest.json
        $ milc info model.mlpackage
        """,
        "Copy the whole package. If the manifest is lost, the model may still be read by itself:"
        " `milc info model.mlpackage/Data/com.apple.CoreML/model.mlmodel`, and compiled from there"
        " into a new package.",
    ),
    Entry(
        "MIL0502",
        "manifest is not JSON",
        "Manifest.json is a JSON object; this text cannot be read as one.",
        "$ echo '{' > model.mlpackage/Manifest.json && milc info model.mlpackage",
        "Restore the file, or compile the model in the package into a new one (see `MIL0501`).",
    ),
    Entry(
        "MIL0503",
        "unknown version of the manifest",
        "`fileFormatVersion` is a string of three numbers, and `1.0.0` is the only version there"
        " has been. Apple's reader refuses a newer one, and so does milc.",
        """
        { "fileFormatVersion": "2.0.0", … }
        """,
        "Write the package anew with a tool of today, or correct the version.",
    ),
    Entry(
        "MIL0504",
        "manifest lacks a part",
        "A manifest has `fileFormatVersion`, `itemInfoEntries` (an object with an item for each"
        " identifier) and `rootModelIdentifier` (a string, the identifier of the model).",
        """
        { "fileFormatVersion": "1.0.0", "itemInfoEntries": {} }
        """,
        "Restore the file, or compile the model in the package into a new one (see `MIL0501`).",
    ),
    Entry(
        "MIL0505",
        "item of the manifest lacks a part",
        "Each item of a manifest has four strings: `author`, `description`, `name` and `path`."
        " Apple's reader refuses a package whose items lack one.",
        """
        "0a1b…": { "author": "com.apple.CoreML", "path": "com.apple.CoreML/model.mlmodel" }
        """,
        "Add what is missing. The model's item has the description `CoreML Model Specification`"
        " and the name `model.mlmodel`, that of the weights `CoreML Model Weights` and `weights`.",
    ),
    Entry(
        "MIL0506",
        "no such root model",
        "`rootModelIdentifier` names the item that is the model, and no item has that identifier."
        " Apple's tools crash on such a package.",
        """
        { …, "rootModelIdentifier": "no-such-item" }
        """,
        "Set it to the identifier of the item whose path is `com.apple.CoreML/model.mlmodel`.",
    ),
    Entry(
        "MIL0507",
        "path leaves the package",
        "The path of an item is relative to the package's `Data` folder, without `..`. Neither it"
        " nor a part of a compiled bundle may be a link to a place outside: a model could"
        " otherwise have any file of the machine read. Download caches that keep every file under"
        " a hash and link to it, as those of model hubs do, are met here too.",
        """
        "0a1b…": { …, "path": "../../secret" }
        """,
        "Copy the package with its links followed: `cp -RL model.mlpackage copy.mlpackage`.",
    ),
    Entry(
        "MIL0508",
        "item does not exist",
        "The manifest names a path that is not in the package. Apple's reader refuses such a"
        " package. It is an error for the model and a warning for the folder of weights: Git and"
        " some archive tools drop empty folders, and a model without weights loses nothing with"
        " it.",
        """
        $ rmdir model.mlpackage/Data/com.apple.CoreML/weights
        $ milc verify model.mlpackage
        """,
        "Copy the whole package. An empty folder of weights can be made again with `mkdir`, or by"
        " compiling the package into a new one.",
    ),
    Entry(
        "MIL0509",
        "root model is no file",
        "The item that `rootModelIdentifier` names is a folder, where the model is a file.",
        """
        "0a1b…": { …, "path": "com.apple.CoreML" }
        """,
        "Set the path to `com.apple.CoreML/model.mlmodel`.",
    ),
    Entry(
        "MIL0510",
        "not a model",
        "milc reads MIL text, .mlpackage, .mlmodel and .mlmodelc, and tells them apart by what"
        " they hold, not by their names. This is none of them.",
        "$ milc info ~/Downloads",
        "Name the model itself: the .mlpackage or .mlmodelc folder, the .mlmodel or .mil file.",
    ),
    Entry(
        "MIL0511",
        "nothing in it",
        "The file or folder is empty: a download or copy that broke off, or a placeholder.",
        "$ : > model.mlmodel && milc info model.mlmodel",
        "Fetch or write it anew.",
    ),
    Entry(
        "MIL0512",
        "model is a Git LFS pointer",
        "Git LFS keeps large files apart from the repository and leaves a small text file in their"
        " place until they are fetched. This is such a text file: it begins with `version"
        " https://git-lfs`.",
        """
        $ GIT_LFS_SKIP_SMUDGE=1 git clone https://example.org/models
        $ milc info models/model.mlmodel
        """,
        "Fetch the files: `git lfs install && git lfs pull`.",
    ),
    Entry(
        "MIL0513",
        "ML program from before the release",
        "ML programs came with specification version 6 (iOS 15, macOS 12). A few files with a"
        " lower version exist, from when the format was being developed; their messages are laid"
        " out otherwise, and no released tool reads them.",
        "$ milc info examples/NN_v2/simple_layer.mlmodel",
        "Convert the model anew from its source with a current coremltools.",
    ),
    Entry(
        "MIL0514",
        "another kind of file",
        "The content is that of a format that milc knows of and does not read; the message says"
        " which.",
        "$ milc compile model.onnx -o model.mlpackage",
        "Unpack an archive first. Convert models of other frameworks with coremltools. Of a part"
        " of a model (a weight file, a manifest, a coremldata.bin) name the package or bundle it"
        " is in.",
    ),
    Entry(
        "MIL0515",
        "damaged coremldata.bin",
        "A coremldata.bin is a sequence of numbers, and of strings and messages that follow their"
        " lengths. Here something is missing at the end, a length is larger than the file, or what"
        " follows the description is not the list of functions. The layout is not documented; it"
        " is what known bundles have in common.",
        "$ truncate -s 100 model.mlmodelc/coremldata.bin && milc info model.mlmodelc",
        "Copy the bundle anew. If it is whole and made by a newer compiler, please report it. The"
        " program itself can be used without the file: copy model.mil and weights to another"
        " folder.",
    ),
    Entry(
        "MIL0516",
        "coremldata.bin of another kind of model",
        "The first number of a coremldata.bin is the field of the Model message that the bundle"
        " was compiled from: 502 for an ML program, 202 for a pipeline, 500 for a neural network,"
        " and so on. This one is no ML program's, although there is a model.mil.",
        "$ cp pipeline.mlmodelc/coremldata.bin model.mlmodelc/ && milc info model.mlmodelc",
        "Copy the bundle anew; of a pipeline, name one stage: `pipeline.mlmodelc/model0`.",
    ),
    Entry(
        "MIL0517",
        "unreadable model description",
        "The model description in coremldata.bin is a protobuf message, ModelDescription of Core"
        " ML's Model.proto. These bytes are no such message.",
        "$ milc info damaged.mlmodelc",
        "Copy the bundle anew, or use its program without the description, as with `MIL0515`.",
    ),
    Entry(
        "MIL0518",
        "compiled bundle without a program",
        "The folder is a compiled bundle, for it has a coremldata.bin, and holds no model.mil and"
        " no stages: it was compiled from another kind of model, such as a neural network or a"
        " tree ensemble, which is not expressed in MIL.",
        "$ milc decompile MobileNet.mlmodelc",
        "Only ML programs can be decompiled; with current coremltools a neural network's source"
        ' converts to one (`convert_to="mlprogram"`).',
    ),
    Entry(
        "MIL0519",
        "overlay that milc does not read",
        "Where somebody edits a model's metadata or the words about its inputs and outputs in"
        " Xcode, the model stays as it is, and Metadata.json or FeatureDescriptions.json in the"
        " package says what counts instead. milc reads the model alone: `milc info` shows what the"
        " model itself says, and a package or folder that milc writes has no overlays. A warning.",
        """
        $ milc compile edited_in_xcode.mlpackage -o model.mlpackage
        """,
        "Give `milc compile` what the overlay says: --author, --license, --version,"
        " --short-description, or a --model-json with all of it.",
    ),
)
