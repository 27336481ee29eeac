"""Identifiers with types, so that a swapped argument is a type error."""

from typing import NewType

TicketId = NewType("TicketId", int)
ClientId = NewType("ClientId", int)
OperatorId = NewType("OperatorId", int)
"""A row of `users`: operators are users with that role, in the bot and on the web alike."""
TechnicianId = NewType("TechnicianId", int)
TicketMessageId = NewType("TicketMessageId", int)
AttachmentId = NewType("AttachmentId", int)
ClockId = NewType("ClockId", int)
MenuTopicId = NewType("MenuTopicId", int)
ConversationId = NewType("ConversationId", int)

ActKey = NewType("ActKey", str)
"""Names one step of one update ("u:<bot>:<update>:take"): done once, however often it is asked."""

ChatId = NewType("ChatId", int)
"""A chat as the Bot API numbers it: people positive, groups and channels negative."""
ThreadId = NewType("ThreadId", int)
"""A forum topic inside its group."""
TgUserId = NewType("TgUserId", int)
"""A person as Telegram numbers them."""
TgMessageId = NewType("TgMessageId", int)
"""A message inside its chat, as the Bot API numbers it."""
