"""The link by which one person joins the desk's staff."""

INVITATION = "invite_"
"""How the argument of /start begins when a person follows an invitation."""


def invitation_link(username: str, code: str) -> str:
    """Write the link that an invitation to this bot is."""
    return f"https://t.me/{username}?start={INVITATION}{code}"
