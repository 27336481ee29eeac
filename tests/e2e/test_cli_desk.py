"""The desk's commands against a real database, called as the entry point calls them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from simulator.bot_api.api import BotApi
from simulator.world.channels import Channel
from simulator.world.people import Person
from simulator.world.world import World
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


TOKEN = "7000000001:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@dataclass(frozen=True)
class Place:
    """A Telegram of its own with a bot, an owner of groups, and where the bot's token lies."""

    world: World
    portal: BlockingPortal
    bot: Person
    owner: Person
    token_file: Path

    def group(self, title: str, *, forum: bool = False, admin: bool = True) -> Channel:
        """Found a group with the bot in it."""

        def found() -> Channel:
            group = self.world.add_group(title, owner=self.owner)
            if forum:
                self.world.forums.toggle(group, enabled=True)
            self.world.join(group, self.bot)
            if admin:
                self.world.make_admin(group, self.bot)
            return group

        return self.portal.call(found)

    def say(self, group: Channel, text: str) -> None:
        """Write into a group."""
        self.portal.call(self.world.say, group, self.owner, text)


@pytest.fixture
def place(
    portal: BlockingPortal,
    environment: None,  # noqa: ARG001 - it is set
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Place]:
    world = World()
    bot = world.add_bot("Desk", "desk_bot")
    owner = world.add_person("9996610001", "Boss")
    api = BotApi(world)
    token_file = tmp_path / "token"
    token_file.write_text(world.bots.token_of(bot) + "\n")
    monkeypatch.setenv("BOT_TOKEN", "")
    with portal.wrap_async_context_manager(api.serving()) as url:
        monkeypatch.setenv("BOT_API_URL", url)
        yield Place(world, portal, bot, owner, token_file)


def test_a_desk_is_set_up_by_words_said_in_its_groups(place: Place, troupe: Troupe) -> None:
    operators, main = place.group("Operators"), place.group("Tickets", forum=True)
    workshop = place.group("Workshop", forum=True)
    for number, group in enumerate((operators, main, workshop), start=1):
        place.say(group, f"/fox{number}@desk_bot")
    done = troupe(
        *("desk", "setup", "--token-file", str(place.token_file), "--code", "fox"),
        *("--way", "both", "--wait", "20s"),
        given="n\nIvan\n\n2\n",
    )
    assert done.code == 0, done.err
    for title in ("Operators", "Tickets", "Workshop"):
        assert title in done.out
    assert done.out.count("https://t.me/desk_bot?start=invite_") == 3
    token = place.token_file.read_text().strip()
    assert token not in done.out + done.err
    assert "is set up" in done.out

    status = troupe("desk", "status")
    assert "@desk_bot" in status.out
    assert "take, topics" in status.out
    assert "troupe run" in status.out
    assert "fetched, by the settings here" in status.out
    assert fits(status.out)
    (ivan,) = troupe("operators", "list", "--json").json["technicians"]
    assert ivan["name"] == "Ivan"


def test_what_a_client_wrote_meanwhile_waits_for_the_desk(place: Place, troupe: Troupe) -> None:
    anna = place.portal.call(place.world.add_person, "9996610002", "Anna")
    place.portal.call(place.world.send_private, anna, place.bot, "Hello?")
    place.say(place.group("Operators"), "/fox1")
    setup = ("desk", "setup", "--token-file", str(place.token_file), "--code", "fox")
    assert troupe(*setup, "--way", "take", given="0\n").code == 0
    assert troupe("desk", "status", "--json").json["pulse"]["unhandled"] >= 2


def test_a_group_without_topics_is_explained_and_looked_at_again(
    place: Place, troupe: Troupe
) -> None:
    place.say(place.group("Tickets"), "/fox1")
    setup = ("desk", "setup", "--token-file", str(place.token_file), "--code", "fox")
    done = troupe(*setup, "--way", "topics", given="\n" * 10)
    assert "switch Topics on" in done.err
    assert "cannot open topics" in done.err
    assert "Traceback" not in done.err


def test_a_group_that_was_mistaken_is_looked_for_again(place: Place, troupe: Troupe) -> None:
    place.say(place.group("Kitchen"), "/fox1")
    place.say(place.group("Tickets", forum=True), "/fox2")
    setup = ("desk", "setup", "--token-file", str(place.token_file), "--code", "fox")
    done = troupe(*setup, "--way", "topics", "--wait", "20s", given="n\nn\n\n0\n")
    assert done.code == 0, done.err
    (group,) = troupe("desk", "status", "--json").json["groups"]
    assert group["title"] == "Tickets"


def test_a_word_that_nobody_says_ends_the_wait_with_a_remedy(place: Place, troupe: Troupe) -> None:
    setup = ("desk", "setup", "--token-file", str(place.token_file), "--code", "fox")
    done = troupe(*setup, "--way", "take", "--wait", "1s")
    assert done.code == 1
    assert "nobody wrote /fox1" in done.err


def test_what_cannot_be_used_is_asked_for_again(place: Place, troupe: Troupe) -> None:
    place.say(place.group("Operators"), "/fox1")
    answers = ["nonsense", TOKEN, place.token_file.read_text().strip(), "4", "1", "many", "1"]
    done = troupe("desk", "setup", "--code", "fox", "--wait", "20s", given="\n".join(answers))
    assert done.code == 0, done.err
    refusals = ["no bot token", "does not know this token", "none of 1, 2 and 3", "no number"]
    places = [done.err.index(refusal) for refusal in refusals]
    assert places == sorted(places)
    assert done.out.count("https://t.me/desk_bot?start=invite_") == 2


@pytest.mark.parametrize(
    ("token", "says"), [("nonsense", "no bot token"), (TOKEN, "does not know this token")]
)
def test_a_wrong_token_is_told_apart_from_a_stranger_s(
    place: Place, troupe: Troupe, token: str, says: str
) -> None:
    place.token_file.write_text(token)
    setup = ("desk", "setup", "--token-file", str(place.token_file))
    assert says in refused(troupe(*setup, "--way", "take"))


def test_nobody_is_invited_before_there_is_a_bot(place: Place, troupe: Troupe) -> None:
    assert "troupe desk setup" in refused(troupe("desk", "invite"))
    assert "troupe desk setup" in troupe("desk", "status").out
    place.say(place.group("Operators"), "/fox1")
    setup = ("desk", "setup", "--token-file", str(place.token_file), "--code", "fox")
    troupe(*setup, "--way", "take", given="0\n")
    invited = troupe("desk", "invite", "--role", "lead", "--json").json
    assert invited["link"].startswith("https://t.me/desk_bot?start=invite_")
    assert invited["roles"] == ["lead"]
