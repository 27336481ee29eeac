import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.scorer import LocalScorer, fit_of
from personas.scripts.model import Script
from tests.unit.llm.library import CARDS, COFFEE, TEA_ALONE

SHARED = LocalScorer([COFFEE, CARDS])


@pytest.fixture
def scorer() -> LocalScorer:
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
    scorer: LocalScorer, text: str, script: int, trigger: str
) -> None:
    fit = scorer.score(text)
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
def test_what_no_script_is_about_fits_none(scorer: LocalScorer, text: str) -> None:
    fit = scorer.score(text)
    assert fit is not None
    assert fit.score < 0.5


def test_a_language_without_scripts_has_no_fit(scorer: LocalScorer) -> None:
    assert (
        scorer.score("Guten Morgen! Unser Kaffee ist heute wegen einer Wartung nicht da.") is None
    )
    assert LocalScorer([COFFEE]).score("Как заварить кофе?") is None
    assert LocalScorer([]).score("Coffee") is None


def test_a_post_without_words_has_no_fit(scorer: LocalScorer) -> None:
    assert scorer.score("👍") is None


def test_one_trigger_alone_can_be_learnt() -> None:
    alone = LocalScorer([TEA_ALONE])
    good, bad = alone.score("How long to steep green tea?"), alone.score("Elections in autumn")
    assert good is not None
    assert bad is not None
    assert good.score > 0.7
    assert bad.score < 0.3


def test_a_long_post_is_understood_by_its_headline(scorer: LocalScorer) -> None:
    story = "The town woke up late, and nobody knew why the bells were silent that morning. " * 20
    fit = scorer.score(f"How to brew good coffee at home\n\n{story}")
    assert fit is not None
    assert fit.score > 0.7
    assert fit.passage == "How to brew good coffee at home"


def test_a_counterexample_is_learnt() -> None:
    text = "Our coffee shop opens on Friday"
    warned = Script.model_validate(COFFEE.model_dump() | {"counterexamples": [text]})
    fit = LocalScorer([warned]).score(text)
    assert fit is not None
    assert fit.score < 0.1


def test_training_again_gives_the_same_fit(scorer: LocalScorer) -> None:
    again = LocalScorer([COFFEE, CARDS])
    assert again.score("Espresso for beginners") == scorer.score("Espresso for beginners")


@given(st.floats(-2, 2), st.floats(0, 3), st.floats(-2, 2), st.floats(0, 1))
def test_a_fit_is_a_share_and_rises_with_margin_and_lead(
    margin: float, lead: float, background: float, more: float
) -> None:
    fit = fit_of(margin, lead, background)
    assert 0 <= fit <= 1
    assert fit_of(margin + more, lead, background) >= fit
    assert fit_of(margin, lead + more, background) >= fit
    assert fit_of(margin, lead, background + more) <= fit


@given(st.text(max_size=300))
def test_no_post_breaks_the_scorer(text: str) -> None:
    fit = SHARED.score(text)
    assert fit is None or 0 <= fit.score <= 1
