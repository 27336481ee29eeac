"""`troupe personas`: added, edited and tried from the command line."""

from pathlib import Path

import pytest

from tests.fixtures.commands import Troupe, environment, quiet_logging, refused, troupe

__all__ = ["environment", "quiet_logging", "troupe"]

DISCLOSURE = "Speaks for the Society of Old Telescopes; a machine helps it to write"
"""Of 69 characters: a bio holds one more."""
SPACE = """\
key: space
kind: comment
name: Space
language: en
triggers:
  - key: launch
    examples:
      - The rocket launched from the pad today
      - A new rocket launch is planned
      - The rocket carried a satellite into orbit
    responses: ["Which stage of the rocket lands first, and where?"]
"""


def add_anna(troupe: Troupe) -> None:
    added = troupe("personas", "add", "anna", "--name", "Anna", "--disclosure", DISCLOSURE)
    assert added.code == 0, added.err


def test_an_added_persona_is_listed_with_its_whole_disclosure(troupe: Troupe) -> None:
    add_anna(troupe)
    assert f"  anna: {DISCLOSURE}\n" in troupe("personas", "list").out


def test_a_persona_is_added_once_and_a_bad_one_never(troupe: Troupe) -> None:
    long = DISCLOSURE + ", every day"
    told = refused(troupe("personas", "add", "anna", "--name", "Anna", "--disclosure", long))
    assert "70" in told
    assert troupe("personas", "list", "--json").json == []
    add_anna(troupe)
    again = troupe("personas", "add", "anna", "--name", "Other", "--disclosure", DISCLOSURE)
    assert "troupe personas edit anna" in refused(again)
    assert troupe("personas", "list", "--json").json[0]["persona"]["name"] == "Anna"


def test_an_edit_changes_what_is_named_and_nothing_else(troupe: Troupe) -> None:
    add_anna(troupe)
    assert troupe("personas", "edit", "anna", "--tone", "warm", "--language", "en").code == 0
    (listed,) = troupe("personas", "list", "--json").json
    assert listed["persona"]["tone"] == "warm"
    assert listed["persona"]["languages"] == ["en"]
    assert listed["persona"]["disclosure"] == DISCLOSURE
    refused(troupe("personas", "edit", "anna", "--disclosure", "…"))
    assert troupe("personas", "list", "--json").json == [listed]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("s/plain/shrill/", "persona:4: tone: must be one of"),
        ("s/key: anna/key: other/", "the persona's key is anna"),
    ],
)
def test_a_mistake_in_the_editor_is_told_with_its_line_and_changes_nothing(
    troupe: Troupe, monkeypatch: pytest.MonkeyPatch, written: str, told: str
) -> None:
    add_anna(troupe)
    troupe("personas", "edit", "anna", "--style", "short", "--tone", "warm")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"sed -i -e s/warm/plain/ -e '{written}'")
    assert told in refused(troupe("personas", "edit", "anna"))
    assert troupe("personas", "list", "--json").json[0]["persona"]["tone"] == "warm"


def test_a_trial_shows_words_and_reasons_and_leaves_nothing_behind(
    troupe: Troupe, tmp_path: Path
) -> None:
    assert "troupe personas add" in refused(troupe("personas", "try", "A rocket"))
    add_anna(troupe)
    file = tmp_path / "space.yaml"
    file.write_text(SPACE, encoding="utf-8")
    assert troupe("scripts", "import", str(file)).code == 0
    tried = troupe("personas", "try", "The rocket launched from the pad", "--json").json
    assert tried["line"]["text"] == "Which stage of the rocket lands first, and where?"
    assert tried["line"]["strategy"] == "script_80"
    assert tried["line"]["fit"] > 0.7
    assert tried["silence"] is None
    other = troupe("personas", "try", "The bakery has a new apple pie", "--persona", "anna").out
    assert "no script fits" in other
    assert troupe("comments", "list", "--json").json == []
    assert "there are space" in refused(troupe("personas", "try", "Hi", "--script", "moon"))
