import re

from hypothesis import given
from hypothesis import strategies as st

from personas.persona import Persona, Tone
from personas.voice import speak


def persona(**changes: object) -> Persona:
    return Persona.model_validate(
        {"key": "anna", "name": "Анна", "disclosure": "Speaks for us", **changes}
    )


def test_placeholders_are_filled_from_the_persona() -> None:
    assert speak("Это {persona}. {disclosure}.", persona(), 1) == "Это Анна. Speaks for us."


def test_an_unknown_placeholder_stays_for_the_checks_to_see() -> None:
    assert speak("Это {who}.", persona(), 1) == "Это {who}."


def test_words_are_swapped_whole_and_keep_their_capital() -> None:
    anna = persona(vocabulary={"любопытно": "интересно"})
    assert speak("Любопытно, как любопытность.", anna, 1) == "Интересно, как любопытность."
    assert speak("ЛЮБОПЫТНО!", anna, 1) == "ИНТЕРЕСНО!"


def test_a_swapped_word_is_not_swapped_again() -> None:
    anna = persona(vocabulary={"раз": "два", "два": "три"})
    assert speak("раз два", anna, 1) == "два три"


def test_links_and_placeholders_are_not_reworded() -> None:
    anna = persona(vocabulary={"persona": "person", "page": "leaf"})
    assert speak("{persona} https://example.com/page page", anna, 1) == (
        "Анна https://example.com/page leaf"
    )


def test_the_persons_name_is_not_reworded() -> None:
    assert speak("{persona}", persona(vocabulary={"Анна": "Инна"}), 1) == "Анна"


def test_several_choices_take_turns_by_the_seed() -> None:
    anna = persona(vocabulary={"хорошо": ["отлично", "славно"]})
    assert {speak("хорошо", anna, seed) for seed in range(30)} == {"отлично", "славно"}


def test_a_tone_only_takes_away() -> None:
    text = "Вот это да!! 🎉 Смотрите!"
    assert speak(text, persona(tone="reserved"), 1) == "Вот это да. Смотрите."
    assert speak(text, persona(tone="plain"), 1) == "Вот это да! Смотрите!"
    assert speak(text, persona(tone="warm"), 1) == text


@given(st.text(max_size=200), st.sampled_from(list(Tone)), st.integers())
def test_the_same_seed_says_the_same_and_no_word_is_added(text: str, tone: Tone, seed: int) -> None:
    anna = persona(tone=tone)
    once = speak(text, anna, seed)
    assert once == speak(text, anna, seed)
    if "{" not in text:
        said = re.findall(r"[^\W_]+", text)
        assert all(word in said for word in re.findall(r"[^\W_]+", once))


@given(st.integers(0, 10**6), st.integers())
def test_figures_stay_as_they_are(figure: int, seed: int) -> None:
    anna = persona(vocabulary={"планет": "миров"}, tone="reserved")
    assert str(figure) in speak(f"Нашли {figure} планет!", anna, seed)
