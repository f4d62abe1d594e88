"""Reading files with a code for every failure, and writing them so that nothing is lost."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from milc.diagnostics import MilError
from milc.diagnostics.files import read_bytes, read_text
from milc.diagnostics.staging import staged_file, staged_folder
from tests.shared import ROOT


def code_of(error: pytest.ExceptionInfo[MilError]) -> str:
    (found,) = error.value.diagnostics
    assert found.could_not_run
    return found.code


def fill(folder: Path, text: str) -> None:
    (folder / "a.txt").write_text(text)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("MIL0001", "none"),
        ("MIL0001", "file/below"),
        ("MIL0001", "a\0b"),
        ("MIL0002", "."),
        ("MIL0005", "file"),
        ("MIL0006", "pipe"),
        ("MIL0006", "/dev/zero"),
        ("MIL0007", "loop"),
    ],
)
def test_what_cannot_be_read_has_a_code(code: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(MilError) as caught:
        read_bytes(tmp_path / name, limit=4)
    assert code_of(caught) == code
    assert caught.value.diagnostics[0].path == str(tmp_path / name)


def test_a_file_that_may_not_be_read_has_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(os, "open", refuse)  # root may read everything
    with pytest.raises(MilError) as caught:
        read_bytes(__file__)
    assert code_of(caught) == "MIL0003"


def test_text_is_read_as_it_stands(tmp_path: Path) -> None:
    (path := tmp_path / "x").write_bytes(b"\xef\xbb\xbfa\r\n\xc3\xa4\n")
    assert read_text(path) == "a\r\nä\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"ab\ncd\xff", "not UTF-8 text: byte 0xff at offset 5, in line 2"),
        ("a".encode("utf-16"), "not UTF-8 text: byte 0xff at offset 0, in line 1"),
    ],
)
def test_what_is_no_utf8_is_located(data: bytes, message: str, tmp_path: Path) -> None:
    (path := tmp_path / "x").write_bytes(data)
    with pytest.raises(MilError, match="MIL0004") as caught:
        read_text(path)
    (found,) = caught.value.diagnostics
    assert found.message == message
    assert (found.help is not None) is data.startswith(b"\xff\xfe")


def test_a_staged_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with staged_file(target) as path:
        assert path.parent == tmp_path
        assert not target.exists()
        path.write_text("first")
    target.chmod(0o640)
    (tmp_path / "link").symlink_to("out")
    with staged_file(tmp_path / "link") as path:
        path.write_text("second")
        assert target.read_text() == "first"
    assert target.read_text() == "second"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert (tmp_path / "link").is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "out"]


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    with staged_file(tmp_path / "out"):
        pass
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_staged_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "out"
    for number in range(3):
        with staged_folder(target, lambda folder: (folder / "a.txt").exists()) as folder:
            assert list(folder.iterdir()) == []
            fill(folder, str(number))
        assert (target / "a.txt").read_text() == str(number)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with staged_folder(tmp_path / "out") as folder:
        fill(folder, "x")
    assert (tmp_path / "out/a.txt").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError, MilError])
def test_an_interrupted_run_leaves_the_old_output_whole(
    error: type[BaseException], tmp_path: Path
) -> None:
    fill(tmp_path, "old")
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out", "old")
    raised = MilError([]) if error is MilError else error()

    def write_folder() -> None:
        with staged_folder(tmp_path / "out", lambda _: True) as folder:
            fill(folder, "new")
            raise raised

    def write_file() -> None:
        with staged_file(tmp_path / "a.txt") as path:
            path.write_text("new")
            raise raised

    for write in (write_folder, write_file):
        with pytest.raises(error):
            write()
    assert (tmp_path / "out/a.txt").read_text() == (tmp_path / "a.txt").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "out"]


@pytest.mark.parametrize("failing", [1, 2])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_a_swap_that_fails_puts_the_old_folder_back(
    error: BaseException, failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out", "old")
    rename, calls = os.rename, []

    def fail(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == failing:
            raise error
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail)
    expected = MilError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected), staged_folder(tmp_path / "out", lambda _: True) as folder:
        fill(folder, "new")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out/a.txt").read_text() == "old"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("MIL0010", OSError(errno.EACCES, "no")),
        ("MIL0011", OSError(errno.ENOSPC, "no")),
        ("MIL0012", OSError(errno.EIO, "no")),
    ],
)
def test_what_cannot_be_written_has_a_code(code: str, error: OSError, tmp_path: Path) -> None:
    for staged in (staged_file, staged_folder):
        with pytest.raises(MilError) as caught, staged(tmp_path / "out"):
            raise error
        assert code_of(caught) == code
        assert caught.value.diagnostics[0].path == str(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_to_write_into_must_exist(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for below in ("none", "file"):
        for staged in (staged_file, staged_folder):
            with pytest.raises(MilError) as caught, staged(tmp_path / below / "out"):
                pytest.fail("the body ran")
            assert code_of(caught) == "MIL0008"
    assert caught.value.diagnostics[0].help == f"mkdir -p {tmp_path / 'file'}"


@pytest.mark.parametrize("name", ["folder", "pipe", "/dev/null"])
def test_what_is_no_file_is_not_replaced_by_one(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MilError) as caught, staged_file(tmp_path / name):
        pytest.fail("the body ran")
    assert code_of(caught) == "MIL0009"


def test_another_folder_or_a_file_is_not_replaced_by_a_folder(tmp_path: Path) -> None:
    fill(tmp_path, "mine")
    for target in (tmp_path, tmp_path / "a.txt"):
        with pytest.raises(MilError) as caught, staged_folder(target):
            pytest.fail("the body ran")
        assert code_of(caught) == "MIL0009"
    assert (tmp_path / "a.txt").read_text() == "mine"


def test_a_file_that_may_not_be_written_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "mine")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything
    with pytest.raises(MilError) as caught, staged_file(tmp_path / "a.txt"):
        pytest.fail("the body ran")
    assert code_of(caught) == "MIL0010"


def test_staging_works_in_a_thread_too(tmp_path: Path) -> None:
    def write() -> None:
        with staged_file(tmp_path / "out") as path:
            path.write_text("x")

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert (tmp_path / "out").read_text() == "x"


def test_signals_are_as_before_afterwards(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with staged_file(tmp_path / "out"):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


SCRIPT = """
import sys, time
from milc.diagnostics.staging import staged_file, staged_folder
with staged_folder(sys.argv[1] + "/folder", lambda _: True), staged_file(sys.argv[1] + "/file"):
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_the_old_output_and_nothing_else(number: int, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    fill(tmp_path / "folder", "old")
    (tmp_path / "file").write_text("old")
    command = [sys.executable, "-c", SCRIPT, tmp_path]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert len(list(tmp_path.iterdir())) == 4
        process.send_signal(number)
        process.communicate(timeout=20)
    assert process.returncode != 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]
    assert (tmp_path / "folder/a.txt").read_text() == (tmp_path / "file").read_text() == "old"


def test_reading_loads_nothing_heavy() -> None:
    script = (
        "import sys, milc.diagnostics.staging; "
        "heavy = {'pathlib', 'shutil', 'tempfile', 'signal', 'threading', 'dataclasses', 'numpy'}; "
        "print(sorted(heavy & sys.modules.keys()))"
    )
    command = [sys.executable, "-S", "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout == "[]\n"


def test_a_folder_that_cannot_be_removed_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out", "old")
    monkeypatch.setattr(shutil, "rmtree", lambda path, ignore_errors: None)
    with staged_folder(tmp_path / "out", lambda _: True) as folder:
        fill(folder, "new")
    assert (tmp_path / "out/a.txt").read_text() == "new"
