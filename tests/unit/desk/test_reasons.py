"""Reasons of handoffs, in the desk's own words."""

import pytest

from desk.accounts.reasons import known_reason
from desk.words import DeskWords
from support.languages import Language


@pytest.mark.parametrize(
    ("reason", "russian", "english"),
    [
        ("the client asks for a person", "просит человека", "asks for a person"),
        ("more than 40 turns", "больше 40 ходов сценария", "more than 40 turns of the script"),
        ("no script fits: “a” fits 0.10\n", "ни один сценарий не подходит", "no script fits"),
        (
            "no answer could be made in 5 attempts",
            "ответ не получился за 5 попыток",
            "no answer could be made in 5 attempts",
        ),
        (
            "free talk needs a person's leave: it is chat",
            "ответить вне сценария может только человек",
            "beyond the script only a person may answer",
        ),
        (
            "the script's words were refused: too long",
            "слова сценария не прошли проверку",
            "the script's words were refused",
        ),
    ],
)
def test_a_known_reason_is_said_in_both_languages(reason: str, russian: str, english: str) -> None:
    known = known_reason(reason)
    assert known is not None
    told = [DeskWords()(known.key, one, number=known.number) for one in Language]
    assert told == [russian, english]


@pytest.mark.parametrize("reason", ["", "groups of 60 are asked by phone", "more than many turns"])
def test_a_scripts_own_reason_stays_as_it_is(reason: str) -> None:
    assert known_reason(reason) is None
