"""Keys that expire: a client proves that it holds the lasting key for which one shall stand.

Source: https://core.telegram.org/method/auth.bindTempAuthKey
"""

import hmac
import struct
from hashlib import sha1

from telethon.tl.functions.auth import BindTempAuthKeyRequest
from telethon.tl.types import BindAuthKeyInner

from simulator.mtproto.crypto import BLOCK, HEADER, AuthKey, decrypt_ige
from simulator.mtproto.errors import MalformedMessage, UnknownKey, WireError
from simulator.mtproto.keyring import KeyRing
from simulator.mtproto.reading import read_object
from simulator.mtproto.session import Session

HEAD = struct.Struct("<16sqii")  # random bytes, message id, sequence number, length


class BindingRefused(WireError):
    """The proof is none."""


def bind(keys: KeyRing, session: Session, msg_id: int, request: BindTempAuthKeyRequest) -> None:
    """Let the session's key stand for a lasting one; raises `BindingRefused`."""
    try:
        lasting = keys.find(request.perm_auth_key_id)
        inner = open_proof(lasting, request.encrypted_message, msg_id)
    except (UnknownKey, MalformedMessage, struct.error) as error:
        raise BindingRefused(f"the proof does not open: {error}") from error
    if not isinstance(inner, BindAuthKeyInner) or not keys.is_temporary(session.key.id):
        raise BindingRefused("only a key that expires can stand for another")
    said = (inner.nonce, inner.perm_auth_key_id, inner.expires_at)
    if said != (request.nonce, lasting.id, request.expires_at):
        raise BindingRefused("the proof is for another request")
    if (inner.temp_auth_key_id, inner.temp_session_id) != (session.key.id, session.id):
        raise BindingRefused("the proof is for another key or session")
    keys.bind(session.key.id, lasting.id)


def open_proof(key: AuthKey, sealed: bytes, msg_id: int) -> object:
    """Open what was sealed in the way of MTProto 1.0 for the request of that number."""
    key_id, msg_key, cipher = sealed[:8], sealed[8:HEADER], sealed[HEADER:]
    named = int.from_bytes(key_id, "little", signed=True) == key.id
    if not named or not cipher or len(cipher) % BLOCK:
        raise MalformedMessage("it is not sealed with that key")
    plain = decrypt_ige(cipher, *derive_old_aes(key, msg_key))
    _, number, _, length = HEAD.unpack_from(plain)
    used = plain[: HEAD.size + max(0, length)]
    digest = sha1(used, usedforsecurity=False).digest()
    if not hmac.compare_digest(digest[4:20], msg_key) or number != msg_id:
        raise MalformedMessage("the hash or the number does not match")
    return read_object(used[HEAD.size :])


def derive_old_aes(key: AuthKey, msg_key: bytes) -> tuple[bytes, bytes]:
    """Return the AES key and the initialisation vector of a client's packet in MTProto 1.0."""
    secret = key.data
    a, b, c, d = (
        sha1(part, usedforsecurity=False).digest()
        for part in (
            msg_key + secret[:32],
            secret[32:48] + msg_key + secret[48:64],
            secret[64:96] + msg_key,
            msg_key + secret[96:128],
        )
    )
    return a[:8] + b[8:20] + c[4:16], a[8:20] + b[:8] + c[16:20] + d[:8]
