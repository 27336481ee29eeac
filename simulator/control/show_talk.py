"""Shows what is said as the control API's JSON."""

from simulator.control.place_models import TopicShown
from simulator.control.showing import number_of
from simulator.control.talk_models import (
    AnswerShown,
    ButtonShown,
    ContactShown,
    EntityShown,
    FileShown,
    KeyboardShown,
    LocationShown,
    MessageShown,
    OriginShown,
    PollShown,
    PressShown,
)
from simulator.world.channels import Channel, ForumTopic
from simulator.world.forums import messages_in
from simulator.world.markup import Button, ButtonKind, InlineKeyboard, ReplyKeyboard, Rows
from simulator.world.media import Contact, Document, Location, Media, Picture, Poll
from simulator.world.messages import Message, Origin
from simulator.world.queries import CallbackQuery
from simulator.world.world import World


def show_message(world: World, message: Message) -> MessageShown:
    """Show a message as it stands."""
    action = message.action
    return MessageShown(
        id=message.id,
        chat=number_of(message.chat),
        author=message.author,
        text=message.text,
        date=message.date,
        edited_at=message.edited_at,
        reply_to=message.reply_to,
        thread=message.thread,
        random_id=message.random_id,
        media=None if message.media is None else type(message.media).__name__.lower(),
        action=None if action is None else action.kind.value,
        copy_of=None if message.forward is None else message.forward.post,
        buttons=show_buttons(message),
        other_id=None if message.twin is None else message.twin.id,
        topic=message.in_topic,
        title="" if action is None else action.title,
        users=[] if action is None else list(action.users),
        entities=show_entities(message),
        album=message.album,
        file=show_file(message.media),
        location=show_location(message.media),
        contact=show_contact(message.media),
        poll=show_poll(world, message.media),
        forwarded=show_origin(message.origin),
        reactions={user: list(each) for user, each in message.reactions.items()},
        pinned=message.pinned,
        silent=message.silent,
        protected=message.protected,
    )


def show_entities(message: Message) -> list[EntityShown]:
    """Show what its author marked in a message."""
    return [
        EntityShown(kind=e.kind.value, offset=e.offset, length=e.length, detail=e.detail)
        for e in message.entities
    ]


def show_buttons(message: Message) -> list[list[ButtonShown]]:
    """Show the buttons of a message, row by row."""
    if not isinstance(message.markup, InlineKeyboard | ReplyKeyboard):
        return []
    return show_rows(message.markup.rows)


def show_rows(rows: Rows) -> list[list[ButtonShown]]:
    """Show rows of buttons."""
    return [[show_button(each) for each in row] for row in rows]


def show_button(button: Button) -> ButtonShown:
    """Show a button."""
    data = button.data.decode(errors="replace") if button.kind is ButtonKind.CALLBACK else ""
    return ButtonShown(text=button.text, kind=button.kind.value, data=data, url=button.value)


def show_keyboard(found: tuple[Message, ReplyKeyboard] | None) -> KeyboardShown:
    """Show the keyboard that somebody has before them, and which message gave it."""
    if found is None:
        return KeyboardShown(message=None, placeholder="", buttons=[])
    message, keyboard = found
    return KeyboardShown(
        message=message.id, placeholder=keyboard.placeholder, buttons=show_rows(keyboard.rows)
    )


def show_file(media: Media | None) -> FileShown | None:
    """Show a file."""
    if isinstance(media, Picture):
        return FileShown(
            id=media.id,
            kind="photo",
            name="",
            mime="image/jpeg",
            size=media.size,
            width=media.width,
            height=media.height,
            duration=0,
            emoji="",
        )
    if not isinstance(media, Document):
        return None
    return FileShown(
        id=media.id,
        kind=media.kind.value,
        name=media.name,
        mime=media.mime,
        size=media.size,
        width=media.width,
        height=media.height,
        duration=media.duration,
        emoji=media.emoji,
    )


def show_location(media: Media | None) -> LocationShown | None:
    """Show a place."""
    if not isinstance(media, Location):
        return None
    return LocationShown(
        latitude=media.latitude, longitude=media.longitude, title=media.title, address=media.address
    )


def show_contact(media: Media | None) -> ContactShown | None:
    """Show a telephone number."""
    if not isinstance(media, Contact):
        return None
    return ContactShown(
        phone=media.phone, first_name=media.first_name, last_name=media.last_name, user=media.user
    )


def show_poll(world: World, media: Media | None) -> PollShown | None:
    """Show a question and who voted for what."""
    if not isinstance(media, Poll):
        return None
    ballot = world.polls.of(media)
    return PollShown(
        question=media.question,
        options=list(media.options),
        closed=ballot.closed,
        votes={user: list(chosen) for user, chosen in ballot.votes.items()},
    )


def show_origin(origin: Origin | None) -> OriginShown | None:
    """Show where a forwarded message came from."""
    if origin is None:
        return None
    return OriginShown(chat=number_of(origin.sender), message=origin.message)


def show_press(query: CallbackQuery) -> PressShown:
    """Show a press of a button and the bot's answer to it."""
    said = query.answer
    if said is None:
        return PressShown(id=query.id, bot=query.bot)
    answer = AnswerShown(text=said.text, alert=said.alert, url=said.url)
    return PressShown(id=query.id, bot=query.bot, answer=answer)


def show_topic(group: Channel, topic: ForumTopic) -> TopicShown:
    """Show a topic of a forum."""
    return TopicShown(
        id=topic.id,
        title=topic.title,
        creator=topic.creator,
        closed=topic.closed,
        hidden=topic.hidden,
        messages=sum(1 for _ in messages_in(group, topic)),
    )
