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
    for word, group in (("fox", operators), ("fox_2", main), ("fox_3", workshop)):
        place.say(group, f"/{word}@desk_bot")
    done = troupe(
        *("desk", "setup", "--token-file", str(place.token_file), "--code", "fox"),
        *("--way", "both", "--wait", "20s"),
        given="\n\nn\nIvan\n\n\n2\n",
    )
    assert done.code == 0, done.err
    for title in ("Operators", "Tickets", "Workshop"):
        assert title in done.out
        assert f'Found "{title}": use it? [Y/n]' in done.err
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
    place.say(place.group("Operators"), "/fox")
    setup = ("desk", "setup", "--token-file", str(place.token_file), "--code", "fox")
    assert troupe(*setup, "--way", "take", given="\n0\n").code == 0
    assert troupe("desk", "status", "--json").json["pulse"]["unhandled"] >= 2


def test_a_group_without_topics_is_explained_and_looked_at_again(
    place: Place, troupe: Troupe
) -> None:
    place.say(place.group("Tickets"), "/fox")
    setup = ("desk", "setup", "--token-file", str(place.token_file), "--code", "fox")
    done = troupe(*setup, "--way", "topics", given="\n" * 10)
    assert "switch Topics on" in done.err
    assert "cannot be used yet" in done.err
    assert "Traceback" not in done.err


def test_a_group_that_was_mistaken_is_looked_for_again(place: Place, troupe: Troupe) -> None:
    place.say(place.group("Kitchen"), "/fox")
    place.say(place.group("Tickets", forum=True), "/fox_2")
    setup = ("desk", "setup", "--token-file", str(place.token_file), "--code", "fox")
    done = troupe(*setup, "--way", "topics", "--wait", "20s", given="n\n\nn\n\n0\n")
    assert done.code == 0, done.err
    (group,) = troupe("desk", "status", "--json").json["groups"]
    assert group["title"] == "Tickets"


def take(place: Place) -> tuple[str, ...]:
    """Write the command that sets mode take up."""
    setup = ("desk", "setup", "--token-file", str(place.token_file), "--code", "fox")
    return *setup, "--way", "take", "--wait", "20s"


def test_a_group_without_the_bot_as_admin_is_used_once_it_is_one(
    place: Place, troupe: Troupe, monkeypatch: pytest.MonkeyPatch
) -> None:
    operators = place.group("Operators", admin=False)
    place.say(operators, "/fox")
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        if "no admin" in question and len(asked) == 3:  # the first time nothing was done
            place.portal.call(place.world.make_admin, operators, place.bot)
        return ""

    monkeypatch.setattr("cli.desk_setup.ask", answer)
    done = troupe(*take(place))
    assert done.code == 0, done.err
    assert asked[0] == 'Found "Operators": use it? [Y/n]'
    assert asked[1] == asked[2]
    assert asked[1].startswith('In "Operators" the bot is no admin: make it one')
    assert "How many links" in asked[3]


def test_another_group_than_the_one_where_the_word_was_said_first_can_be_taken(
    place: Place, troupe: Troupe
) -> None:
    place.say(place.group("Kitchen"), "/fox")
    place.say(place.group("Operators"), "/fox_2")
    done = troupe(*take(place), given="n\ny\n0\n")
    assert done.code == 0, done.err
    (group,) = troupe("desk", "status", "--json").json["groups"]
    assert group["title"] == "Operators"


def test_without_anybody_to_ask_a_group_that_lacks_something_ends_with_a_sentence(
    place: Place, troupe: Troupe
) -> None:
    place.say(place.group("Operators", admin=False), "/fox")
    done = troupe(*take(place), given="y\n")
    assert done.code == 1
    assert 'in "Operators" the bot is no admin: make it one, and run this again' in done.err
    assert troupe("desk", "status", "--json").json["groups"] == []


def test_the_bot_that_was_kept_stays_when_enter_is_pressed(place: Place, troupe: Troupe) -> None:
    place.say(place.group("Operators"), "/fox")
    assert troupe(*take(place), given="\n0\n").code == 0
    place.say(place.group("Others"), "/tik9")
    again = ("desk", "setup", "--code", "tik9", "--way", "take", "--wait", "20s")
    done = troupe(*again, given="\n\n0\n")
    assert done.code == 0, done.err
    assert "Keep @desk_bot as the desk's bot? [Y/n]" in done.err


def test_a_word_that_nobody_says_ends_the_wait_with_a_remedy(place: Place, troupe: Troupe) -> None:
    setup = ("desk", "setup", "--token-file", str(place.token_file), "--code", "fox")
    done = troupe(*setup, "--way", "take", "--wait", "1s")
    assert done.code == 1
    assert "nobody wrote /fox " in done.err


def test_what_cannot_be_used_is_asked_for_again(place: Place, troupe: Troupe) -> None:
    place.say(place.group("Operators"), "/fox")
    answers = [
        "nonsense",
        TOKEN,
        place.token_file.read_text().strip(),
        "4",
        "1",
        "maybe",
        "y",
        "many",
        "1",
    ]
    done = troupe("desk", "setup", "--code", "fox", "--wait", "20s", given="\n".join(answers))
    assert done.code == 0, done.err
    refusals = ["no bot token", "does not know this token", "none of 1, 2 and 3", "neither y nor n"]
    refusals.append("no number")
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
    place.say(place.group("Operators"), "/fox")
    setup = ("desk", "setup", "--token-file", str(place.token_file), "--code", "fox")
    troupe(*setup, "--way", "take", given="\n0\n")
    invited = troupe("desk", "invite", "--role", "lead", "--json").json
    assert invited["link"].startswith("https://t.me/desk_bot?start=invite_")
    assert invited["roles"] == ["lead"]
