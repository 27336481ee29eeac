"""Identifiers with types, so that a swapped argument is a type error."""

from typing import NamedTuple, NewType

AccountId = NewType("AccountId", int)
PersonaId = NewType("PersonaId", int)
ChannelId = NewType("ChannelId", int)
GrantId = NewType("GrantId", int)
CampaignId = NewType("CampaignId", int)
ScheduleId = NewType("ScheduleId", int)
DraftId = NewType("DraftId", int)
CommentId = NewType("CommentId", int)
OutboxId = NewType("OutboxId", int)
JobId = NewType("JobId", int)
CommandId = NewType("CommandId", int)
ScriptId = NewType("ScriptId", int)
ScriptVersionId = NewType("ScriptVersionId", int)
UserId = NewType("UserId", int)
InboundId = NewType("InboundId", int)
ConversationId = NewType("ConversationId", int)
HandoffId = NewType("HandoffId", int)
StudyGroupId = NewType("StudyGroupId", int)
GroupMessageId = NewType("GroupMessageId", int)
LessonId = NewType("LessonId", int)
JourneyId = NewType("JourneyId", int)
ContactId = NewType("ContactId", int)
NodeName = NewType("NodeName", str)

TelegramId = NewType("TelegramId", int)
"""A user, channel or group as Telegram numbers it: the bare positive id, without marks."""

MessageId = NewType("MessageId", int)
"""A message's number inside its chat, as Telegram counts."""


class PostRef(NamedTuple):
    """A post: the channel that we know and the number that Telegram gave."""

    channel: ChannelId
    message: MessageId
