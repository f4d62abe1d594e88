"""`milc run`: images as inputs and outputs."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.commands import EXAMPLES, Cli
from tests.runs import BGR, GRAYSCALE, RGB, image_model, wrong

HELLO = EXAMPLES / "hello/model.mil"


@pytest.mark.parametrize("space", [RGB, BGR, GRAYSCALE])
def test_images_go_in_and_come_out(cli: Cli, space: int) -> None:
    image = pytest.importorskip("PIL.Image")
    image_model(space)
    pixels = np.arange(96, dtype="u1").reshape(8, 4, 3)
    pixels = pixels[..., 0] if space == GRAYSCALE else pixels
    image.fromarray(pixels).save("in.png")
    run = cli("run", "M.mlmodel", "-i", "image=in.png", "-i", "k=200", "-o", "y.npy",
              "--save", "y=out.png", "--save", "y=out.npy")  # fmt: skip
    assert run.status == 0, run.err
    first = np.load("y.npy")[0, :, 0, 1]
    assert first.tolist() == {RGB: [203, 204, 205], BGR: [205, 204, 203]}.get(space, [203])
    wanted = np.minimum(pixels.astype(int) + 200, 255)
    assert np.array_equal(np.asarray(image.open("out.png")), wanted)


def test_images_that_do_not_fit(cli: Cli, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    image_model()
    image.new("RGB", (8, 8)).save("large.jpg")
    image.new("RGB", (4, 8)).save("right.png")
    (tmp_path / "short.png").write_bytes((tmp_path / "right.png").read_bytes()[:40])
    given = ("-i", "k=0", "-i")
    assert wrong(cli, "M.mlmodel", *given, "image=large.jpg") == (1, ["MIL0914"])
    assert "resize it to 4 × 8" in cli("run", "M.mlmodel", *given, "image=large.jpg").err
    assert wrong(cli, "M.mlmodel", *given, "image=short.png") == (1, ["MIL0912"])
    assert wrong(cli, HELLO, "-i", "x=right.png") == (1, ["MIL0915"])


def test_without_pillow_it_says_what_to_install(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    image_model()
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert wrong(cli, "M.mlmodel", "-i", "k=0", "-i", "image=a.png") == (2, ["MIL0027"])
    assert wrong(cli, "M.mlmodel", "--random", "--save", "y=y.png") == (2, ["MIL0027"])


@pytest.mark.parametrize("space", [RGB, GRAYSCALE])
def test_of_16_bits_the_upper_8_are_taken(cli: Cli, space: int) -> None:
    image = pytest.importorskip("PIL.Image")
    image_model(space)
    levels = np.arange(32, dtype="u2").reshape(8, 4) * 2000
    image.fromarray(levels).save("in.png")
    run = cli("run", "M.mlmodel", "-i", "image=in.png", "-i", "k=0", "-o", "y.npy")
    assert run.status == 0, run.err
    assert np.array_equal(np.load("y.npy")[0, 0], levels >> 8)
