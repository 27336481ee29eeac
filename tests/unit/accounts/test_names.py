"""What people type for a channel or a phone number."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.names import ChannelName, Invite, Username, parse_channel_name
from accounts.signin import check_phone
from orchestrator.errors import BadInput
from orchestrator.ids import TelegramId


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("@science", Username("science")),
        ("science", Username("science")),
        (" https://t.me/science ", Username("science")),
        ("t.me/science/42", Username("science")),
        ("https://t.me/s/science", Username("science")),
        ("https://telegram.me/science?single", Username("science")),
        ("https://t.me/+AbCdEf_123-x", Invite("AbCdEf_123-x")),
        ("t.me/joinchat/AbCdEf_123", Invite("AbCdEf_123")),
        ("https://t.me/c/2000000001/5", TelegramId(2_000_000_001)),
        ("-1002000000001", TelegramId(2_000_000_001)),
        ("2000000001", TelegramId(2_000_000_001)),
    ],
)
def test_a_channel_has_many_names(typed: str, wanted: ChannelName) -> None:
    assert parse_channel_name(typed) == wanted


@pytest.mark.parametrize(
    "typed", ["", "@", "a b c d", "@1234a", "https://example.org/science", "наука"]
)
def test_what_names_no_channel_is_refused_with_a_remedy(typed: str) -> None:
    with pytest.raises(BadInput, match="give @name"):
        parse_channel_name(typed)


@given(st.text(max_size=200))
def test_any_text_is_a_name_or_bad_input(typed: str) -> None:
    with contextlib.suppress(BadInput):
        assert isinstance(parse_channel_name(typed), Username | Invite | int)


@pytest.mark.parametrize(
    "typed", ["+1 202 555-01-23", "+12025550123", "+1 (202) 555 0123", "  +1.202.5550123"]
)
def test_a_phone_number_may_be_written_with_spaces_and_signs(typed: str) -> None:
    assert check_phone(typed) == "+12025550123"


@pytest.mark.parametrize("typed", ["", "13035550177", "+1234567", "+" + "1" * 16, "+1202abc5550"])
def test_a_malformed_phone_number_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_phone(typed)
    assert not typed or typed not in str(caught.value)
