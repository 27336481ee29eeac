"""What the desk says: both languages whole, and nothing but values filled in."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.languages import Language
from support.texts.filling import VARIABLE, fill, variables_of
from support.texts.library import our_texts, problem_with

KEYS = sorted(our_texts())
TAG = re.compile(r"<(/?)([a-z]+)[^<>]*>")


def test_there_are_texts() -> None:
    assert len(KEYS) > 50


def test_every_text_speaks_both_languages_with_the_same_variables() -> None:
    for key in KEYS:
        texts = our_texts()[key]
        assert set(texts) == set(Language), key
        assert all(text.strip() for text in texts.values()), key
        assert len({variables_of(text) for text in texts.values()}) == 1, key


def test_markup_of_ours_is_closed_again() -> None:
    for key in KEYS:
        for language, text in our_texts()[key].items():
            open_tags: list[str] = []
            for closing, name in TAG.findall(text):
                if closing:
                    assert open_tags, (key, language)
                    assert open_tags.pop() == name, (key, language)
                else:
                    open_tags.append(name)
            assert open_tags == [], (key, language)


def test_russian_texts_are_russian() -> None:
    for key in KEYS:
        words = VARIABLE.sub("", TAG.sub("", our_texts()[key]["ru"]))
        if re.search(r"[A-Za-z]{4}", words):
            assert re.search(r"[а-яё]", words, re.IGNORECASE), key


@given(st.text(), st.text())
def test_what_people_wrote_is_never_markup(client: str, other: str) -> None:
    filled = fill("<b>{client}</b>", {"client": client, "other": other})
    inner = filled.removeprefix("<b>").removesuffix("</b>")
    assert "<" not in inner
    assert ">" not in inner


def test_nothing_of_python_is_reached_through_a_text() -> None:
    assert fill("{client.__class__} {client!r} {0}", {"client": "x"}) == (
        "{client.__class__} {client!r} {0}"
    )
    assert fill("{client}", {"client": "{ticket}", "ticket": 5}) == "{ticket}"


def test_an_override_is_judged_by_the_text_that_it_replaces() -> None:
    with_variables = next(key for key in KEYS if variables_of(our_texts()[key]["en"]))
    assert problem_with(with_variables, Language.EN, "no variable at all") is None
    assert problem_with(with_variables, Language.EN, None) is None
    assert problem_with("no-such-text", Language.EN, "x") == "There is no text no-such-text"
    assert "has no {nonsense}" in str(problem_with(with_variables, Language.EN, "{nonsense}"))


@pytest.mark.parametrize("text", ["", "   ", "x" * 4097])
def test_an_override_of_nothing_or_too_much_is_refused(text: str) -> None:
    assert problem_with(KEYS[0], Language.RU, text) is not None
