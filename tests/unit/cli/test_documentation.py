"""Documentation that would mislead fails here."""

import importlib
import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

import db.tables
from cli.documents import read_scripts
from cli.main import app
from cli.reference import ROOT, pages, with_settings
from cli.settings import Settings, load_settings
from db.tables.base import metadata
from personas.scripts.linter import lint
from personas.scripts.rehearsal import run_tests

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"```(\w*)\n(.*?)```", re.S)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize(("path", "text"), list(pages().items()), ids=lambda one: str(one)[-20:])
def test_what_follows_from_the_code_is_as_the_code_says(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "run: python -m cli.reference"


def test_the_readme_lists_every_setting() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_settings(readme) == readme, "run: python -m cli.reference"
    for name, field in Settings.model_fields.items():
        assert f"| `{str(field.validation_alias or name).upper()}` |" in readme


def test_the_example_environment_is_complete_and_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    uncommented = re.sub(r"^# ([A-Z_]+=)", r"\1", text, flags=re.M)
    (tmp_path / ".env").write_text(uncommented)
    named = set(re.findall(r"^([A-Z_]+)=", uncommented, flags=re.M))
    fields = Settings.model_fields.items()
    assert named == {str(field.validation_alias or name).upper() for name, field in fields}
    assert load_settings().web_port == 8080


def test_the_schema_page_names_exactly_the_tables_that_there_are() -> None:
    for module in pkgutil.iter_modules(db.tables.__path__):
        importlib.import_module(f"db.tables.{module.name}")
    page = (ROOT / "docs/reference/schema.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in CODE.findall(row)}
    assert named == set(metadata.tables)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def commands_in(page: Path) -> Iterator[str]:
    """Yield every `troupe …` that a page tells people to type."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for _, block in FENCED.findall(text):
        yield from (line for line in block.splitlines() if line.startswith("troupe "))
    inline = FENCED.sub("", text)
    yield from (code for code in CODE.findall(inline) if code.startswith("troupe "))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    for line in commands_in(page):
        command = typer.main.get_command(app)
        words = shlex.split(line.partition("#")[0])[1:]
        while words and hasattr(command, "commands"):
            for name in words.pop(0).split("|"):
                assert name.startswith("-") or name in command.commands, line
            command = command.commands.get(name)
        options = {option for one in getattr(command, "params", []) for option in one.opts}
        given = {word for word in words if word.startswith("--")}
        assert given <= options | {"--install-completion"}, line


def test_the_scripts_of_the_tutorial_can_be_imported(tmp_path: Path) -> None:
    tutorial = (ROOT / "docs/tutorial/first-comment.md").read_text(encoding="utf-8")
    (block,) = [text for language, text in FENCED.findall(tutorial) if language == "yaml"]
    (tmp_path / "script.yaml").write_text(block)
    assert [script.key for script in read_scripts(tmp_path)] == ["launches"]


def test_the_scripts_of_the_reference_are_in_order(tmp_path: Path) -> None:
    reference = (ROOT / "docs/reference/scripts.md").read_text(encoding="utf-8")
    blocks = [text for language, text in FENCED.findall(reference) if language == "yaml"]
    for number, block in enumerate(blocks):
        (tmp_path / f"{number}.yaml").write_text(block)
    scripts = read_scripts(tmp_path)
    assert [script.key for script in scripts] == ["space", "seats", "level"]
    for script in scripts:
        assert lint(script) == ()
        assert all(test.passed for test in run_tests(script))
