"""What reaches a terminal, and what reaches a program."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.output import Column, cell_text, clean, counted, plain, show_card, show_listing
from orchestrator.campaigns.window import Window
from orchestrator.ids import ChannelId, MessageId, PostRef

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NINE_TO_ELEVEN = Window(540, 1380)
SECOND_POST = PostRef(ChannelId(1), MessageId(2))


class Mood(StrEnum):
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    mood: Mood
    text: str
    at: datetime = NOON
    every: timedelta = timedelta(minutes=15)
    window: Window = NINE_TO_ELEVEN
    post: PostRef = SECOND_POST
    cost: Decimal | None = None


COLUMNS: list[Column[Line]] = [
    Column("Name", lambda one: one.name),
    Column("Mood", lambda one: one.mood),
    Column("Text", lambda one: one.text, wide=True),
]


def test_a_listing_as_json_is_one_array_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [Line("anna", Mood.ACTIVE, "Привет", cost=Decimal("0.10"))]
    show_listing(rows, COLUMNS, as_json=True, empty="nothing")
    shown = capsys.readouterr()
    assert json.loads(shown.out) == [
        {
            "name": "anna",
            "mood": "active",
            "text": "Привет",
            "at": "2026-11-21T12:00:00+00:00",
            "every": 900.0,
            "window": "09:00–23:00",
            "post": {"channel": 1, "message": 2},
            "cost": "0.10",
        }
    ]
    assert shown.out.count("\n") == 1
    assert shown.err == ""


def test_an_empty_listing_says_what_to_do_next(capsys: pytest.CaptureFixture[str]) -> None:
    show_listing([], COLUMNS, as_json=False, empty="Begin with: troupe accounts add")
    assert capsys.readouterr().out == "Begin with: troupe accounts add\n"


def test_an_empty_listing_as_json_is_an_empty_array(capsys: pytest.CaptureFixture[str]) -> None:
    show_listing([], COLUMNS, as_json=True, empty="Begin with: troupe accounts add")
    assert json.loads(capsys.readouterr().out) == []


def test_a_table_fits_a_hundred_columns_and_keeps_its_short_cells(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [Line(f"account-{number}", Mood.ACTIVE, "long words " * 60) for number in range(3)]
    show_listing(rows, COLUMNS, as_json=False, empty="")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    assert "account-2" in lines[-1]
    assert lines[-1].rstrip().endswith("…")


def test_a_whole_column_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    key = "conversations.letters_per_second"
    columns: list[Column[Line]] = [
        Column("Key", lambda one: one.name, whole=True),
        *COLUMNS[1:],
    ]
    rows = [Line(key, Mood.ACTIVE, "long words " * 60)]
    show_listing(rows, columns, as_json=False, empty="")
    assert key in capsys.readouterr().out


def test_words_from_outside_are_no_markup_and_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [Line("[red]x[/red]", Mood.ACTIVE, "a\x1b[2Jb\r\n\x07c \u202eevil")]
    show_listing(rows, COLUMNS, as_json=False, empty="")
    shown = capsys.readouterr().out
    assert "[red]x[/red]" in shown
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(shown)


def test_a_card_leaves_out_what_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    show_card(None, [("Name", "anna"), ("Reason", None), ("Bio", "")], as_json=False)
    shown = capsys.readouterr().out
    assert "anna" in shown
    assert "Reason" not in shown


def test_times_are_told_in_the_local_time_zone() -> None:
    assert cell_text(NOON) == NOON.astimezone().strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        ("", "–"),
        ((), "–"),
        (True, "yes"),
        (("ru", "en"), "ru, en"),
        (timedelta(minutes=15), "15 min"),
        (timedelta(hours=48), "2 d"),
        (timedelta(seconds=61), "61 s"),
        (Mood.ACTIVE, "active"),
    ],
)
def test_values_are_told_as_people_read_them(value: object, text: str) -> None:
    assert cell_text(value) == text


@given(st.text())
def test_whatever_comes_is_clean_on_one_line(text: str) -> None:
    cleaned = clean(text, lines=False)
    assert "\n" not in cleaned
    assert "\x1b" not in cleaned
    assert clean(cleaned, lines=False) == cleaned


def test_a_path_is_told_as_text_in_json() -> None:
    assert plain({Path("a"): Path("b/c")}) == {"a": "b/c"}


def test_one_is_told_in_the_singular() -> None:
    assert [counted(number, "message") for number in (0, 1, 2)] == [
        "0 messages",
        "1 message",
        "2 messages",
    ]
