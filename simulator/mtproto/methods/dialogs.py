"""The list of the account's chats."""

from collections.abc import Sequence

from telethon.tl import types
from telethon.tl.functions import messages

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller, peer_of
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate import read_date, show_peer
from simulator.mtproto.translate_messages import Cast, TLMessage
from simulator.world.channels import Channel
from simulator.world.dialogs import Dialog, channel_dialog, dialogs_of, private_dialog

MOST_DIALOGS = 100

topic = Topic()


def show_dialog(dialog: Dialog) -> types.Dialog:
    """Show a chat's place in the list."""
    return types.Dialog(
        peer=show_peer(dialog.peer),
        top_message=dialog.top.id if dialog.top else 0,
        read_inbox_max_id=dialog.read_by_me,
        read_outbox_max_id=dialog.read_by_them,
        unread_count=dialog.unread,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        notify_settings=types.PeerNotifySettings(),
        pts=dialog.channel.mailbox.pts if dialog.channel else None,
    )


def show_tops(dialogs: Sequence[Dialog], cast: Cast) -> list[TLMessage]:
    """Show the newest message of each chat."""
    cast.mention(*(dialog.peer for dialog in dialogs))
    return [cast.message(dialog.top) for dialog in dialogs if dialog.top]


@topic.handles(messages.GetDialogsRequest)
async def get_dialogs(caller: Caller, request: messages.GetDialogsRequest) -> Result:
    """List the chats page by page, the liveliest first; there is no archive."""
    known = [] if request.folder_id else dialogs_of(caller.me.inbox, caller.world.channels)
    start = start_after(caller, known, request)
    shown = known[start : start + min(request.limit or MOST_DIALOGS, MOST_DIALOGS)]
    cast = caller.cast()
    tops = show_tops(shown, cast)
    return types.messages.DialogsSlice(
        count=len(known),
        dialogs=[show_dialog(dialog) for dialog in shown],
        messages=tops,
        chats=cast.chats(),
        users=cast.users(),
    )


def start_after(
    caller: Caller, known: Sequence[Dialog], request: messages.GetDialogsRequest
) -> int:
    """Find the place behind the dialog that the last page ended with."""
    if not isinstance(request.offset_peer, types.InputPeerEmpty):
        peer = peer_of(caller.peer(request.offset_peer))
        places = [place for place, dialog in enumerate(known) if dialog.peer == peer]
        if places:
            return places[0] + 1
    offset = read_date(request.offset_date)
    return 0 if offset is None else sum(1 for dialog in known if dialog.moved_at >= offset)


@topic.handles(messages.GetPeerDialogsRequest)
async def get_peer_dialogs(caller: Caller, request: messages.GetPeerDialogsRequest) -> Result:
    """Show some chats' places in the list."""
    inbox = caller.me.inbox
    found = [caller.peer(getattr(named, "peer", named)) for named in request.peers]
    dialogs = [
        channel_dialog(inbox, chat) if isinstance(chat, Channel) else private_dialog(inbox, chat.id)
        for chat in found
    ]
    cast = caller.cast()
    tops = show_tops(dialogs, cast)
    return types.messages.PeerDialogs(
        dialogs=[show_dialog(dialog) for dialog in dialogs],
        messages=tops,
        chats=cast.chats(),
        users=cast.users(),
        state=types.updates.State(
            pts=inbox.mailbox.pts, qts=0, date=caller.world.clock.now(), seq=0, unread_count=0
        ),
    )
