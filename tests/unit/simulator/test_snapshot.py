import json
from datetime import timedelta

import pytest

from simulator.world.events import Event
from simulator.world.forums import TopicChange
from simulator.world.markup import Button, ButtonKind, InlineKeyboard
from simulator.world.messages import Draft
from simulator.world.snapshot import SnapshotError, load_world, save_world
from tests.unit.simulator.conftest import Village


def fill(village: Village) -> None:
    world = village.world
    post = world.publish(village.news, "hello", world.files.add_document(b"bytes", "a.bin"))
    world.comment(village.news, post.id, village.boris, "nice")
    world.channel_talk.react(village.news, village.anna.id, post.id, ("👍",))
    world.private_talk.send(village.anna, village.boris, Draft("me", random_id=2**62 + 1))
    world.set_password(village.anna, "secret", "hint")
    world.logins.admit(-(2**62), village.anna, "127.0.0.1")
    world.logins.send_code("79990000002")
    world.files.save_part(village.anna.id, 7, 0, b"part")
    bot = world.add_bot("Bot", "some_bot")
    keyboard = InlineKeyboard(((Button("Go", ButtonKind.CALLBACK, data=b"go"),),))
    world.private_talk.send(bot, village.boris, Draft("?", markup=keyboard))
    pressed = village.boris.inbox.chats[bot.id].last
    assert pressed is not None
    world.callbacks.press(village.boris, pressed, b"go")
    forum = world.add_group("Forum", owner=village.boss)
    world.forums.toggle(forum, enabled=True)
    topic = world.forums.open(forum, village.boss.id, "Topic", random_id=9).message
    world.forums.edit(forum, village.boss.id, topic.id, TopicChange(closed=True))
    world.clock.advance(timedelta(days=1))


def test_a_saved_world_is_the_same_when_it_is_loaded(village: Village) -> None:
    fill(village)
    saved = save_world(village.world)
    loaded = load_world(json.loads(json.dumps(saved)))
    assert save_world(loaded) == saved
    assert loaded.duplicates() == village.world.duplicates()


def test_a_loaded_world_goes_on_where_it_stood(village: Village) -> None:
    fill(village)
    world = load_world(save_world(village.world))
    anna, boris = (world.people.get(each.id) for each in (village.anna, village.boris))
    again = world.private_talk.send(anna, boris, Draft("me", random_id=2**62 + 1))
    assert again.message is world.messages_of((anna, boris))[0]
    news = world.channels.get(village.news.id)
    assert world.publish(news, "next").id == village.news.last_id + 1
    assert news.mailbox.pts == village.news.mailbox.pts + 1
    assert world.add_person("79990000099").id > boris.id
    assert village.news.history.last is not news.history.last


def test_whoever_listens_to_a_world_hears_what_is_loaded_into_it(village: Village) -> None:
    saved = save_world(village.world)
    heard: list[Event] = []
    village.world.bulletin.subscribe(heard.append)
    village.world.publish(village.news, "forgotten")
    heard.clear()
    assert load_world(saved, village.world) is village.world
    news = village.world.channels.get(village.news.id)
    assert [m.text for m in news.history if not m.action] == []
    village.world.publish(news, "anew")
    assert len(heard) == 2


@pytest.mark.parametrize("part", ["form", "objects", "root", "class"])
def test_a_damaged_snapshot_changes_nothing(village: Village, part: str) -> None:
    saved = save_world(village.world)
    broken = json.loads(json.dumps(saved))
    if part == "class":
        broken["objects"][0][0] = "Popen"
    else:
        broken[part] = {"form": 99, "objects": [], "root": {}}[part]
    with pytest.raises(SnapshotError, match="save the world again"):
        load_world(broken, village.world)
    assert save_world(village.world) == saved
