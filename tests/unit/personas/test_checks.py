import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from personas.checks import CheckContext, ObjectionCode, check

GOOD = "Полезный ориентир — метод. Интересно, какая погрешность у авторов."
RUSSIAN = CheckContext(language="ru")


def codes(text: str, context: CheckContext = RUSSIAN) -> set[ObjectionCode]:
    found = check(text, context)
    assert all(objection.sentence.endswith(".") for objection in found)
    return {objection.code for objection in found}


def test_an_honest_comment_passes() -> None:
    assert codes(GOOD) == set()


@pytest.mark.parametrize("text", ["", "  \n", "…", "👍", "\u2800"])
def test_nothing_to_say_is_refused(text: str) -> None:
    assert ObjectionCode.EMPTY in codes(text)


def test_length_is_counted_as_telegram_counts() -> None:
    context = CheckContext(limit=10)
    assert codes("абвгд👍👍 а", context) == {ObjectionCode.TOO_LONG}
    assert codes("абвгд👍👍", context) == set()


@pytest.mark.parametrize(
    "hidden",
    [
        "\u200b",
        "\u202e",
        "\u2066",
        "\u00ad",
        "\ufeff",
        "\u3164",
        "\u2800",
        "\x00",
        "\x1b",
        "\t",
        "\u2028",
        "\U000e0041",
        "\ud800",
        "\u200d",
    ],
)
def test_invisible_characters_are_refused(hidden: str) -> None:
    assert ObjectionCode.HIDDEN_CHARACTERS in codes(f"Метод {hidden} важен")


def test_a_joined_emoji_is_no_invisible_character() -> None:
    assert codes("Спасибо всей команде 👩\u200d🔬 за данные") == set()


def test_lines_are_welcome() -> None:
    assert codes("Первая строка.\nВторая строка.") == set()


def test_zalgo_is_refused_and_an_accent_is_not() -> None:
    assert ObjectionCode.STACKED_MARKS in codes("М\u0301\u0300\u0302\u0303етод важен")
    assert codes("за\u0301мок или замо\u0301к, вот и\u0306 вопрос") == set()


def test_a_word_in_two_alphabets_is_refused_and_a_hyphened_one_is_not() -> None:
    assert ObjectionCode.MIXED_ALPHABETS in codes("Пoлезный метод для всех")
    assert codes("Это Python-код для IT-отдела и 3D-печать") == set()


@pytest.mark.parametrize("text", ["A useful question is which method", "Nützlich ist die Methode"])
def test_another_language_than_the_posts_is_refused(text: str) -> None:
    assert ObjectionCode.WRONG_LANGUAGE in codes(text)


def test_any_language_is_fine_when_the_post_has_none() -> None:
    assert codes("A useful question", CheckContext()) == set()


@pytest.mark.parametrize(
    "link",
    ["https://evil.test/x", "evil.com", "t.me/+abc", "www.evil.org", "evil．com", "a@evil.com"],
)
def test_links_are_refused_unless_their_host_is_allowed(link: str) -> None:
    allowing = CheckContext(language="ru", allowed_hosts=frozenset({"good.com"}))
    assert ObjectionCode.LINK in codes(f"Смотрите подробности: {link}", allowing)
    assert codes("Смотрите подробности: https://good.com/page", allowing) == set()


def test_an_allowed_host_as_a_disguise_is_refused() -> None:
    allowing = CheckContext(language="ru", allowed_hosts=frozenset({"good.com"}))
    for link in ("https://good.com@evil.test", "good.com.evil.org", "https://evil.test/good.com"):
        assert ObjectionCode.LINK in codes(f"Смотрите подробности: {link}", allowing)


def test_mentions_are_refused_unless_allowed() -> None:
    assert ObjectionCode.MENTION in codes("Спросите у @somebody об этом")
    allowing = CheckContext(language="ru", allowed_mentions=frozenset({"somebody"}))
    assert codes("Спросите у @Somebody об этом", allowing) == set()


@pytest.mark.parametrize("gap", ["{persona}", "{{name}}", "[ИМЯ]", "<NAME>"])
def test_a_gap_that_nobody_filled_is_refused(gap: str) -> None:
    assert ObjectionCode.UNRESOLVED_PLACEHOLDER in codes(f"Здравствуйте, {gap}, вот метод")


def test_what_was_said_lately_is_refused_also_when_reworded() -> None:
    context = CheckContext(language="ru", recent=("Другое", GOOD.replace("Интересно", "Любопытно")))
    assert codes(GOOD.upper(), context) == {ObjectionCode.SAID_BEFORE}


def test_forbidden_topics_and_claims_are_refused_in_any_form() -> None:
    context = CheckContext(
        language="ru", forbidden_topics=("гороскоп*",), forbidden_claims=("лечит рак",)
    )
    assert codes("Об этом писали в гороскопах", context) == {ObjectionCode.FORBIDDEN_TOPIC}
    assert codes("Метод лечит рак", context) == {ObjectionCode.FORBIDDEN_CLAIM}


@pytest.mark.parametrize(
    "text", ["Поверьте, я не бот", "Я живой человек и пишу сам", "Как человек скажу: я не робот!"]
)
def test_nobody_claims_to_be_human(text: str) -> None:
    assert ObjectionCode.CLAIMS_TO_BE_HUMAN in codes(text)


@pytest.mark.parametrize("text", ["I'm a human like you", "Trust me, I am not a bot"])
def test_nobody_claims_to_be_human_in_english(text: str) -> None:
    assert ObjectionCode.CLAIMS_TO_BE_HUMAN in codes(text, CheckContext())


@given(st.text(max_size=400))
def test_no_text_breaks_the_checks(text: str) -> None:
    codes(text)


@given(st.text("абвгдежзиклмнопрст ", min_size=1, max_size=60), st.integers(0, 60))
def test_a_link_is_found_wherever_it_hides(text: str, place: int) -> None:
    place = min(place, len(text))
    hidden = f"{text[:place]} evil.com {text[place:]}"
    assert ObjectionCode.LINK in codes(hidden, CheckContext())


@given(st.text("абвгдежзиклмнопрст ", min_size=8, max_size=200))
def test_saying_the_same_again_is_always_refused(text: str) -> None:
    assume(text.strip())
    assert ObjectionCode.SAID_BEFORE in codes(text, CheckContext(recent=(text,)))


@example("㋀", 1)  # a sign that means a word: the first month
@given(st.text(max_size=100), st.integers(1, 50))
def test_what_passes_is_within_the_limit_and_has_words(text: str, limit: int) -> None:
    if not check(text, CheckContext(limit=limit)):
        assert 0 < len(text) <= limit
        assert any(mark.isalnum() for mark in unicodedata.normalize("NFKC", text))
