"""Which messages are plain ones, that no router has to be asked about."""

from typing import Any

import pytest
from aiogram.types import Update

from desk.plain import plain_message

ANNA = {"id": 7, "is_bot": False, "first_name": "Anna"}
PRIVATE = {"id": 7, "type": "private"}
PHOTO = [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]


def update(part: str = "message", **content: Any) -> Update:
    """Make an update with a message of Anna's."""
    message = {"message_id": 1, "date": 1, "chat": PRIVATE, "from": ANNA} | content
    return Update.model_validate({"update_id": 1, part: message})


@pytest.mark.parametrize(
    "content",
    [{"text": "hello"}, {"text": "1 / 2"}, {"photo": PHOTO}, {"caption": "so", "photo": PHOTO}],
)
def test_words_and_files_in_private_are_plain(content: dict[str, Any]) -> None:
    assert plain_message(update(**content)) is not None


@pytest.mark.parametrize(
    "content",
    [
        {"text": "/start"},
        {"text": " \n/finish now"},
        {"caption": "/note", "photo": PHOTO},
        {"text": "hello", "chat": {"id": -100, "type": "supergroup", "title": "Staff"}},
        {"text": "hello", "from": None},
    ],
)
def test_commands_and_words_in_groups_are_not_plain(content: dict[str, Any]) -> None:
    assert plain_message(update(**content)) is None


def test_an_edit_is_not_plain() -> None:
    assert plain_message(update("edited_message", text="hello", edit_date=2)) is None
