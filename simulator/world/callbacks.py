"""Buttons of bots: pressed by people, answered by bots."""

from itertools import count

from simulator.world.clock import Clock
from simulator.world.events import Bulletin, ButtonPressed, CallbackAnswered
from simulator.world.markup import InlineKeyboard
from simulator.world.messages import Message
from simulator.world.peers import MessageId, Peer, PeerKind, UserId, person_peer
from simulator.world.people import People, Person
from simulator.world.queries import CallbackAnswer, CallbackQuery
from simulator.world.refusals import Refusal

FIRST_QUERY = 9_000_000_001


class Callbacks:
    """Every query that was asked, by id."""

    def __init__(self, clock: Clock, people: People, bulletin: Bulletin) -> None:
        self.clock, self.people, self.bulletin = clock, people, bulletin
        self.by_id: dict[int, CallbackQuery] = {}
        self.numbers = count(FIRST_QUERY)

    def press(
        self, user: Person, message: Message, data: bytes, *, stale: bool = False
    ) -> CallbackQuery:
        """Press a button under a bot's message, of which `user` has this copy.

        A `stale` press comes from a client that still shows a button which is gone by now.
        """
        bot = self.people.get(message.author)
        keyboard = message.markup
        offered = isinstance(keyboard, InlineKeyboard) and keyboard.offers(data)
        if not bot.bot or not (offered or stale):
            raise Refusal("DATA_INVALID")
        chat, number = self.as_known_to_bot(user, message)
        query = CallbackQuery(
            next(self.numbers), bot.id, user.id, chat, number, data, self.clock.now()
        )
        self.by_id[query.id] = query
        self.bulletin.tell(ButtonPressed(query))
        return query

    def as_known_to_bot(self, user: Person, message: Message) -> tuple[Peer, MessageId]:
        """Name a chat and message as the bot does that said it."""
        if message.chat.kind is PeerKind.CHANNEL:
            return message.chat, message.id
        if message.twin is None:
            raise Refusal("MESSAGE_ID_INVALID")
        return person_peer(user.id), message.twin.id

    def answer(self, bot: UserId, number: int, answer: CallbackAnswer) -> CallbackQuery:
        """Let the bot answer, once."""
        query = self.by_id.get(number)
        if query is None or query.bot != bot or query.answer is not None:
            raise Refusal("QUERY_ID_INVALID")
        query.answer = answer
        self.bulletin.tell(CallbackAnswered(query))
        return query
