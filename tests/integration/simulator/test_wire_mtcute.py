"""A client that shares no code with Telethon: mtcute, on Node."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from simulator.server import TelegramServer
from simulator.world.events import AccountChanged, Event
from simulator.world.logins import CODE_LENGTH
from simulator.world.mailbox import Arrived, Entry
from simulator.world.markup import Button, ButtonKind, InlineKeyboard
from simulator.world.messages import Draft

HERE = Path(__file__).parent / "mtcute"
FILES = ("package.json", "package-lock.json", "client.js", "signin.js")
PATIENCE = 60
KEYBOARD = InlineKeyboard(
    (
        (Button("Go", ButtonKind.CALLBACK, data=b"go"),),
        (Button("Look", ButtonKind.URL, "https://example.com/"),),
    )
)


async def run(folder: Path, *command: str) -> tuple[int, str, str]:
    """Run a program to its end; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            said, complained = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        return 1, "", f"{command[0]} did not come to an end in {PATIENCE} seconds"
    return process.returncode or 0, said.decode(), complained.decode()


@pytest.fixture(scope="module")
def folder(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with mtcute in it, at the versions of the lock file; skips where it cannot be."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    place = tmp_path_factory.mktemp("mtcute")
    for name in FILES:
        shutil.copy(HERE / name, place)
    quiet = (
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--fetch-retries=0",
        "--fetch-timeout=15000",
    )
    failed, _, complained = portal.call(run, place, "npm", "ci", "--prefer-offline", *quiet)
    if failed:
        reasons = [each for each in complained.splitlines() if not each.startswith("npm warn")]
        pytest.skip(f"npm could not install mtcute: {(reasons or ['it said nothing'])[0]}")
    return place


def whereabouts(server: TelegramServer, *, pfs: bool = False) -> str:
    return json.dumps(
        {
            "host": server.host,
            "port": server.port,
            "dcId": server.dc_id,
            "publicKey": server.public_key,
            "apiId": server.api_id,
            "apiHash": server.api_hash,
            "phone": "9996620002",
            "code": "22222",
            "usePfs": pfs,
        }
    )


async def test_mtcute_makes_a_key_and_asks_under_it(server: TelegramServer, folder: Path) -> None:
    failed, said, complained = await run(folder, "node", "client.js", whereabouts(server))
    assert not failed, complained
    assert json.loads(said) == {"dc": server.dc_id, "codeLength": CODE_LENGTH}
    assert not complained
    (client,) = server.listener.book.clients.values()
    assert "mtcute" in str(client.to_dict()).lower()
    assert len(server.keys.keys) == 1
    assert not server.crashed


@pytest.mark.parametrize("pfs", [False, True], ids=["lasting key", "keys that expire"])
async def test_mtcute_signs_in_comments_and_hears_an_answer(
    server: TelegramServer, folder: Path, pfs: bool
) -> None:
    world = server.world
    boss = world.add_person("9996610001", "Boss")
    world.add_person("9996620002", "Anna Petrova", username="anna_p")
    boris = world.add_person("9996630003", "Boris", username="boris_b")
    bot = world.add_bot("Choice", "choice_bot")
    anna = world.people.by_phone["9996620002"]
    news = world.add_channel("News", "town_news", owner=boss, linked=True)
    world.join(news, anna)
    post = world.publish(news, "the first post")
    world.private_talk.send(bot, anna, Draft("choose", markup=KEYBOARD))
    world.send_private(boris, anna, "hello")

    def answer(event: Event) -> None:
        match event:
            case AccountChanged(user, Entry(change=Arrived(message))) if user == boris.id:
                if message.author == anna.id:
                    world.send_private(boris, anna, f"you said: {message.text}")

    world.bulletin.subscribe(answer)
    failed, said, complained = await run(folder, "node", "signin.js", whereabouts(server, pfs=pfs))
    assert not failed, complained
    assert json.loads(said) == {
        "me": "Anna Petrova",
        "dialogs": ["Boris", "Choice", "News"],
        "channel": news.id,
        "post": "the first post",
        "buttons": [["keyboardButtonCallback", "Go"], ["keyboardButtonUrl", "Look"]],
        "comment": "from another client",
        "sent": "tell me something",
        "answer": "you said: tell me something",
    }
    assert [each.text for each in world.comments_under(news, post.id)] == ["from another client"]
    assert bool(server.keys.bound) is pfs
    assert not server.methods.unknown
    assert not server.crashed
