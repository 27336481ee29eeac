"""Where facts are recorded: once, with the job that follows from them, in one transaction."""

from typing import Protocol

from orchestrator.facts import DirectMessageSeen, PostEdited, PostsDeleted, PostSeen


class IntakeStore(Protocol):
    """Records what Telegram reported."""

    async def record_post_and_queue(self, post: PostSeen) -> bool:
        """Record a post of a watched channel and queue ConsiderPost.

        False when it is known or unwatched.
        """

    async def record_post_edit(self, edit: PostEdited) -> None:
        """Store a post's new text."""

    async def record_posts_deleted(self, deletion: PostsDeleted) -> None:
        """Mark posts as gone and fail what waits to be said under them."""

    async def record_direct_message(self, message: DirectMessageSeen) -> bool:
        """Record an incoming direct message with its contact and conversation.

        False when it is known.

        A stop word opts the sender out in the same transaction.
        """
