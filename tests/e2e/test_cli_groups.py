"""`troupe groups`, `journeys` and `diagnostics` against a real database, without a Telegram."""

from pathlib import Path

import pytest

from tests.fixtures.commands import Troupe, environment, quiet_logging, refused, troupe

__all__ = ["environment", "quiet_logging", "troupe"]

LESSONS = str(Path("cli/demo_data/groups").resolve())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("groups", "list"), "begin with: troupe groups create"),
        (("journeys", "list"), "begin with: troupe journeys begin"),
        (("diagnostics", "results"), "No diagnostic was taken"),
    ],
)
def test_empty_lists_say_how_to_begin(troupe: Troupe, words: tuple[str, ...], told: str) -> None:
    assert told in troupe(*words).out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("groups", "show", "7"), "there is no study group 7"),
        (("groups", "lesson", "7", "lesson-telescope-en"), "there is no study group 7"),
        (("groups", "lesson", "7", "x", "--at", "2030-05-01T18:00"), "has no time zone"),
        (("journeys", "show", "7"), "there is no journey 7"),
        (("diagnostics", "start", "7", "quiz"), "there is no study group 7"),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(
    troupe: Troupe, words: tuple[str, ...], told: str
) -> None:
    assert told in refused(troupe(*words))


def test_the_lessons_and_diagnostics_that_come_with_troupe_are_imported_and_tested(
    troupe: Troupe,
) -> None:
    assert "4 of 4" in troupe("scripts", "import", LESSONS).out
    listed = {one["key"]: one["kind"] for one in troupe("scripts", "list", "--json").json}
    assert listed["lesson-telescope-ru"] == "lesson"
    assert listed["diagnostic-telescope-ru"] == "diagnostic"
    assert troupe("scripts", "test", LESSONS).code == 0
