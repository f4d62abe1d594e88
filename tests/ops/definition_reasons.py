"""Where definitions differ on purpose from what was recorded of coremltools', each with its reason.

`op` is a name or several, `mutation` the aspect, and `pattern` is searched for in the name of the
argument. A reason that no difference needs fails the tests.
"""

from __future__ import annotations

from tests.ops.reasons import Reason


def _reason(op: str, aspect: str, arg: str, why: str) -> Reason:
    return Reason(op, aspect, "definition", arg, why)


DIFFERENCES = [
    _reason(
        "cond while_loop",
        "argument",
        "^_",
        "Python functions that build the blocks, and the blocks once built: in a file these are the"
        " op's nested blocks, which its definition names instead",
    ),
    _reason(
        "const _const_symbolic",
        "kind",
        "^val$",
        "the attribute that is the constant; to coremltools a Python object, in a file a tensor, a"
        " list or a dictionary",
    ),
    _reason(
        "custom_layer",
        "definition",
        "",
        "an op of files, opaque to coremltools, which makes a class of its own of each",
    ),
    _reason(
        "write_state",
        "definition",
        "",
        "the form that files carry of the dialect op coreml_update_state",
    ),
    _reason(
        "layer_norm",
        "default",
        "^axes$",
        "recorded without its elements, as a Python range; it is one over all axes",
    ),
    _reason(
        "make_list reshape_like",
        "elements",
        "^(elem_shape|begins|ends|end_masks)$",
        "coremltools looks at no member of a tuple; its prose and its inference take these alone",
    ),
    _reason(
        "make_list",
        "const",
        "^elem_shape$",
        "not declared, but the inference of coremltools reads the values",
    ),
    _reason(
        "topk",
        "default",
        "^output_indices_dtype$",
        "coremltools declares no default, and its inference gives int32 where it is left out",
    ),
]
"""Every difference, with its reason."""
