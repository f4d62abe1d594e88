"""What a program computes, against PyTorch; the memory that takes; how soon a run begins.

The three models of `shared/bench`, each as it is written, optimised, and optimised in fp16, against
PyTorch's eager mode on the same layers and sizes with random weights, each in a process of its own.
What is timed is a call, of a model that is ready and was called before. Both sides have one thread:
with more, threads of either wait for each other as soon as other work runs on the cores.

The memory is, of these models, that of arrays, for the program itself takes more than its weights;
and, of a model of 1 GB made on the spot, that of the process.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from contextlib import ExitStack
from functools import partial
from multiprocessing import Process
from pathlib import Path

from benchmarks._measure import (
    GPT,
    ORACLE,
    ROOT,
    Installed,
    Options,
    alternate,
    folder,
    install,
    options,
    ratio,
    shell,
    shown,
    skip,
    watch,
)
from benchmarks._worker import Worker
from benchmarks.weights import ELEMENTS, QUICK, make_model

SCRIPT = Path(__file__).with_name("_run.py")
TORCH = Path(__file__).with_name("_torch.py")

WANTED = {"resnet": 4, "torchvit": 4, "gpt": 3}
FORMS = ("unopt", "opt_fp32", "opt_fp16")
WANTED_MEMORY = 1
WANTED_START = 0.4
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM")
}
HELLO = ROOT / "examples/hello/model.mil"


def main() -> None:
    given = options(__doc__)
    with folder() as place:
        milc = install(place / "env")
        start(given, milc)
        memory_of_the_process(given, milc, place)
        if not GPT.exists():
            skip(f"the rest: no {GPT.name} in ../shared/bench")
        for model in WANTED:
            memory_of_arrays(given, milc, model)
        if not ORACLE.exists():
            skip("the ratios, for want of PyTorch: make oracle")
        for model in WANTED:
            speed(given, milc, model)


def speed(given: Options, milc: Installed, model: str) -> None:
    """Print how a call of a model compares with PyTorch's."""
    environment = {**shell(), **ONE_THREAD}
    names = [f"{model}_{form}" for form in FORMS]
    with ExitStack() as stack:
        sides = {"PyTorch": Worker(ORACLE, model, environment=environment, script=TORCH)}
        for name in names:
            package = GPT.with_name(f"{name}.mlpackage")
            sides[name] = Worker(
                milc.python, "serve", package, environment=environment, script=SCRIPT
            )
        for side in sides.values():
            stack.enter_context(side)
        calls = {name: partial(side.ask, "") for name, side in sides.items()}
        taken = alternate(calls, given.repeats)
    print(f"  {model}: PyTorch {shown(taken['PyTorch'])}")
    for name in names:
        found = ratio(taken[name], taken["PyTorch"])
        print(f"  {name}: {shown(taken[name])}, {found:.2f} times PyTorch")
    promised = f"{model}_opt_fp32"
    given.within(promised, ratio(taken[promised], taken["PyTorch"]), WANTED[model])


def memory_of_arrays(given: Options, milc: Installed, model: str) -> None:
    """Print what the arrays of a run take, against weights and values that are needed."""
    for form in FORMS:
        package = GPT.with_name(f"{model}_{form}.mlpackage")
        found, what = asked(milc, "arrays", package), f"arrays of {package.stem}"
        given.within(shown_memory(what, found), share(found), WANTED_MEMORY)


def memory_of_the_process(given: Options, milc: Installed, place: Path) -> None:
    """Print the same of a process that runs a model of a gigabyte."""
    # By another process, whose memory would count else.
    elements = QUICK if given.quick else ELEMENTS
    maker = Process(target=make_model, args=(place, elements))
    maker.start()
    maker.join()
    package = place / "large.mlpackage"
    watch(milc.milc, "compile", place / "model.mil", "-o", package)
    found = asked(milc, "process", package)
    given.within(shown_memory("process with 1 GB in fp16", found), share(found), WANTED_MEMORY)


def share(found: dict[str, int]) -> float:
    """What was taken, against twice the weights and the largest live set."""
    return found["peak"] / (2 * found["weights"] + found["live"])


def shown_memory(what: str, found: dict[str, int]) -> str:
    """The figures behind `share`."""
    peak, weights, live = (found[each] / 1e6 for each in ("peak", "weights", "live"))
    return f"{what}: {peak:.1f} MB of 2 * {weights:.1f} + {live:.1f}"


def start(given: Options, milc: Installed) -> None:
    """Print how much longer `milc run` takes than importing numpy."""
    run = (milc.milc, "run", HELLO, "--input", "x=ones")
    taken = alternate(
        {
            "milc run (9 lines)": lambda: watch(*run).seconds,
            "import numpy": lambda: watch(milc.python, "-c", "import numpy").seconds,
        },
        given.repeats,
    )
    for name, seconds in taken.items():
        print(f"  {name}: {shown(seconds)}")
    ours, bare = (statistics.median(seconds) for seconds in taken.values())
    given.within("`milc run` beyond importing numpy", ours - bare, WANTED_START, "s")


def asked(milc: Installed, what: str, package: Path) -> dict[str, int]:
    """What a process of its own measured."""
    command = [str(milc.python), str(SCRIPT), what, str(package)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=shell()).stdout
    answer: dict[str, int] = json.loads(said)
    return answer


if __name__ == "__main__":
    main()
