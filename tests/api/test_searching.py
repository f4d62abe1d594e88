"""Which files a folder stands for."""

from __future__ import annotations

from pathlib import Path

from milc.driver.searching import find


def test_files_and_bundles_in_the_order_of_their_paths(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    for name in ("b/z.mil", "b/a.mil", "a.mil", "c.txt", ".x.mil", ".git/x.mil",
                 "M.mlpackage/Data/x.mil", "b/C.mlmodelc/model.mil", "d.mil/e.mil"):  # fmt: skip
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    Path("loop").symlink_to(".")
    assert list(find(".", (".mil",))) == ["a.mil", "b/a.mil", "b/z.mil", "d.mil/e.mil"]
    assert list(find(".", (".mlmodelc", ".mlpackage"))) == ["M.mlpackage", "b/C.mlmodelc"]
    assert list(find("b", (".mil",))) == ["b/a.mil", "b/z.mil"]
    assert next(find(str(tmp_path / "b"), (".mil",))) == str(tmp_path / "b/a.mil")
