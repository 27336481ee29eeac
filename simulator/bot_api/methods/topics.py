"""Topics of forums; creating and editing one counts as a message in the group."""

from simulator.bot_api.call import Call, Handler, Methods
from simulator.bot_api.show_actions import ICON_COLOUR
from simulator.world.channel_talk import GENERAL
from simulator.world.forums import TopicChange, find_topic, require_manager

methods = Methods()


@methods.handles("createForumTopic")
async def create_forum_topic(call: Call) -> object:
    """Open a topic."""
    group, title = call.channel(), call.params.required("name")
    require_manager(group, call.bot.id)
    call.limits.spend(call.bot.id, group.peer)
    opened = call.world.forums.open(group, call.bot.id, title)
    colour = call.params.number("icon_color") or ICON_COLOUR
    return {"message_thread_id": opened.message.id, "name": title, "icon_color": colour}


@methods.handles("editForumTopic")
async def edit_forum_topic(call: Call) -> object:
    """Give a topic another name; none leaves the name as it is."""
    return change(call, thread(call), TopicChange(title=call.params.text("name") or None))


@methods.handles("editGeneralForumTopic")
async def edit_general_topic(call: Call) -> object:
    """Give the General topic another name."""
    return change(call, GENERAL, TopicChange(title=call.params.required("name")))


@methods.handles("getForumTopicIconStickers")
async def get_icon_stickers(_call: Call) -> object:
    """List the stickers that may be icons of topics, of which there are none here."""
    return []


@methods.handles("deleteForumTopic")
async def delete_forum_topic(call: Call) -> object:
    """Delete a topic with all that was said in it."""
    call.world.forums.delete(call.channel(), call.bot.id, thread(call))
    return True


def changes(wanted: TopicChange, *, general: bool = False) -> Handler:
    """Make the handler that changes a topic in one way."""

    async def handle(call: Call) -> object:
        return change(call, GENERAL if general else thread(call), wanted)

    return handle


def thread(call: Call) -> int:
    """Read which topic is meant."""
    return call.params.required_number("message_thread_id")


def change(call: Call, topic: int, wanted: TopicChange) -> bool:
    """Change a topic."""
    group = call.channel()
    find_topic(group, topic)
    call.limits.spend(call.bot.id, group.peer)
    call.world.forums.edit(group, call.bot.id, topic, wanted)
    return True


methods.handles("closeForumTopic")(changes(TopicChange(closed=True)))
methods.handles("reopenForumTopic")(changes(TopicChange(closed=False)))
methods.handles("closeGeneralForumTopic")(changes(TopicChange(closed=True), general=True))
methods.handles("reopenGeneralForumTopic")(changes(TopicChange(closed=False), general=True))
methods.handles("hideGeneralForumTopic")(changes(TopicChange(hidden=True), general=True))
methods.handles("unhideGeneralForumTopic")(changes(TopicChange(hidden=False), general=True))
