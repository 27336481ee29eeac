import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.script_selector import ScriptSelector, fit_at, lessons_of
from personas.scripts.model import Script
from tests.unit.llm.library import CARDS, COFFEE, TEA_ALONE


def learnt(*scripts: Script) -> ScriptSelector:
    return ScriptSelector(lessons_of(scripts))


SHARED = learnt(COFFEE, CARDS)


@pytest.fixture
def selector() -> ScriptSelector:
    return SHARED


@pytest.mark.parametrize(
    ("text", "script", "trigger"),
    [
        ("How to brew better coffee at home", 0, "coffee"),
        ("How long should green tea steep?", 0, "tea"),
        ("Dark chocolate with much cocoa: a tasting", 0, "chocolate"),
        ("Карта не пришла, что делать?", 1, "card"),
        ("Банк изменил ставку по ипотеке", 1, "loan"),
    ],
)
def test_a_paraphrase_fits_its_trigger(
    selector: ScriptSelector, text: str, script: int, trigger: str
) -> None:
    fit = selector.score(text)
    assert fit is not None
    assert (fit.script, fit.trigger) == (script, trigger)
    assert fit.score > 0.7


@pytest.mark.parametrize(
    "text",
    [
        "The parliament passed a new law on Tuesday",
        "Astronomers found a new exoplanet",
        "Football final tonight, who is watching?",
        "A new study of cats and their owners",
        "Новый телескоп увидел далёкую галактику",
        "Скидки на обувь до воскресенья",
        "Всем доброе утро!",
    ],
)
def test_what_no_script_is_about_fits_none(selector: ScriptSelector, text: str) -> None:
    fit = selector.score(text)
    assert fit is not None
    assert fit.score < 0.5


def test_a_language_without_scripts_has_no_fit(selector: ScriptSelector) -> None:
    assert (
        selector.score("Guten Morgen! Unser Kaffee ist heute wegen einer Wartung nicht da.") is None
    )
    assert learnt(COFFEE).score("Как заварить кофе?") is None
    assert learnt().score("Coffee") is None


def test_a_post_without_words_has_no_fit(selector: ScriptSelector) -> None:
    assert selector.score("👍") is None


def test_one_trigger_alone_can_be_learnt() -> None:
    alone = learnt(TEA_ALONE)
    good, bad = alone.score("How long to steep green tea?"), alone.score("Elections in autumn")
    assert good is not None
    assert bad is not None
    assert good.score > 0.7
    assert bad.score < 0.3


def test_a_long_post_is_understood_by_its_headline(selector: ScriptSelector) -> None:
    story = "The town woke up late, and nobody knew why the bells were silent that morning. " * 20
    fit = selector.score(f"How to brew good coffee at home\n\n{story}")
    assert fit is not None
    assert fit.score > 0.7
    assert fit.passage == "How to brew good coffee at home"


def test_a_counterexample_is_learnt() -> None:
    text = "Our coffee shop opens on Friday"
    warned = Script.model_validate(COFFEE.model_dump() | {"counterexamples": [text]})
    fit = learnt(warned).score(text)
    assert fit is not None
    assert fit.score < 0.1


def test_training_again_gives_the_same_fit(selector: ScriptSelector) -> None:
    again = learnt(COFFEE, CARDS)
    assert again.score("Espresso for beginners") == selector.score("Espresso for beginners")


@given(st.floats(-100, 100), st.floats(0, 3))
def test_a_fit_is_a_share_and_rises_with_the_odds(odds: float, more: float) -> None:
    fit = fit_at(odds)
    assert 0 <= fit <= 1
    assert fit_at(odds + more) >= fit


@given(st.text(max_size=300))
def test_no_post_breaks_the_selector(text: str) -> None:
    fit = SHARED.score(text)
    assert fit is None or 0 <= fit.score <= 1
