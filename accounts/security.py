"""Who else is signed in to an account, and whether its password is the same."""

import hashlib
from typing import Any

from telethon.tl.functions.account import GetAuthorizationsRequest, GetPasswordRequest

from accounts.connection import Connection
from accounts.translate import clean, moment
from orchestrator.ports.security import Authorization, SecurityView


async def look_at_security(connection: Connection) -> SecurityView:
    """Ask Telegram for the account's sessions and for what it says about the password."""
    answer = await connection.call(GetAuthorizationsRequest())
    password = await connection.call(GetPasswordRequest())
    sessions = tuple(authorization(listed) for listed in answer.authorizations)
    return SecurityView(sessions, mark_of(password))


def authorization(listed: Any) -> Authorization:  # noqa: ANN401 - Telethon's Authorization
    """Word one session."""
    device = " ".join(filter(None, (clean(listed.device_model), clean(listed.platform))))
    application = " ".join(filter(None, (clean(listed.app_name), clean(listed.app_version))))
    return Authorization(
        hash=0 if listed.current else listed.hash,
        device=device,
        application=application,
        country=clean(listed.country),
        created_at=moment(listed.date_created),
    )


def mark_of(password: Any) -> str:  # noqa: ANN401 - Telethon's account.Password
    """Return what changes with the password: its salts are drawn anew each time that one is set."""
    algorithm = password.current_algo if password.has_password else None
    parts = (
        bytes([bool(password.has_password)]),
        clean(password.hint).encode(),
        getattr(algorithm, "salt1", b""),
        getattr(algorithm, "salt2", b""),
    )
    mark = hashlib.sha256()
    for part in parts:
        mark.update(len(part).to_bytes(4) + part)
    return mark.hexdigest()
