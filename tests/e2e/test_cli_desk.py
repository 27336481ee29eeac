"""The desk's commands against a real database, called as the entry point calls them."""

import pytest

from tests.fixtures.commands import Troupe, environment, quiet_logging, refused, troupe

__all__ = ["environment", "quiet_logging", "troupe"]

WIDTH = 100


def fits(shown: str) -> bool:
    return all(len(line) <= WIDTH for line in shown.splitlines())


def test_an_empty_desk_says_what_to_do_next(troupe: Troupe) -> None:
    assert "troupe desk status" in troupe("tickets", "list").out
    assert "troupe desk invite" in troupe("operators", "list").out


def test_operators_are_added_listed_and_let_go(troupe: Troupe) -> None:
    assert troupe("operators", "add", "olga", "--telegram-id", "11", "--role", "admin").code == 0
    assert "operator" in troupe("operators", "add", "boris").out
    listed = troupe("operators", "list").out
    assert "olga" in listed
    assert "boris" in listed
    assert fits(listed)
    assert "no more" in troupe("operators", "remove", "boris").out
    (left,) = troupe("operators", "list", "--json").json["staff"]
    assert left["name"] == "olga"


def test_the_last_admin_is_not_let_go(troupe: Troupe) -> None:
    troupe("operators", "add", "olga", "--telegram-id", "11", "--role", "admin")
    assert "admin" in refused(troupe("operators", "remove", "olga"))


def test_technicians_have_a_group_of_their_own(troupe: Troupe) -> None:
    added = troupe("operators", "add", "ivan", "--role", "technician", "--group", "-1001")
    assert "technician" in added.out
    listed = troupe("operators", "list", "--role", "technician")
    assert "-1001" in listed.out
    assert fits(listed.out)
    assert "no more tickets" in troupe("operators", "remove", "ivan", "--technician").out
    (ivan,) = troupe("operators", "list", "--json").json["technicians"]
    assert ivan["is_active"] is False


@pytest.mark.parametrize("command", ["show", "export"])
def test_a_ticket_that_there_is_not_is_refused(troupe: Troupe, command: str) -> None:
    assert "ticket 7" in refused(troupe("tickets", command, "7"))


def test_nobody_is_let_go_whom_nobody_knows(troupe: Troupe) -> None:
    assert "nobody" in refused(troupe("operators", "remove", "nobody"))
