"""`troupe selector`: how well messages are told apart."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, complain, show_card
from cli.running import settings_for_command
from orchestrator.errors import BadInput, NotAllowed

if TYPE_CHECKING:
    from llm.evaluation import Figures
    from llm.meaning import Meanings

app = typer.Typer(no_args_is_help=True, help="Which script a message fits, if any.")


@app.callback()
def selector() -> None:
    """Keep `evaluate` a sub-command of its own."""


@app.command(epilog="Example: troupe selector evaluate --train train.csv --test test.csv --json")
def evaluate(
    train: Annotated[
        Path, typer.Option("--train", help="CSV with the columns text and category: to learn from.")
    ],
    test: Annotated[Path, typer.Option("--test", help="The same: messages to be asked about.")],
    words_only: Annotated[
        bool, typer.Option("--words-only", help="Judge by words alone, not by what they mean.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure how well messages are told apart: learn from one file, be asked about another.

    The category `oos` (out of scope) marks messages that nothing fits. Both files are checked
    before anything is learnt.
    """
    for path in (train, test):
        if not path.is_file():
            raise BadInput(f"there is no file {path}")
    settings = settings_for_command()
    figures = measure(train, test, None if words_only else settings.home / "models")
    show_card(figures, card(figures), as_json=as_json)


def measure(train: Path, test: Path, models: Path | None) -> "Figures":
    """Read both files, then train and ask."""
    from llm.evaluation import check_examples, read_examples
    from llm.evaluation import evaluate as measured

    taught, asked = read_examples(train), read_examples(test)
    check_examples(taught, asked)
    return measured(taught, asked, None if models is None else open_meanings(models))


def open_meanings(models: Path) -> "Meanings | None":
    """Open the sentence encoder; where it is not installed, say so and do without."""
    from llm.meaning import Meanings

    try:
        return Meanings(models)
    except NotAllowed as missing:
        complain(f"{missing}. Words alone are judged.")
        return None


def card(figures: "Figures") -> list[tuple[str, object]]:
    """Return what is shown to a person."""
    return [
        ("Categories", figures.categories),
        ("Learnt from", f"{figures.trained_on} messages in {figures.seconds_to_train} s"),
        ("Asked about", f"{figures.tested_on} messages, {figures.ms_per_message} ms each"),
        ("Given the right category", percent(figures.in_scope_accuracy)),
        ("… if it always had to choose", percent(figures.accuracy_without_limit)),
        ("Seen that nothing fits", percent(figures.oos_recall)),
        ("Order of sureness (AUROC)", figures.auroc),
    ]


def percent(fraction: float | None) -> str | None:
    """Write a fraction for people."""
    return None if fraction is None else f"{fraction:.1%}"
