"""The life of a script at the command line: files, versions, tests, publishing, rolling back."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from tests.fixtures.commands import Troupe, environment, quiet_logging, refused, troupe

__all__ = ["environment", "quiet_logging", "troupe"]

EXAMPLES = Path(str(files("cli") / "demo_data")) / "conversations"
ENGLISH = EXAMPLES / "club-en.yaml"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The English example with another price, in its promise and in its test."""
    file = tmp_path / "club.yaml"
    file.write_text(ENGLISH.read_text().replace("4 euros", "5 euros"))
    return file


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The English example with another price, that its test does not expect."""
    file = tmp_path / "broken.yaml"
    file.write_text(ENGLISH.read_text().replace("for 4 euros a month. It", "for 6 euros. It"))
    return file


def test_what_is_exported_is_imported_as_the_same_bytes(troupe: Troupe, tmp_path: Path) -> None:
    assert "2 of 2" in troupe("scripts", "import", str(EXAMPLES)).out
    for name, arguments in (("a.yaml", ()), ("b.json", ("club-ru", "--canonical"))):
        exported = tmp_path / name
        exported.write_text(troupe("scripts", "export", *arguments).out)
        assert ": 0 of" in troupe("scripts", "import", str(exported)).out
        assert troupe("scripts", "export", *arguments).out == exported.read_text()


def test_publishing_is_refused_when_the_tests_fail(
    troupe: Troupe, changed: Path, broken: Path
) -> None:
    assert troupe("scripts", "import", str(ENGLISH)).code == 0
    sentence = refused(troupe("scripts", "import", str(broken)))
    assert "club-en fails its own tests" in sentence
    assert "“4 euros a month” was not said" in sentence
    assert troupe("scripts", "import", str(broken), "--draft").code == 0
    assert "fails its own tests" in refused(troupe("scripts", "publish", "club-en"))
    assert len(troupe("scripts", "history", "club-en", "--json").json) == 2
    assert troupe("scripts", "import", str(changed), "--draft").code == 0
    told = troupe("scripts", "publish", "club-en", "--live", "move").out
    assert told == "version 3 of club-en is in production now\n"
    newest, *_ = troupe("scripts", "history", "club-en", "--json").json
    assert (newest["labels"], newest["live"]) == (["production"], "move")


def test_a_rollback_is_a_new_version(troupe: Troupe, changed: Path) -> None:
    troupe("scripts", "import", str(ENGLISH))
    before = troupe("scripts", "export", "club-en").out
    troupe("scripts", "import", str(changed))
    assert "version 1" in troupe("scripts", "rollback", "club-en").out
    assert troupe("scripts", "export", "club-en").out == before
    newest, *_ = troupe("scripts", "history", "club-en", "--json").json
    assert (newest["version"], newest["change"]) == (3, "rollback to version 1")
    assert "says what version 1 says" in refused(troupe("scripts", "rollback", "club-en", "--to=1"))


def test_a_diff_shows_the_lines_that_changed(troupe: Troupe, changed: Path) -> None:
    troupe("scripts", "import", str(ENGLISH))
    troupe("scripts", "import", str(changed), "--message", "Prices of spring")
    shown = troupe("scripts", "diff", "club-en").out
    assert shown.startswith("--- club-en@1\n+++ club-en@2\n")
    assert "5 euros a month" in shown
    history = troupe("scripts", "history", "club-en").out
    assert "Prices of spring" in history
    assert max(len(line) for line in (shown + history).splitlines()) <= 100


def test_a_script_that_is_off_is_listed_so(troupe: Troupe) -> None:
    troupe("scripts", "import", str(ENGLISH))
    assert troupe("scripts", "disable", "club-en").out == "club-en is off\n"
    assert not troupe("scripts", "list", "--json").json[0]["is_active"]
    assert troupe("scripts", "enable", "club-en").out == "club-en is on\n"


def test_files_are_checked_without_a_database(
    troupe: Troupe, broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
    assert troupe("scripts", "validate", str(EXAMPLES)).out.startswith("valid: club-en, club-ru")
    assert troupe("scripts", "lint", str(EXAMPLES)).out == "nothing to find fault with\n"
    assert all(one["passed"] for one in troupe("scripts", "test", str(EXAMPLES), "--json").json)
    failed = troupe("scripts", "test", str(broken))
    assert failed.code == 1
    assert f"{broken}:" in failed.out
    assert "steps" in json.loads(troupe("scripts", "schema").out)["properties"]


def test_the_linter_names_file_line_path_and_rule(troupe: Troupe, tmp_path: Path) -> None:
    file = tmp_path / "club.yaml"
    text = ENGLISH.read_text().replace("go: large-group", "go: group-email")
    file.write_text(text)
    line = text.splitlines().index("  - key: large-group") + 1
    linted = troupe("scripts", "lint", str(file))
    assert linted.code == 1
    assert f"{file}:{line}: steps[7]: nothing leads to the step “large-group”" in linted.out


def test_a_mistake_in_json_is_told_with_its_line(troupe: Troupe, tmp_path: Path) -> None:
    file = tmp_path / "seats.json"
    step = {"key": "ask", "say": "How many?", "next": [{"when": "seats >", "go": "close"}]}
    script = {"key": "s", "kind": "sales", "name": "S", "language": "en", "steps": [step]}
    file.write_text(json.dumps(script, indent=1))
    sentence = refused(troupe("scripts", "validate", str(file)))
    assert "seats.json:12: steps[0].next[0].when: character 8: expected a variable" in sentence


def test_a_preview_talks_as_a_client_would_hear_it(troupe: Troupe) -> None:
    troupe("scripts", "import", str(ENGLISH))
    said = troupe(
        "scripts", "preview", "club-en@1", "--hears", "How do I subscribe?", "--hears", "operator"
    ).out
    assert "assistant program of Lantern" in said
    assert "[handoff; the client asks for a person]" in said
    typed = troupe("scripts", "preview", str(ENGLISH), given="hello\n\n").out
    assert "[welcome; the conversation begins]" in typed
