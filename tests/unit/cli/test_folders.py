"""Which data folders `troupe db folders` lists."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.commands.database import folders
from db.embedded.estate import Plot

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HERE = Plot(Path("/srv/here"), exists=True, runs=False, size=5_000_000, used_at=NOON)
GONE = Plot(Path("/srv/gone"), exists=False, runs=False, size=80_000_000, used_at=NOON)
HAUNTED = Plot(Path("/srv/haunted"), exists=False, runs=True, size=1_000_000, used_at=NOON)


@pytest.fixture(autouse=True)
def estate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Plot]:
    """Let these be the folders of this machine."""
    found = [HERE, GONE, HAUNTED]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("db.embedded.estate.survey", lambda _: found)
    return found


def test_folders_that_are_gone_are_counted_with_what_they_take(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folders()
    shown = capsys.readouterr().out
    assert "/srv/here" in shown
    assert "/srv/haunted" in shown
    assert "/srv/gone" not in shown
    assert "1 folder more: gone" in shown
    assert "80 MB" in shown
    assert "troupe db folders --all" in shown


def test_all_folders_are_listed_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    folders(every=True)
    shown = capsys.readouterr().out
    assert "/srv/gone" in shown
    assert "--all" not in shown


def test_nothing_is_said_of_gone_folders_where_there_are_none(
    estate: list[Plot], capsys: pytest.CaptureFixture[str]
) -> None:
    estate[:] = [HERE]
    folders()
    assert "gone" not in capsys.readouterr().out


def test_programs_are_told_of_every_folder(capsys: pytest.CaptureFixture[str]) -> None:
    folders(as_json=True)
    listed = json.loads(capsys.readouterr().out)
    assert [one["exists"] for one in listed] == [True, False, False]
