"""Log lines: their form, and what never stands in them."""

import json
import logging

import pytest

from cli.logging import configure_logging, default_format, formatter, hide_secrets, without_secrets
from cli.settings import LogFormat, Settings
from orchestrator.ids import AccountId, ChannelId, JobId, MessageId, OutboxId, PostRef
from orchestrator.whereabouts import at_work, correlation_of, post_of
from tests.fixtures.commands import quiet_logging

__all__ = ["quiet_logging"]


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
        "sk-proj-4f9a8b7c6d5e4f3a2b1c",
        "1" + "BVtsOJ8Bu3zKq_4-x" * 20 + "=",
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


def test_a_token_in_a_header_is_hidden() -> None:
    assert without_secrets("Authorization of Bearer abc.def") == "Authorization of Bearer [hidden]"


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


def test_a_line_says_on_whose_behalf_it_was_written() -> None:
    post = PostRef(ChannelId(12), MessageId(345))
    with at_work(node="north", account=AccountId(7), job=JobId(3), post=post, outbox=OutboxId(9)):
        told = json.loads(line(LogFormat.JSON, "sent"))
    assert (told["node"], told["account"], told["job"], told["outbox"]) == ("north", 7, 3, 9)
    assert told["correlation"] == correlation_of(post) == "post-12-345"
    assert post_of(told["correlation"]) == post
    assert "account" not in json.loads(line(LogFormat.JSON, "later"))


def test_one_grep_finds_a_post_also_on_a_console_line() -> None:
    with at_work(post=PostRef(ChannelId(12), MessageId(345))):
        assert "correlation=post-12-345" in line(LogFormat.CONSOLE, "sent")


@pytest.mark.parametrize(
    "request_shown",
    [
        "SendCodeRequest(phone_number='79991234567', api_id=1)",
        'SignInRequest(phone_code_hash="a1b2c3d4", phone_code: 12345)',
        "{'password': 'hunter2'}",
        " api_hash=deadbeef",
    ],
)
def test_a_secret_that_a_text_names_is_hidden(request_shown: str) -> None:
    told = without_secrets(request_shown)
    assert "[hidden]" in told
    for secret in ("79991234567", "a1b2c3d4", "12345", "hunter2", "deadbeef"):
        assert secret not in told


@pytest.mark.parametrize("library", ["telethon", "sqlalchemy.engine", "uvicorn.error"])
@pytest.mark.usefixtures("quiet_logging")
def test_a_librarys_warning_goes_the_same_way(
    library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(Settings(log_format=LogFormat.JSON))
    with at_work(account=AccountId(7)):
        logging.getLogger(library).warning("cannot reach +49 30 1234567")
        logging.getLogger(library).info("chatter")
    (only,) = capsys.readouterr().err.splitlines()
    told = json.loads(only)
    assert (told["logger"], told["account"]) == (library, 7)
    assert told["event"] == "cannot reach [hidden]"


def test_a_program_that_reads_standard_error_gets_json() -> None:
    assert default_format() is LogFormat.JSON
