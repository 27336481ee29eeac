"""What the desk promises, from the command line, against a real database."""

import pytest

from tests.fixtures.commands import Troupe, environment, quiet_logging, refused, troupe

__all__ = ["environment", "quiet_logging", "troupe"]


def test_promises_in_business_hours_are_made_and_taken_back(troupe: Troupe) -> None:
    assert "troupe hours set" in troupe("hours", "list").out
    set_hours = troupe("hours", "set", "office", "Mon-Fri 9-18; Sat 10:00-14:00")
    assert "office: " in set_hours.out
    assert troupe("hours", "holiday", "office", "2027-01-01", "--name", "New Year").code == 0
    (office,) = troupe("hours", "list", "--json").json
    assert office["holidays"] == {"2027-01-01": "New Year"}
    assert "troupe sla set" in troupe("sla", "list").out
    made = troupe("sla", "set", "default", "--first", "30m", "--hours", "office", "--warn", "5m")
    assert made.code == 0
    assert "30 min" in troupe("sla", "list").out
    assert "default" in refused(troupe("hours", "remove", "office"))
    assert troupe("sla", "remove", "default").code == 0
    assert troupe("hours", "remove", "office").code == 0
    assert "default" in refused(troupe("sla", "remove", "default"))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("sla", "set", "x"), "promises something"),
        (("sla", "set", "x", "--first", "1h", "--topic", "weather"), "warranty"),
        (("sla", "set", "x", "--first", "1h", "--hours", "nowhere"), "nowhere"),
        (("hours", "set", "x", "whenever"), "whenever"),
        (("hours", "set", "x", "Mon 9-18", "--zone", "Mars/Base"), "Mars/Base"),
        (("hours", "holiday", "x", "2027-01-01"), "no business hours x"),
    ],
)
def test_what_cannot_be_promised_is_refused(
    troupe: Troupe, asked: tuple[str, ...], told: str
) -> None:
    assert told in refused(troupe(*asked))
