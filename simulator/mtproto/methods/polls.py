"""Voting."""

from telethon.tl import types
from telethon.tl.functions import messages

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate_media import read_option
from simulator.mtproto.translate_updates import show_votes, wrap
from simulator.world.messages import Message
from simulator.world.polls import poll_of

topic = Topic()


@topic.handles(messages.SendVoteRequest)
async def send_vote(caller: Caller, request: messages.SendVoteRequest) -> Result:
    """Vote, or take the vote back with no options."""
    message = caller.message(caller.peer(request.peer), request.msg_id)
    options = tuple(dict.fromkeys(map(read_option, request.options)))
    caller.world.polls.vote(caller.me, message, options)
    return tell(caller, message)


@topic.handles(messages.GetPollResultsRequest)
async def get_results(caller: Caller, request: messages.GetPollResultsRequest) -> Result:
    """Tell how the votes stand."""
    return tell(caller, caller.message(caller.peer(request.peer), request.msg_id))


def tell(caller: Caller, message: Message) -> types.Updates:
    """Answer with the votes for the poll of a message."""
    cast = caller.cast()
    return wrap(cast, [show_votes(poll_of(message), cast)])
