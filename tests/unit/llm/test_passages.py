from hypothesis import given
from hypothesis import strategies as st

from llm.passages import LONGEST, SENTENCES, passages


def test_the_headline_comes_first_then_the_sentences_after_it() -> None:
    post = "**Вышел Python 3.15**\n\nСобрали главное. Список удалённого тоже есть. И ещё кое-что."
    assert passages(post) == (
        "Вышел Python 3.15",
        "Собрали главное.",
        "Список удалённого тоже есть.",
    )


def test_the_entries_of_a_digest_are_not_what_it_is_about() -> None:
    post = "Итоги этой недели:\n– Нашли планету\n🐍 Вышел Python\n[Новость дня](e.com)\n2) ещё одна"
    assert passages(post) == ("Итоги этой недели:",)


def test_versions_and_abbreviations_do_not_end_a_sentence() -> None:
    assert passages("Python 3.13 и др. версии вышли") == ("Python 3.13 и др. версии вышли",)


def test_a_single_word_is_still_a_post() -> None:
    assert passages("Coffee") == ("Coffee",)


def test_a_post_without_words_has_none() -> None:
    assert passages("👍 https://example.com/only-a-link") == ()
    assert passages("") == ()


@given(st.text(max_size=600))
def test_any_post_gives_a_few_short_passages(post: str) -> None:
    found = passages(post)
    assert len(found) <= SENTENCES
    assert all(len(passage) <= LONGEST for passage in found)
