"""MIL06xx: weight files, their blobs, and references to them. Imports Entry only."""

from __future__ import annotations

from milc.diagnostics.catalog.entry import Entry

ENTRIES = (
    Entry(
        "MIL0601",
        "no such weight file",
        "A constant refers to a weight file that is not there. `@model_path` means the folder that"
        " holds the program: that of the text, of model.mlmodel in a package, or the compiled"
        " bundle itself. Where a folder of weights was given that holds no model, `weights/x.bin`"
        " may also lie in it as `x.bin`.",
        """
        tensor<fp16, [64]> w = const()[name = string("w"), val = tensor<fp16, [64]>(
            BLOBFILE(path = string("@model_path/weights/missing.bin"), offset = uint64(64)))];
        """,
        "Put the file where the path says, or tell milc where the weights are: `--weights FOLDER`."
        " Weights that were left out of a download or of a repository must be fetched.",
    ),
    Entry(
        "MIL0602",
        "not a path below @model_path",
        "The path of a blob begins with `@model_path/` and goes on with names joined by `/`."
        " Absolute paths, other prefixes, a path that ends in `/`, backslashes and control"
        " characters are not accepted: Apple's tools write none of them, and a model must not name"
        " files elsewhere.",
        """
        tensor<fp16, [64]> w = const()[name = string("w"), val = tensor<fp16, [64]>(
            BLOBFILE(path = string("weights/weight.bin"), offset = uint64(64)))];
        """,
        "Write `@model_path/weights/weight.bin`, and lay the file there.",
    ),
    Entry(
        "MIL0603",
        "path climbs out of the model's folder",
        "The path of a blob holds `..`. A model that could name any file of the machine could have"
        " it copied into a package, so milc follows no such path, even where it would come back.",
        """
        tensor<fp16, [64]> w = const()[name = string("w"), val = tensor<fp16, [64]>(
            BLOBFILE(path = string("@model_path/../other/weight.bin"), offset = uint64(64)))];
        """,
        "Copy the file into the model's folder and name it there.",
    ),
    Entry(
        "MIL0604",
        "link out of the model's folder",
        "The path of a blob leads through a symbolic link to a place outside the model's folder."
        " As with `..`, a model must not reach files elsewhere. Download caches that keep every"
        " file under a hash and link to it, as those of model hubs do, are met here too.",
        """
        $ ln -s /elsewhere/weight.bin model.mlpackage/Data/com.apple.CoreML/weights/weight.bin
        $ milc verify model.mlpackage
        """,
        "Copy the model with its links followed: `cp -RL model.mlpackage copy.mlpackage`. Links"
        " that stay inside the folder are accepted.",
    ),
    Entry(
        "MIL0605",
        "weight file is no file",
        "There is a folder, a device or a pipe where the weight file should be.",
        "$ mkdir -p model/weights/weight.bin && milc verify model",
        "Put the weight file in its place.",
    ),
    Entry(
        "MIL0606",
        "weight file cannot be read",
        "The operating system refuses to read the file, for want of permission or because the disk"
        " fails; or the file has become shorter since it was opened.",
        "$ chmod a-r weights/weight.bin && milc verify model.mil",
        "Remove the cause that the message names. Do not change a model while it is read.",
    ),
    Entry(
        "MIL0607",
        "weight file is a Git LFS pointer",
        "Git LFS keeps large files apart from the repository and leaves a small text file in their"
        " place until they are fetched. This is such a text file: it begins with `version"
        " https://git-lfs`.",
        """
        $ GIT_LFS_SKIP_SMUDGE=1 git clone https://example.org/models
        $ milc verify models/model.mlpackage
        """,
        "Fetch the files: `git lfs install && git lfs pull`.",
    ),
    Entry(
        "MIL0608",
        "weight file without a header",
        "A weight file begins with a header of 64 bytes, and this one is shorter, or empty: a"
        " download or copy that broke off.",
        "$ : > weights/weight.bin && milc verify model.mil",
        "Fetch or write the file anew.",
    ),
    Entry(
        "MIL0609",
        "unknown storage version",
        "The second number of a weight file's header is its version. Core ML reads version 2 and"
        " milc too; no other is known to exist, so this is most likely no weight file, or a"
        " damaged one.",
        "$ head -c 1000 /dev/zero > weights/weight.bin && milc verify model.mil",
        "Check that the file is the one that belongs to the model.",
    ),
    Entry(
        "MIL0610",
        "fewer blobs than the header tells",
        "The first number of a weight file's header is the number of its blobs, which follow one"
        " another at multiples of 64 bytes. The file ends before as many have been met: it was cut"
        " off, or its writer counted wrong.",
        "$ truncate -s 64 weights/weight.bin && milc info model.mlpackage",
        "Fetch or write the file anew.",
    ),
    Entry(
        "MIL0611",
        "impossible blob offset",
        "Blobs begin at multiples of 64 bytes, the first at 64, behind the file's header. The"
        " offset of a reference is that of the blob's record. Where there is a record at another"
        " place all the same, as in files that were put together by hand, it is a warning: Apple's"
        " tools write none, and its reader, as far as it is public, does not mind.",
        """
        tensor<fp16, [64]> w = const()[name = string("w"), val = tensor<fp16, [64]>(
            BLOBFILE(path = string("@model_path/weights/weight.bin"), offset = uint64(100)))];
        """,
        "Correct the offset; the first blob of a file is at 64.",
    ),
    Entry(
        "MIL0612",
        "blob beyond the end of the file",
        "The file ends before the offset of the reference, or within the 64 bytes of the record"
        " that should be there. Either the offset is wrong, or the file is another one than the"
        " model was written with, or was cut off.",
        """
        tensor<fp16, [64]> w = const()[name = string("w"), val = tensor<fp16, [64]>(
            BLOBFILE(path = string("@model_path/weights/weight.bin"), offset = uint64(6400000)))];
        """,
        "Correct the offset, or fetch the weight file that belongs to the model.",
    ),
    Entry(
        "MIL0613",
        "no blob at the offset",
        "Every blob begins with a record whose first four bytes are `EF BE AD DE`, the number"
        " 0xDEADBEEF. They are not at the offset of the reference. A usual mistake is to give the"
        " offset of the data, which begins 64 bytes behind its record.",
        """
        tensor<fp16, [64]> w = const()[name = string("w"), val = tensor<fp16, [64]>(
            BLOBFILE(path = string("@model_path/weights/weight.bin"), offset = uint64(128)))];
        """,
        "Give the offset of the record. If the offsets of all blobs are wrong, the weight file is"
        " another one than the model was written with.",
    ),
    Entry(
        "MIL0614",
        "unknown element type in a blob",
        "A blob's record tells the type of its elements by a number: 1 fp16, 2 fp32, 3 uint8, 4"
        " int8, 5 bf16, 6 int16, 7 uint16, 8 int4, 9 uint1, 10 uint2, 11 uint4, 12 uint3, 13"
        " uint6, 14 int32, 15 uint32, 16 fp8e4m3fn, 17 fp8e5m2. This one has another number, so it"
        " is damaged, or written by a newer format than milc knows.",
        """
        $ printf '\\143' | dd of=weights/weight.bin bs=1 seek=68 conv=notrunc
        $ milc verify model.mil
        """,
        "Fetch or write the file anew.",
    ),
    Entry(
        "MIL0615",
        "blob's data is misplaced",
        "A blob's record tells where its data begins: in every known file right behind the record."
        " This record points elsewhere, perhaps into itself or into another blob.",
        """
        $ printf '\\0' | dd of=weights/weight.bin bs=1 seek=80 conv=notrunc
        $ milc verify model.mil
        """,
        "Fetch or write the file anew.",
    ),
    Entry(
        "MIL0616",
        "blob reaches beyond the end of the file",
        "A blob's record tells a size that the file does not have room for: the file was cut off,"
        " or the record is damaged.",
        "$ truncate -s -1 weights/weight.bin && milc verify model.mil",
        "Fetch or write the file anew.",
    ),
    Entry(
        "MIL0617",
        "blob's size is no whole number of elements",
        "A blob's size must be a multiple of its element's. Elements smaller than a byte are"
        " packed without gaps, and the record tells how many bits of the last byte are unused:"
        " fewer than 8, and such that a whole number of elements is left.",
        """
        $ printf '\\003' | dd of=weights/weight.bin bs=1 seek=72 conv=notrunc
        $ milc verify model.mil
        """,
        "Fetch or write the file anew.",
    ),
    Entry(
        "MIL0618",
        "blob holds another element type",
        "The type of the constant and the record of the blob name different element types. Core ML"
        " compares the two, and so does milc: the bytes would mean something else.",
        """
        tensor<fp32, [64]> w = const()[name = string("w"), val = tensor<fp32, [64]>(
            BLOBFILE(path = string("@model_path/weights/weight.bin"), offset = uint64(64)))];
        """,
        "Correct the type, or the offset if another blob is meant. To store other numbers, write"
        " the blob anew in the type the program wants.",
    ),
    Entry(
        "MIL0619",
        "blob holds more or fewer elements",
        "The shape of the constant and the record of the blob tell different numbers of elements.",
        """
        tensor<fp16, [63]> w = const()[name = string("w"), val = tensor<fp16, [63]>(
            BLOBFILE(path = string("@model_path/weights/weight.bin"), offset = uint64(64)))];
        """,
        "Correct the shape, or the offset if another blob is meant.",
    ),
    Entry(
        "MIL0620",
        "type that no weight file can hold",
        "A weight file holds tensors of known shape, of the element types that `MIL0614` lists."
        " bool, int64, uint64, fp64, strings, lists and the like have no form there; Core ML's"
        " tools write their values into the program.",
        """
        tensor<bool, [64]> m = const()[name = string("m"), val = tensor<bool, [64]>(
            BLOBFILE(path = string("@model_path/weights/weight.bin"), offset = uint64(64)))];
        """,
        "Write the value into the text, or use another type (uint8 for a mask, int32 for indices)"
        " and a `cast`.",
    ),
    Entry(
        "MIL0621",
        "blobs overlap",
        "Two references name blobs of one file that share bytes, and are not the same blob. No"
        " writer makes such a file: one of the two offsets is wrong, or hits bytes within another"
        " blob's data that look like a record.",
        "$ milc verify model.mlpackage",
        "Correct the offset, or write the file anew. Several references to one blob are fine.",
    ),
    Entry(
        "MIL0622",
        "weight file in the model's own place",
        "The path of a blob is that of the model itself: model.mil, model.mlmodel or model.json in"
        " the model's folder. The weights would be written over it, or it over them.",
        """
        tensor<fp16, [64]> w = const()[name = string("w"), val = tensor<fp16, [64]>(
            BLOBFILE(path = string("@model_path/model.mil"), offset = uint64(64)))];
        """,
        "Keep weights under another name, `@model_path/weights/weight.bin` by custom.",
    ),
)
