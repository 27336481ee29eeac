"""What service messages tell of, in the Bot API's fields."""

from collections.abc import Callable

from simulator.bot_api.shapes import Json, given
from simulator.world.messages import Action, ActionKind, Message
from simulator.world.peers import ChannelId, UserId

ICON_COLOUR = 0x6FB9F0
CHANNEL_BASE = 1_000_000_000_000
"""What numbers of supergroups and channels begin at, below zero."""
ARRIVALS = frozenset(
    {ActionKind.MEMBERS_ADDED, ActionKind.JOINED_BY_LINK, ActionKind.JOINED_BY_REQUEST}
)


def show_action(message: Message, action: Action, user: Callable[[UserId], Json]) -> Json:
    """Show what a service message tells of; `user` shows a person."""
    people = action.users or (message.author,)
    if action.kind in ARRIVALS:
        return {"new_chat_members": [user(each) for each in people]}
    match action.kind:
        case ActionKind.CHANNEL_CREATED:
            return {f"{'channel' if message.post else 'supergroup'}_chat_created": True}
        case ActionKind.MEMBER_GONE:
            return {"left_chat_member": user(people[0])}
        case ActionKind.TITLE_CHANGED:
            return {"new_chat_title": action.title}
    return show_move(action, action.other) if action.other is not None else show_in_topic(action)


def show_move(action: Action, other: ChannelId) -> Json:
    """Show where a group went, or where a supergroup came from."""
    if action.kind is ActionKind.MOVED_TO:
        return {"migrate_to_chat_id": -CHANNEL_BASE - other}
    return {"migrate_from_chat_id": -other}


def show_in_topic(action: Action) -> Json:
    """Show what happened to a topic; of pins nothing is shown here."""
    if action.kind is ActionKind.TOPIC_CREATED:
        return {"forum_topic_created": {"name": action.title, "icon_color": ICON_COLOUR}}
    return show_topic_change(action) if action.kind is ActionKind.TOPIC_EDITED else {}


def show_topic_change(action: Action) -> Json:
    """Show what became of a topic."""
    if action.closed is not None:
        return {"forum_topic_closed" if action.closed else "forum_topic_reopened": {}}
    if action.hidden is not None:
        return {f"general_forum_topic_{'hidden' if action.hidden else 'unhidden'}": {}}
    return {"forum_topic_edited": given(name=action.title)}
