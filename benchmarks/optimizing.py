"""What passes take and leave, against coremltools' default pipeline; how their time grows.

The three models of `shared/bench` as they were built, in-process after import: milc's default
pipeline against coremltools' without a change of precision, with the pipeline of its backend, and
both again with fp16. Reading the package does not count, and time is that of the processor. Both
leave ops, which are counted too, constants left out. Growth is measured on made programs, with
something to do for passes in each ten ops.
"""

from __future__ import annotations

import json
import subprocess
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType

from benchmarks._measure import (
    GPT,
    ORACLE,
    Options,
    alternate,
    folder,
    install,
    options,
    shell,
    shown,
    skip,
)

SCRIPT = Path(__file__).with_name("_optimize.py")
WANTED = {"resnet": 10, "torchvit": 10, "gpt": 15}
WANTED_FP16 = 10
WANTED_GROWTH = 1.25
OPS = (1_000, 10_000, 100_000)


def main() -> None:
    given = options(__doc__)
    with folder() as place:
        milc = install(place / "env")
        growth(given, milc.python)
        if not GPT.exists():
            skip(f"the rest: no {GPT.name} in ../shared/bench")
        if not ORACLE.exists():
            skip("the ratios, for want of coremltools: make oracle")
        for model in WANTED:
            against(given, milc.python, model)
            against(given, milc.python, model, "fp16")


def growth(given: Options, python: Path) -> None:
    """Print the time that an op takes in programs of several sizes."""
    each = []
    for ops in OPS[:1] if given.quick else OPS:
        with Pipeline(python, "milc", "ops", str(ops)) as side:
            taken = alternate({"milc": side.run}, max(1, min(given.repeats, 100_000 // ops)))
        each.append(min(taken["milc"]) / ops * 1e6)
        print(f"  {ops:,} ops: {shown(taken['milc'])}, {each[-1]:.1f} µs an op; {side.ops:,} left")
    given.within("an op of the largest against one of the middle", each[-1] / each[-2:][0],
                 WANTED_GROWTH)  # fmt: skip


def against(given: Options, python: Path, model: str, *precision: str) -> None:
    """Print time and ops of both on a model, without a change of precision or with fp16."""
    package = str(GPT.with_name(f"{model}_unopt.mlpackage"))
    with ExitStack() as stack:
        ours = stack.enter_context(Pipeline(python, "milc", *precision, package))
        theirs = stack.enter_context(Pipeline(ORACLE, "coremltools", *precision, package))
        taken = alternate({"milc": ours.run, "coremltools": theirs.run}, min(given.repeats, 5))
    name, wanted = " ".join([model, *precision]), WANTED_FP16 if precision else WANTED[model]
    print(f"  {name}: milc {shown(taken['milc'])}, {ours.ops} ops left; coremltools "
          f"{shown(taken['coremltools'])}, {theirs.ops} ops")  # fmt: skip
    given.faster(f"passes on {name}", taken["milc"], taken["coremltools"], wanted)
    given.within(f"ops left of {name}, against coremltools", ours.ops / theirs.ops, 1)


class Pipeline(AbstractContextManager["Pipeline"]):
    """A process that runs a pipeline on request."""

    def __init__(self, python: Path, *arguments: str) -> None:
        command = [str(word) for word in (python, "-W", "ignore", SCRIPT, *arguments)]
        pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=quiet, text=True, bufsize=1, env=shell()
        )
        self.ops = 0
        """How many ops the last run left."""

    def run(self) -> float:
        """Run the pipeline; the seconds that it took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._process.args} gave no answer")
        seconds, self.ops, _ = json.loads(answer)
        return float(seconds)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()


if __name__ == "__main__":
    main()
