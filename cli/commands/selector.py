"""`troupe selector`: how well messages are told apart."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, complain, show_card
from cli.running import settings_for_command
from orchestrator.errors import NotAllowed

if TYPE_CHECKING:
    from llm.evaluation import Figures
    from llm.meaning import Meanings

app = typer.Typer(no_args_is_help=True, help="Which script a message fits, if any.")


@app.callback()
def selector() -> None:
    """Keep `evaluate` a sub-command of its own."""


@app.command(epilog="Example: troupe selector evaluate --train train.csv --test test.csv --json")
def evaluate(
    train: Annotated[Path, typer.Option("--train", help="CSV to learn from: text,category.")],
    test: Annotated[Path, typer.Option("--test", help="CSV to be asked about.")],
    words_only: Annotated[
        bool, typer.Option("--words-only", help="Leave out what sentences mean.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Learn from one file, measure on another; category `oos` means that nothing fits."""
    settings = settings_for_command()
    figures = measure(train, test, None if words_only else settings.home / "models")
    show_card(figures, card(figures), as_json=as_json)


def measure(train: Path, test: Path, models: Path | None) -> "Figures":
    """Read both files, then train and ask."""
    from llm.evaluation import evaluate as measured
    from llm.evaluation import read_examples

    taught, asked = read_examples(train), read_examples(test)
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
        ("Told right", percent(figures.in_scope_accuracy)),
        ("Without limit", percent(figures.accuracy_without_limit)),
        ("Strangers told", percent(figures.oos_recall)),
        ("AUROC", figures.auroc),
    ]


def percent(fraction: float | None) -> str | None:
    """Write a fraction for people."""
    return None if fraction is None else f"{fraction:.1%}"
