import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.language import language_of


@pytest.mark.parametrize(
    "text",
    [
        "Астрономы нашли экзопланету",
        "Scrapy VS Crawlee: сравнение фреймворков для веб-скрапинга",
        "Новое на https://example.com/a-very-long-english-address-with-many-words-in-it",
        "Что нового в Python 3.13 ```import asyncio\nasync def main(): ...```",
        "Он процитировал «Ґанок» и ушёл",
    ],
)
def test_russian_is_told_in_spite_of_english_terms_links_and_code(text: str) -> None:
    assert language_of(text) == "ru"


@pytest.mark.parametrize(
    "text",
    [
        "New Python release",
        "The word “галактика” means galaxy in Russian, and that is all there is to it",
        "Astronomers discover habitable exoplanet",
        "Café owners speak of their first year",
    ],
)
def test_english_is_told(text: str) -> None:
    assert language_of(text) == "en"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "👍👍👍",
        "https://example.com",
        "12:30",
        "Les chats et les chiens sont dans la rue avec des enfants",
        "Guten Morgen! Unser Lesesaal bleibt heute wegen einer Wartung geschlossen.",
        "Що це таке і як її використовувати у проєкті",
        "今日は良い天気ですね",
        "مرحبا بالعالم",
    ],
)
def test_other_languages_and_no_language_are_none(text: str) -> None:
    assert language_of(text) is None


@given(st.text(max_size=300))
def test_any_text_has_a_known_language_or_none(text: str) -> None:
    assert language_of(text) in {"ru", "en", None}
