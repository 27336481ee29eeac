import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.texts import (
    host_of,
    links_in,
    mentions_in,
    mentions_phrase,
    normalise,
    plain,
    similarity,
    stems,
    without_emoji,
)


@pytest.mark.parametrize(
    "text",
    [
        "see https://example.com/a?b=1",
        "пишите на t.me/somebody",
        "open setup.py first",
        "наш сайт пример.рф",
        "tg://resolve?domain=somebody",
        "host 127.0.0.1:8080",
        "EXAMPLE．COM in full-width letters",
        "mail me: anna@example.org",
        "my_site.com has an underscore",
        "run asyncio.run there",
    ],
)
def test_whatever_telegram_would_link_is_found(text: str) -> None:
    assert links_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "Node.js и другие",
        "т.д. и т.п.",
        "math.isclose compares",
        "версия 3.13.1 вышла",
        "Привет.Как дела",
        "e.g. this one",
    ],
)
def test_dots_inside_sentences_are_no_links(text: str) -> None:
    assert links_in(text) == ()


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("https://www.example.com/path", "example.com"),
        ("https://example.com@evil.test/x", "evil.test"),
        ("https://evil.test\\@example.com", "evil.test"),
        ("example.com:8080", "example.com"),
        ("anna@example.org", "example.org"),
    ],
)
def test_a_link_belongs_to_the_host_that_a_browser_would_ask(link: str, host: str) -> None:
    assert host_of(link) == host


def test_mentions_are_found_and_mail_addresses_are_none() -> None:
    assert mentions_in("@Somebody and a@bcde.test, ＠other1") == ("somebody", "other1")


def test_forms_of_a_russian_word_share_a_stem() -> None:
    assert len(set(stems("галактика галактики галактик галактиками"))) == 1
    assert len(set(stems("астроном астрономы астрономов астрономами"))) == 1
    assert len(set(stems("климат климата климату"))) == 1
    assert len(set(stems("звезда звёзды звезд звёздами"))) == 1


def test_a_phrase_is_found_in_other_forms_but_only_side_by_side() -> None:
    text = stems("В центре нашли чёрную дыру, а рядом чёрный газ и озоновую дыру")
    assert mentions_phrase(text, "черная дыра")
    assert not mentions_phrase(text, "газ дыра")


def test_a_star_stands_for_any_ending() -> None:
    text = stems("Неандертальцы и их соседи")
    assert mentions_phrase(text, "неандерталь*")
    assert not mentions_phrase(text, "неандерталец*")
    assert not mentions_phrase(text, "андерталь*")


def test_an_empty_phrase_is_nowhere() -> None:
    assert not mentions_phrase(stems("любой текст"), "…")


def test_plain_text_keeps_words_and_drops_code_links_and_names() -> None:
    text = plain("**Bold** [words](https://example.com/x) ```print(1)``` @somebody t")
    assert "words" in text
    assert "Bold" in text
    assert not {"print", "example", "somebody"} & set(stems(text))


def test_emoji_go_and_leave_no_double_spaces() -> None:
    assert without_emoji("Да 👍🏽, конечно 🎉! Ок") == "Да, конечно! Ок"
    assert without_emoji("без них, при 460 °C, № 5 ©") == "без них, при 460 °C, № 5 ©"


@given(st.text(max_size=200), st.text(max_size=200))
def test_similarity_is_symmetric_and_between_zero_and_one(one: str, other: str) -> None:
    assert similarity(one, other) == similarity(other, one)
    assert 0.0 <= similarity(one, other) <= 1.0


@given(st.text(min_size=1, max_size=200))
def test_a_text_is_the_same_as_itself_in_other_spaces(text: str) -> None:
    assert similarity(text, f"  {text}\n") == 1.0


def test_a_reworded_sentence_is_alike_and_another_is_not() -> None:
    one = "Полезный ориентир для таких новостей — метод открытия планеты."
    assert similarity(one, "Хороший ориентир для таких новостей — метод открытия планеты!") > 0.6
    assert similarity(one, "У насекомых поколения сменяются быстро.") < 0.2


@given(st.text(max_size=300))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(max_size=300))
def test_no_text_breaks_the_lookers(text: str) -> None:
    links_in(text)
    mentions_in(text)
    stems(plain(text))
    without_emoji(text)
