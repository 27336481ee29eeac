from typing import Any

import pytest

from personas.persona import Persona, Tone
from personas.problems import InvalidDocument, parse

ANNA: dict[str, Any] = {
    "key": "anna",
    "name": "Анна",
    "disclosure": "Голос библиотеки, с программой",
}


def problem_of(**changes: Any) -> str:
    with pytest.raises(InvalidDocument) as refused:
        parse(Persona, ANNA | changes)
    return str(refused.value)


def test_little_is_needed_and_the_rest_has_defaults() -> None:
    anna = parse(Persona, ANNA)
    assert anna.languages == ("ru", "en")
    assert anna.tone is Tone.PLAIN
    assert anna.interests == ()


def test_a_disclosure_fits_telegrams_bio_to_the_last_character() -> None:
    assert parse(Persona, ANNA | {"disclosure": "д" * 70}).disclosure == "д" * 70
    assert "71 characters" in problem_of(disclosure="д" * 71)


def test_emoji_count_twice_as_telegram_counts_them() -> None:
    assert "72 characters" in problem_of(disclosure="д" * 68 + "👍👍")


@pytest.mark.parametrize("blank", ["", "   ", "…", "👍"])
def test_a_disclosure_without_words_discloses_nothing(blank: str) -> None:
    assert "disclosure: a disclosure needs words" in problem_of(disclosure=blank)


@pytest.mark.parametrize("hidden", ["one\ntwo", "a\u200bb", "a\u202eb"])
def test_a_disclosure_is_one_visible_line(hidden: str) -> None:
    assert "one line" in problem_of(disclosure=hidden)


def test_a_missing_disclosure_is_told_by_its_path() -> None:
    with pytest.raises(InvalidDocument) as refused:
        parse(Persona, {"key": "anna", "name": "Анна"})
    assert [str(problem) for problem in refused.value.problems] == ["disclosure: is missing"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"colour": "red"}, "colour: is not a key of this format"),
        ({"key": "Анна"}, "key: must be lower-case latin letters"),
        ({"languages": ["fr"]}, "languages[0]: must be one of 'ru' or 'en'"),
        ({"languages": []}, "languages: must have at least 1 entries, and has 0"),
        ({"tone": "loud"}, "tone: must be one of"),
        ({"name": 5}, "name: must be a text"),
        ({"interests": "space"}, "interests: must be a list"),
        ({"vocabulary": {"не": "да"}}, "negation"),
        ({"vocabulary": {"два": "2"}}, "figure"),
        ({"vocabulary": {"a": []}}, "nothing to be replaced with"),
    ],
)
def test_a_mistake_is_a_path_and_a_sentence(changes: dict[str, Any], told: str) -> None:
    assert told in problem_of(**changes)


def test_a_document_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(InvalidDocument, match="document: must be a mapping"):
        parse(Persona, ["anna"])


def test_one_word_may_stand_for_a_list_of_choices() -> None:
    anna = parse(Persona, ANNA | {"vocabulary": {"любопытно": "интересно"}})
    assert anna.vocabulary == {"любопытно": ("интересно",)}


def test_a_persona_written_down_reads_back_the_same() -> None:
    anna = parse(Persona, ANNA | {"vocabulary": {"a": ["b", "c"]}, "interests": ["космос"]})
    assert parse(Persona, anna.model_dump(mode="json")) == anna
