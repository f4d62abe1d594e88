"""The page on writing passes: its code runs, and does what it says."""

from __future__ import annotations

import re
from typing import Any

import pytest

import milc
from milc import passes
from tests.passes.running import same_results
from tests.shared import ROOT

PAGE = (ROOT / "docs/writing_passes.md").read_text("utf-8")
PARTS = """program(1.3)
{
    func main<ios15>(tensor<fp32, [8]> x) {
        tensor<fp32, [8]> a = relu(x = x);
        tensor<fp32, [8]> b = mul(x = x, y = fp32(-1.0));
        tensor<fp32, [8]> c = relu(x = b);
        tensor<fp32, [8]> d = sub(x = a, y = c);
        tensor<fp32, [8]> y = square(x = d);
    } -> (y);
}
"""


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the code of the page defines."""
    monkeypatch.setattr(passes, "_registered", {})
    names: dict[str, Any] = {"__name__": "page"}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(block, "writing_passes.md", "exec"), names)
    return names


def test_the_tests_of_the_page_pass(page: dict[str, Any]) -> None:
    tests = [name for name in page if name.startswith("test_")]
    assert len(tests) == 2
    for name in tests:
        page[name]()


def test_the_pattern_of_the_page_is_found(page: dict[str, Any]) -> None:
    program = milc.parse(PARTS)
    done = milc.optimize(program, [[page["JoinParts"]()]], verify_each=True)
    assert done.counts == {"join_parts": 1}
    assert "relu" not in milc.to_text(program)
    same_results(milc.parse(PARTS), program)


def test_the_options_and_notes_of_the_page_work(page: dict[str, Any]) -> None:
    text = PARTS.replace("fp32(-1.0)", "m").replace(
        "{\n        tensor<fp32, [8]> a",
        "{\n        fp32 m = const()[val = fp32(-1.0)];\n        tensor<fp32, [8]> a",
    )
    for most, notes in ((0, 1), (1, 0)):
        done = milc.optimize(milc.parse(text), [[page["LimitConstants"](most=most)]])
        assert len(done.notes) == notes


def test_what_the_page_says_a_rewrite_sees_is_there() -> None:
    from milc.passes.session import Session
    from milc.schema import Bound

    for name in ("operand", "type", "element", "shape", "rank", "value", "is_computed", "array"):
        assert f".{name}`" in PAGE
        assert hasattr(Bound, name) or name in Bound.__slots__ or name in Bound.__annotations__
    named = re.findall(r"session\.(\w+)", PAGE)
    assert {name for name in named if not hasattr(Session, name)} <= {
        "function", "notes", "counts", "rewriter",
    }  # fmt: skip
