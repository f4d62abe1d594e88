"""The reference evaluator: runs a program on numpy, through what each op says that it computes.

`Evaluator` runs a function; `inputs` makes what people give fit what it takes; `fold` computes one
op ahead of time. Imports diagnostics, ir, kernels, schema, opsets and verify.
"""

from milc.evaluate.evaluator import Evaluator, Hook, OpError, Ran
from milc.evaluate.folding import fold
from milc.evaluate.inputs import bind_inputs, bind_states, states_of

__all__ = ["Evaluator", "Hook", "OpError", "Ran", "bind_inputs", "bind_states", "fold", "states_of"]
