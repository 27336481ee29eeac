"""How good the selector is on examples that it has not seen."""

import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from llm.selector import NOTHING, Choice, Selector, Senses, Targets
from orchestrator.errors import BadInput
from personas.language import language_of
from personas.strategy import SCRIPT_FITS_ABOVE

OUT_OF_SCOPE = "oos"
COLUMNS = ("text", "category")


@dataclass(frozen=True, slots=True)
class Example:
    """A message with the category that it belongs to."""

    text: str
    category: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of an evaluation; fractions where nothing else is said."""

    in_scope_accuracy: float
    """Messages of a known category that were given it, and not taken for fitting nothing."""
    oos_recall: float | None
    """Messages that nothing fits which were taken for such; None where there were none."""
    auroc: float | None
    ms_per_message: float
    seconds_to_train: float
    accuracy_without_limit: float
    categories: int
    trained_on: int
    tested_on: int


def read_examples(path: Path) -> list[Example]:
    """Read a CSV file with the columns text and category.

    Raises BadInput with the line of what is wrong.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
                raise BadInput(f"{path} has no column {missing[0]}: its first line names columns")
            return [to_example(path, reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path} cannot be read as CSV: {error}") from None


def to_example(path: Path, line: int, row: dict[str, str | None]) -> Example:
    """Read one row."""
    text, category = (row[name] or "" for name in COLUMNS)
    if not text.strip() or not category.strip():
        raise BadInput(f"{path}, line {line}: text and category must not be empty")
    return Example(text, category.strip())


def check_examples(train: Sequence[Example], test: Sequence[Example]) -> None:
    """Raise BadInput where there is nothing to tell apart or nothing to ask about."""
    if len({one.category for one in train} - {OUT_OF_SCOPE}) < 2:
        raise BadInput("The training file needs at least two categories beside oos")
    if not test:
        raise BadInput("The test file holds no examples")


@dataclass(frozen=True, slots=True)
class Judged:
    """What was chosen for each message of a test set, and what it took."""

    wanted: Targets
    chosen: Sequence[Choice]
    categories: int
    trained_on: int
    ms_per_message: float
    seconds_to_train: float


def evaluate(
    train: Sequence[Example], test: Sequence[Example], senses: Senses | None = None
) -> Figures:
    """Train on one set and measure on the other; senses serve English only."""
    return figures_of(judged(train, test, senses))


def judged(
    train: Sequence[Example], test: Sequence[Example], senses: Senses | None = None
) -> Judged:
    """Train on one set and choose for the other, message by message."""
    check_examples(train, test)
    categories = sorted({one.category for one in train} - {OUT_OF_SCOPE})
    numbers = {name: number for number, name in enumerate(categories)}
    targets = [numbers.get(one.category, NOTHING) for one in train]
    begun = time.perf_counter()
    texts = [one.text for one in train]
    selector = Selector(texts, targets, senses if is_english(texts) else None)
    trained = time.perf_counter() - begun
    wanted = np.array([numbers.get(one.category, NOTHING) for one in test])
    chosen, each = ask(selector, [one.text for one in test])
    return Judged(wanted, chosen, len(categories), len(train), each, trained)


def figures_of(found: Judged) -> Figures:
    """Sum up what was chosen."""
    counted = count(found.wanted, found.chosen)
    return Figures(
        in_scope_accuracy=counted.right_and_sure,
        oos_recall=counted.strangers_told,
        auroc=counted.auroc,
        ms_per_message=round(found.ms_per_message, 3),
        seconds_to_train=round(found.seconds_to_train, 2),
        accuracy_without_limit=counted.right,
        categories=found.categories,
        trained_on=found.trained_on,
        tested_on=len(found.chosen),
    )


def ask(selector: Selector, texts: Sequence[str]) -> tuple[list[Choice], float]:
    """Choose message by message, as they come in life; returns milliseconds for each too."""
    begun = time.perf_counter()
    chosen = [selector.choose(text) for text in texts]
    return chosen, (time.perf_counter() - begun) * 1000 / len(texts)


@dataclass(frozen=True, slots=True)
class Counted:
    """Shares of a test set."""

    right_and_sure: float
    right: float
    strangers_told: float | None
    auroc: float | None


def count(wanted: Targets, chosen: Sequence[Choice]) -> Counted:
    """Compare what was wanted with what was chosen."""
    given = np.array([one.target for one in chosen])
    fits = np.array([one.fit > SCRIPT_FITS_ABOVE for one in chosen])
    known = wanted != NOTHING
    sure = [one.confidence for one in chosen]
    both = bool(known.any()) and not bool(known.all())
    return Counted(
        right_and_sure=share(((given == wanted) & fits)[known]) or 0.0,
        right=share((given == wanted)[known]) or 0.0,
        strangers_told=share(~fits[~known]),
        auroc=round(float(roc_auc_score(known, sure)), 4) if both else None,
    )


def share(hits: npt.NDArray[np.bool_]) -> float | None:
    """Return the fraction of hits, or None of nothing."""
    return round(float(hits.mean()), 4) if len(hits) else None


def is_english(texts: Sequence[str]) -> bool:
    """Tell whether most of the first texts are English or of no language that we know."""
    some = texts[:: max(1, len(texts) // 200)]
    return sum(language_of(text) != "ru" for text in some) * 2 > len(some)
