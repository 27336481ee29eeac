"""Log lines: their form, and what never stands in them."""

import json
import logging

import pytest

from cli.logging import formatter, hide_secrets, without_secrets
from cli.settings import LogFormat


def line(form: LogFormat, message: str, *arguments: object, **extra: object) -> str:
    record = logging.LogRecord("troupe", logging.INFO, "file", 1, message, arguments, None)
    record.__dict__.update(extra)
    return formatter(form).format(record)


def test_a_json_line_holds_message_level_time_and_extras() -> None:
    told = json.loads(line(LogFormat.JSON, "lane %s parked", "anna", account=7))
    assert told["event"] == "lane anna parked"
    assert (told["level"], told["account"]) == ("info", 7)
    assert told["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "secret",
    [
        "+49 30 1234567",
        "+79991234567",
        "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0",
        "0123456789abcdef0123456789abcdef",
        "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
    ],
)
@pytest.mark.parametrize("form", list(LogFormat))
def test_a_secret_is_hidden_wherever_it_stands(form: LogFormat, secret: str) -> None:
    told = line(form, "signing in with %s", secret, detail={"deep": [f"x {secret} y"]})
    assert secret not in told
    assert "signing in with [hidden]" in told


def test_a_password_in_a_url_is_hidden_and_the_rest_is_kept() -> None:
    told = without_secrets("cannot reach postgresql://troupe:hunter2@db:5432/troupe")
    assert told == "cannot reach postgresql://[hidden]db:5432/troupe"


def test_what_is_named_like_a_secret_is_hidden_whatever_it_looks_like() -> None:
    event = {"phone": "1", "api_hash": "2", "nested": {"Password": "3"}, "account": "anna"}
    assert hide_secrets(None, "", event) == {
        "phone": "[hidden]",
        "api_hash": "[hidden]",
        "nested": {"Password": "[hidden]"},
        "account": "anna",
    }


def test_a_secret_in_a_traceback_is_hidden() -> None:
    error = ValueError("bad number +79991234567")
    record = logging.LogRecord(
        "troupe", logging.ERROR, "file", 1, "failed", (), (ValueError, error, None)
    )
    for form in LogFormat:
        told = formatter(form).format(record)
        assert "ValueError" in told
        assert "79991234567" not in told


@pytest.mark.parametrize("kept", ["post 1234567890123456", "2026-11-21T12:00:00+00:00", "a+b=c"])
def test_ordinary_words_stay(kept: str) -> None:
    assert without_secrets(kept) == kept
