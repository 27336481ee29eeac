"""A post in a few words, extracted by rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.summary import KEYWORDS, LONGEST_IDEA, ContentType, PostTone, summarise

MARS = (
    "**Марсоход нашёл следы древней воды**\n\nМарсоход изучал дно кратера два года. Следы воды "
    "старше, чем думали.\n\nhttps://example.org/mars"
)


def test_the_headline_is_the_main_idea_and_what_is_said_most_the_keywords() -> None:
    found = summarise(MARS)
    assert found.main_idea == "Марсоход нашёл следы древней воды"
    assert found.keywords[:3] == ("марсоход", "следы", "воды")
    assert (found.language, found.tone) == ("ru", PostTone.NEUTRAL)
    assert found.content_type is ContentType.NEWS


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Which telescope would you buy first?", ContentType.QUESTION),
        ("Скидка 30% на курс: всего 4 900 ₽ до пятницы", ContentType.OFFER),
        ("Лекция о звёздах завтра в 19:30, приходите", ContentType.EVENT),
        ("Вчера я сам собрал телескоп, и мне помог мой сын", ContentType.STORY),
        ("Новости недели:\n- первая новость\n- вторая новость\n- третья", ContentType.DIGEST),
        ("🌌🌌🌌", ContentType.OTHER),
    ],
)
def test_the_kind_is_told_by_plain_signs(text: str, kind: ContentType) -> None:
    assert summarise(text).content_type is kind


@given(st.text(max_size=3000))
def test_any_text_at_all_has_a_summary_of_bounded_size(text: str) -> None:
    found = summarise(text)
    assert len(found.main_idea) <= LONGEST_IDEA
    assert len(found.keywords) <= KEYWORDS
    assert found == summarise(text)
