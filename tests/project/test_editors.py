"""The files in editors/: they parse, and know the language's words, element types and escapes."""

from __future__ import annotations

import json
import re

import pytest

from milc.ir.types import ELEMENT_TYPES
from milc.syntax.lalr import KEYWORDS
from tests.shared import ROOT

EDITORS = ROOT / "editors"
GRAMMAR = EDITORS / "vscode" / "syntaxes" / "mil.tmLanguage.json"
DOCUMENT = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")


def textmate() -> str:
    """Every expression of the TextMate grammar."""
    found: list[str] = []

    def collect(node: object) -> None:
        if isinstance(node, dict):
            found.extend(node[key] for key in ("match", "begin", "end") if key in node)
            for child in node.values():
                collect(child)
        elif isinstance(node, list):
            for child in node:
                collect(child)

    collect(json.loads(GRAMMAR.read_text("utf-8")))
    return "\n".join(found)


def expressions(editor: str) -> str:
    """The regular expressions of an editor's file, in the notation of Python as far as needed."""
    if editor == "vscode":
        return textmate()
    if editor == "vim":
        text = (EDITORS / "vim" / "syntax" / "mil.vim").read_text("utf-8")
        return text.replace(r"\%(", "(?:").replace(r"\|", "|").replace(r"\)", ")")
    text = (EDITORS / "emacs" / "mil-mode.el").read_text("utf-8")
    quoted = text[text.index("mil--elements") : text.index('"The element types."')]
    listed = re.findall(r'"([a-z0-9]+)"', quoted)
    return text.replace(r"\\|", "|") + f"\n({'|'.join(listed)})"


def words(text: str, known: str) -> set[str]:
    """The alternatives of the first group that begins with `known`."""
    found = re.search(rf"{known}\|[a-z0-9_|()?:]+", text)
    assert found is not None, known
    # int(?:4|8) stands for int4 and int8.
    spread = re.sub(
        r"(u?int)\(\?:([0-9|]+)\)",
        lambda m: "|".join(m[1] + bits for bits in m[2].split("|")),
        found[0],
    )
    return set(re.findall(r"[a-z][a-z0-9_]*", spread))


@pytest.mark.parametrize("editor", ["vscode", "vim", "emacs"])
def test_element_types(editor: str) -> None:
    assert words(expressions(editor), "bool") == set(ELEMENT_TYPES)


@pytest.mark.parametrize("editor", ["vscode", "vim", "emacs"])
def test_words_of_the_language(editor: str) -> None:
    text = expressions(editor)
    assert words(text, "tensor_buffer") | {"program", "func", "BLOBFILE"} == set(KEYWORDS)
    assert all(word in text for word in ("program", "func", "BLOBFILE", "true", "inf", "nan"))


def test_files_that_are_json() -> None:
    files = sorted(EDITORS.rglob("*.json"))
    assert files
    for file in files:
        json.loads(file.read_text("utf-8"))


def test_extension_of_vscode_is_whole() -> None:
    folder = EDITORS / "vscode"
    package = json.loads((folder / "package.json").read_text("utf-8"))
    contributed = package["contributes"]
    named = [
        package["main"],
        contributed["languages"][0]["configuration"],
        contributed["grammars"][0]["path"],
        *package["files"],
    ]
    for path in named:
        assert (folder / path).exists(), path
    scope = json.loads(GRAMMAR.read_text("utf-8"))["scopeName"]
    assert contributed["grammars"][0]["scopeName"] == scope


def test_includes_of_the_textmate_grammar() -> None:
    text = GRAMMAR.read_text("utf-8")
    grammar = json.loads(text)
    included = set(re.findall(r'"include": "#(\w+)"', text))
    assert included == set(grammar["repository"])


def test_document_names_what_is_there() -> None:
    for target in re.findall(r"\]\((\.\./[^)]+)\)", DOCUMENT):
        assert (ROOT / "docs" / target).exists(), target
    for block in re.findall(r"```json\n(.*?)```", DOCUMENT, re.S):
        json.loads(block)
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    assert re.findall(r"- id: (milc-\w+)", DOCUMENT) == re.findall(r"^- id: (\S+)", hooks, re.M)
    settings = json.loads((EDITORS / "vscode" / "package.json").read_text("utf-8"))
    assert set(re.findall(r'"(mil\.\w+)"', DOCUMENT)) <= set(
        settings["contributes"]["configuration"]["properties"]
    )
    vim = "".join(file.read_text("utf-8") for file in (EDITORS / "vim").rglob("*.vim"))
    for name in re.findall(r"g:(mil_\w+)", DOCUMENT):
        assert f"'{name}'" in vim
