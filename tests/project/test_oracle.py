"""The judge itself: coremltools reads real models, twice alike, and its refusals are answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracle import Oracle
from tests.shared import SHARED, needs_shared

GPT = SHARED / "bench/gpt_opt_fp16.mlpackage"
RESNET = SHARED / "bench/resnet_opt_fp16.mlpackage"


@needs_shared
def test_the_same_model_prints_the_same(oracle: Oracle) -> None:
    first, second = oracle.load(GPT), oracle.load(GPT)
    assert first.ok, first.error
    assert first == second
    assert first.program.count("\n") > 1000


@needs_shared
def test_a_model_is_told_from_another_after_it(oracle: Oracle) -> None:
    assert oracle.load(GPT).program != oracle.load(RESNET).program


@needs_shared
def test_the_program_shows_names_types_and_values(oracle: Oracle) -> None:
    program = oracle.load(RESNET).program
    assert program.startswith("func main[")
    assert "= conv(" in program
    assert "tensor<fp16, [1, " in program
    assert "float16[" in program, "weights are shown by type, shape and digest"


@needs_shared
def test_the_message_is_there(oracle: Oracle) -> None:
    read = oracle.spec(GPT)
    assert read.ok, read.error
    assert b"ios1" in read.model.lower() or b"CoreML" in read.model


def test_a_refusal_is_an_answer(oracle: Oracle, tmp_path: Path) -> None:
    path = tmp_path / "bad.mlmodel"
    path.write_bytes(b"\xff\xff\xff\xff")
    refused = oracle.load(path)
    assert not refused.ok
    assert "DecodeError" in refused.error
    assert refused.program == ""


@pytest.mark.usefixtures("oracle")
def test_a_lost_worker_is_started_again(tmp_path: Path) -> None:
    judge = Oracle(seconds=0.0)
    with pytest.raises(AssertionError, match="no answer"):
        judge.load(tmp_path)
    judge.seconds = 240
    assert not judge.load(tmp_path / "absent.mlmodel").ok
    judge.close()
