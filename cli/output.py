"""What people and programs are shown: tables that fit a terminal, sentences, and JSON.

Texts from Telegram, files and models are data: they are cleaned of control characters before they
reach a terminal, and never read as markup.
"""

import json
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import singledispatch
from typing import TYPE_CHECKING, Annotated, Generic, TypeVar

import typer

from orchestrator.spans import write_span

if TYPE_CHECKING:
    from rich.text import Text

Row = TypeVar("Row")

PIPED_WIDTH = 100
"""Columns when standard output is no terminal."""

WIDEST = 30
"""Columns that one cell may take, unless its column is a wide one."""
NARROWEST = 10
"""Columns that a wide column gets at least."""
BETWEEN_COLUMNS = 3

NOTHING = "–"

BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")

STYLES = {
    "green": "active running sent alive queued comment ok comments automatic live",
    "yellow": "new draft paused limited public_stopped pending review due sending unknown warning "
    "draining silent suspended",
    "red": "needs_login quarantined frozen banned stopped failed unresolved broken revoked expired",
    "dim": "deleted cancelled rejected silence retired",
}
STYLE_OF = {state: style for style, states in STYLES.items() for state in states.split()}

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else.")]


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column: its title and what stands in it; a `wide` one takes what room is left.

    A `whole` one is never cut: it gets what room it needs, and is folded where that is too little.
    """

    title: str
    cell: Callable[[Row], object]
    wide: bool = False
    number: bool = False
    whole: bool = False


def say(sentence: str) -> None:
    """Write a sentence to standard output."""
    typer.echo(clean(sentence))


def complain(sentence: str) -> None:
    """Write a sentence to standard error."""
    typer.echo(clean(sentence), err=True)


def show_listing(
    rows: Sequence[Row], columns: Sequence[Column[Row]], *, as_json: bool, empty: str
) -> None:
    """Print rows as one JSON array or as a table; with none, say what to do next."""
    if as_json:
        show_json([plain(row) for row in rows])
    elif rows:
        show_table(rows, columns)
    else:
        say(empty)


def show_card(value: object, pairs: Iterable[tuple[str, object]], *, as_json: bool) -> None:
    """Print one value as a JSON object, or as titles with what they hold; empty ones go unsaid."""
    if as_json:
        show_json(plain(value))
        return
    from rich.table import Table

    card = Table.grid(padding=(0, 2))
    card.add_column(style="dim", no_wrap=True)
    card.add_column(overflow="fold")
    for title, held in pairs:
        if held not in (None, "", ()):
            card.add_row(title, rich_text(held, lines=True))
    draw(card)


def show_table(rows: Sequence[Row], columns: Sequence[Column[Row]]) -> None:
    """Draw a table; narrow columns keep their content, wide ones are cut or folded."""
    from rich import box
    from rich.table import Table

    cells = [[rich_text(column.cell(row)) for column in columns] for row in rows]
    widest = [
        max(len(column.title), *(line[index].cell_len for line in cells))
        for index, column in enumerate(columns)
    ]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column, width in zip(columns, widths(columns, widest, terminal_width()), strict=True):
        table.add_column(
            column.title,
            no_wrap=not column.whole,
            overflow="fold" if column.whole else "ellipsis",
            width=width,
            justify="right" if column.number else "left",
        )
    for line in cells:
        table.add_row(*line)
    draw(table)


def widths(columns: Sequence[Column[Row]], widest: Sequence[int], room: int) -> list[int]:
    """Give narrow columns what they need, and let wide ones share what room is left."""
    narrow = [
        width if column.whole else min(width, WIDEST)
        for column, width in zip(columns, widest, strict=True)
    ]
    wide = [index for index, column in enumerate(columns) if column.wide]
    taken = sum(width for index, width in enumerate(narrow) if index not in wide)
    left = room - taken - BETWEEN_COLUMNS * (len(columns) - 1)
    for place, index in enumerate(sorted(wide, key=lambda index: widest[index])):
        narrow[index] = min(widest[index], max(NARROWEST, left // (len(wide) - place)))
        left -= narrow[index]
    return narrow


@contextmanager
def working(sentence: str) -> Iterator[None]:
    """Show on standard error that something takes its time."""
    from rich.console import Console

    with Console(stderr=True).status(sentence):
        yield


@contextmanager
def counting_down(sentence: str) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error that fills while a number falls to nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*parts, console=Console(stderr=True)) as progress:
        bar = progress.add_task(sentence, total=None)

        def show(left: int) -> None:
            total = progress.tasks[0].total or left
            progress.update(bar, total=total, completed=total - left)

        yield show


def terminal_width() -> int:
    """Return how many columns there are to write in."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPED_WIDTH


def draw(thing: object) -> None:
    """Write something of Rich's to standard output."""
    from rich.console import Console

    Console(width=terminal_width()).print(thing)


def rich_text(value: object, *, lines: bool = False) -> "Text":
    """Return a cell as styled text; what it says is never markup."""
    from rich.text import Text

    said = clean(cell_text(value), lines=lines)
    return Text(said, style=STYLE_OF.get(said, "") if isinstance(value, Enum) else "")


@singledispatch
def cell_text(value: object) -> str:
    """Write a value as people read it: local times, short durations, a dash for nothing."""
    return str(value) or NOTHING


@cell_text.register(type(None))
def cell_of_nothing(_value: None) -> str:
    """Write a dash."""
    return NOTHING


@cell_text.register
def cell_of_truth(value: bool) -> str:
    """Write yes or no."""
    return "yes" if value else "no"


@cell_text.register
def cell_of_time(value: datetime) -> str:
    """Write a moment in the local time zone, to the minute."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M")


@cell_text.register(list)
@cell_text.register(tuple)
def cell_of_several(values: Sequence[object]) -> str:
    """Write values beside each other."""
    return ", ".join(map(cell_text, values)) or NOTHING


@cell_text.register
def duration_text(value: timedelta) -> str:
    """Write a duration in its largest whole unit, and seconds as whole ones."""
    return write_span(timedelta(seconds=int(value.total_seconds())))


def counted(number: int, noun: str) -> str:
    """Write how many there are of something: `1 message`, `2 messages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def clean(text: str, *, lines: bool = True) -> str:
    """Take out what could steer a terminal; without `lines` everything stands on one line."""
    kept = "".join(
        mark
        for mark in text
        if mark in "\n\t" or (unicodedata.category(mark) != "Cc" and mark not in BIDI_CONTROLS)
    )
    return kept if lines else " ".join(kept.split())


def show_json(value: object) -> None:
    """Write one JSON value on one line of standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False))


@singledispatch
def plain(value: object) -> object:
    """Turn a value into what JSON knows: ISO 8601 times, seconds for durations, names for enums."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if is_dataclass(value) and type(value).__str__ is object.__str__:
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return str(value)


@plain.register(type(None))
@plain.register(str)
@plain.register(int)
@plain.register(float)
def plain_already(value: object) -> object:
    """Return what JSON knows already."""
    return value


@plain.register
def plain_time(value: datetime) -> str:
    """Write a moment with its offset."""
    return value.isoformat()


@plain.register
def plain_money(value: Decimal) -> str:
    """Write an exact number without an exponent."""
    return f"{value:f}"


@plain.register
def plain_duration(value: timedelta) -> float:
    """Write a duration in seconds."""
    return value.total_seconds()


@plain.register
def plain_mapping(value: Mapping) -> dict[str, object]:  # type: ignore[type-arg]  # registers the bare class
    """Turn a mapping's values."""
    return {str(key): plain(held) for key, held in value.items()}


@plain.register(list)
@plain.register(tuple)
@plain.register(frozenset)
def plain_several(values: Iterable[object]) -> object:
    """Turn several values; those of a named tuple keep their names."""
    if isinstance(values, tuple) and hasattr(values, "_asdict"):
        return plain(values._asdict())
    return [plain(one) for one in values]
