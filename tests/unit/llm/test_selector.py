"""The selector: which trigger a message means, and when nothing fits."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli.main import app
from llm.evaluation import Example, evaluate, read_examples
from llm.meaning import Meanings, Vectors
from llm.selector import NOTHING, Selector
from orchestrator.errors import BadInput

SUBJECTS = {
    "price": ("price", "cost", "fee", "charge", "tariff"),
    "delivery": ("delivery", "parcel", "courier", "shipping", "package"),
    "login": ("password", "login", "account access", "sign-in code", "username"),
}
FRAMES = (
    "what is the {}",
    "tell me about the {} please",
    "I have a question about my {}",
    "can you explain the {} again",
    "why is the {} like this",
    "who can help me with the {}",
)
STRANGERS = ("my cat sleeps all day", "it rained on the mountains", "she plays the violin well")


def phrases() -> list[Example]:
    """Return example phrases of three categories."""
    return [
        Example(frame.format(word), category)
        for category, words in SUBJECTS.items()
        for word in words
        for frame in FRAMES
    ]


@pytest.fixture(scope="module")
def meanings(tmp_path_factory: pytest.TempPathFactory) -> Meanings:
    return Meanings(tmp_path_factory.mktemp("models"))


def selector(senses: Meanings | None) -> Selector:
    names = list(SUBJECTS)
    taught = phrases()
    return Selector(
        [one.text for one in taught], [names.index(one.category) for one in taught], senses
    )


def test_a_message_gets_the_trigger_whose_words_it_uses() -> None:
    chosen = selector(None).choose("could you repeat the delivery price of the courier parcel")
    assert chosen.target == list(SUBJECTS).index("delivery")


def test_a_message_without_a_known_word_gets_the_trigger_that_it_means(meanings: Meanings) -> None:
    chosen = selector(meanings).choose("how much money do you want for it")
    assert chosen.target == list(SUBJECTS).index("price")


def test_a_stranger_fits_less_than_any_phrase_that_was_learnt(meanings: Meanings) -> None:
    judge = selector(meanings)
    known = min(choice.fit for choice in judge.choose_all([one.text for one in phrases()]))
    strange = max(choice.fit for choice in judge.choose_all(STRANGERS))
    assert strange < known
    assert strange < 0.7


def test_phrases_of_nothing_teach_what_to_leave_alone() -> None:
    taught = phrases() + [
        Example(f"the weather {word}", "oos") for word in ("today", "now", "again")
    ]
    found = evaluate(taught, [Example("the weather now again", "oos"), *phrases()[:9]])
    assert found.oos_recall == 1.0
    assert found.categories == len(SUBJECTS)


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=200))
def test_any_text_at_all_gets_a_fit_between_nought_and_one(text: str) -> None:
    chosen = JUDGE.choose(text)
    assert 0 <= chosen.fit <= 1
    assert 0 <= chosen.target < len(SUBJECTS)


JUDGE = selector(None)


def test_meanings_of_the_same_phrase_are_worked_out_once(meanings: Meanings) -> None:
    first = meanings.vectors(["where is my parcel", "where is my parcel"])
    asked: list[Sequence[str]] = []

    class Counting(Meanings):
        def __init__(self) -> None:
            self.remembered = meanings.remembered

        def encode(self, texts: Sequence[str]) -> Vectors:
            asked.append(texts)
            return np.zeros((len(texts), first.shape[1]), np.float32)

    again = Counting().vectors(["where is my parcel"])
    assert np.array_equal(first[0], again[0])
    assert asked == [[]]


def test_vectors_have_length_one_and_like_phrases_lie_near(meanings: Meanings) -> None:
    rows = meanings.vectors(
        ["I lost my card", "my card has gone missing", "what a lovely summer evening"]
    )
    near = rows @ rows.T
    assert np.allclose(np.diag(near), 1, atol=1e-3)
    assert near[0, 1] > near[0, 2] + 0.1


def test_a_made_model_is_used_again(tmp_path: Path) -> None:
    Meanings(tmp_path)
    made = next(tmp_path.iterdir()) / "model.bin"
    before = made.stat().st_mtime_ns
    Meanings(tmp_path)
    assert made.stat().st_mtime_ns == before


def test_one_category_alone_cannot_be_told_from_others() -> None:
    with pytest.raises(BadInput, match="two categories"):
        evaluate([Example("hello", "greeting")], [Example("hello", "greeting")])
    with pytest.raises(ValueError, match="two kinds"):
        Selector(["hello"], [NOTHING])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("words,category\nhello,greeting\n", "no column text"),
        ("text,category\n,greeting\n", "line 2"),
        ('text,category\n"hello,greeting\n', "cannot be read"),
    ],
    ids=["no column", "empty text", "open quote"],
)
def test_a_bad_file_is_refused_with_what_is_wrong(
    tmp_path: Path, content: str, complaint: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=complaint):
        read_examples(path)


def test_the_command_prints_one_line_of_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROUPE_HOME", str(tmp_path / "home"))
    rows = "".join(f"{one.text},{one.category}\n" for one in phrases())
    strangers = "".join(f"{text},oos\n" for text in STRANGERS)
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_text("text,category\n" + rows, encoding="utf-8")
    test.write_text("text,category\n" + rows + strangers, encoding="utf-8")
    result = CliRunner().invoke(
        app, ["selector", "evaluate", "--train", str(train), "--test", str(test), "--json"]
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["in_scope_accuracy"] > 0.9
    assert told["oos_recall"] == 1.0
    assert {"auroc", "ms_per_message", "seconds_to_train"} <= told.keys()


def test_a_missing_file_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.csv")
    ended = CliRunner().invoke(app, ["selector", "evaluate", "--train", missing, "--test", missing])
    assert isinstance(ended.exception, BadInput)
    assert f"there is no file {missing}" in str(ended.exception)


def test_russian_words_are_known_in_forms_that_no_phrase_had() -> None:
    taught = {
        "карта": ["где моя карта", "карту не принимают", "потерял карту вчера"],
        "перевод": ["перевод не пришёл", "когда придёт перевод", "отменить перевод другу"],
    }
    names = list(taught)
    texts = [text for ones in taught.values() for text in ones]
    targets = [number for number, ones in enumerate(taught.values()) for _ in ones]
    judge = Selector(texts, targets)
    assert names[judge.choose("с картой беда").target] == "карта"
    assert names[judge.choose("беда с переводами").target] == "перевод"


def test_known_strangers_lower_the_sureness_of_others_like_them(meanings: Meanings) -> None:
    taught = phrases()
    texts = [one.text for one in taught]
    targets = [list(SUBJECTS).index(one.category) for one in taught]
    known = ["I have a question", "can you explain this again", "who can explain this to me"]
    asked = "I have a question about this"
    without = Selector(texts, targets, meanings).choose(asked)
    told = Selector([*texts, *known], [*targets, *[NOTHING] * len(known)], meanings).choose(asked)
    assert told.fit < 0.7
    assert told.fit < without.fit
