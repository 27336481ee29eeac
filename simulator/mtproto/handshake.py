"""How a client and the server agree on an auth key.

Source: https://core.telegram.org/mtproto/auth_key
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha1

from telethon.tl import TLObject
from telethon.tl.functions import (
    ReqDHParamsRequest,
    ReqPqMultiRequest,
    ReqPqRequest,
    SetClientDHParamsRequest,
)
from telethon.tl.types import (
    ClientDHInnerData,
    DhGenOk,
    PQInnerData,
    PQInnerDataDc,
    PQInnerDataTemp,
    PQInnerDataTempDc,
    ResPQ,
    ServerDHInnerData,
    ServerDHParamsOk,
)

from simulator.mtproto.crypto import BLOCK, AuthKey, decrypt_ige, encrypt_ige
from simulator.mtproto.errors import HandshakeRefused
from simulator.mtproto.reading import GuardedReader, read_object_from
from simulator.mtproto.server_key import ServerKey

# The safe prime that Telegram's own servers use; clients know it and need not test it.
DH_PRIME = int(
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f"
    "48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c37"
    "20fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64"
    "2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4"
    "a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754"
    "fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4"
    "e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f"
    "0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b",
    16,
)
DH_GENERATOR = 3
DH_SAFETY = 1 << (2048 - 64)
# A short exponent is as safe as the group's other parts, and eight times as fast.
EXPONENT_BITS = 256
# An even product spares the client its search, which would prove nothing on loopback, takes
# Telethon 20 ms with primes of the usual size and fails it now and then with small odd ones.
PRIMES = (2, 1_000_003)
SHA1_BYTES = 20
LONGEST_TERM = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Exponent:
    """The server's half of Diffie and Hellman."""

    secret: int
    public: bytes

    @classmethod
    def draw(cls) -> "Exponent":
        """Choose a new secret."""
        secret = secrets.randbits(EXPONENT_BITS) | 1 << (EXPONENT_BITS - 1)
        return cls(secret, minimal_bytes(pow(DH_GENERATOR, secret, DH_PRIME)))

    def agree(self, g_b: int) -> AuthKey:
        """Return the key that both sides now can compute.

        Leading zero bytes are dropped, as Telethon drops them (one key in 256 has some).
        """
        if not DH_SAFETY <= g_b <= DH_PRIME - DH_SAFETY:
            raise HandshakeRefused("g_b is out of its bounds")
        return AuthKey.of(minimal_bytes(pow(g_b, self.secret, DH_PRIME)))


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the second step leaves behind for the third."""

    new_nonce: bytes
    aes_key: bytes
    aes_iv: bytes


class Handshake:
    """One connection's key exchange; the steps come in order or are refused."""

    def __init__(
        self,
        server_keys: Sequence[ServerKey],
        exponent: Exponent,
        keep: Callable[["MadeKey"], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.server_keys = {key.fingerprint: key for key in server_keys}
        self.exponent, self.keep, self.clock = exponent, keep, clock
        self.nonce: int | None = None
        self.server_nonce = 0
        self.secrets: Secrets | None = None
        self.lasts: int | None = None

    def answer(self, request: TLObject) -> TLObject:
        """Take one step; raise `HandshakeRefused` if it is not the one that is due."""
        match request:
            case ReqPqMultiRequest() | ReqPqRequest():
                return self.begin(request.nonce)
            case ReqDHParamsRequest():
                self.check_nonces(request)
                return self.offer(request)
            case SetClientDHParamsRequest():
                self.check_nonces(request)
                return self.finish(request.encrypted_data)
        raise HandshakeRefused(f"{type(request).__name__} is no step of the key exchange")

    def begin(self, nonce: int) -> ResPQ:
        """Step 1: name our keys and set the client its small riddle."""
        self.nonce, self.secrets = nonce, None
        self.server_nonce = int.from_bytes(secrets.token_bytes(16), "little", signed=True)
        p, q = PRIMES
        names = list(self.server_keys)
        return ResPQ(nonce, self.server_nonce, minimal_bytes(p * q), names)

    def check_nonces(self, step: TLObject) -> None:
        """Refuse a step that belongs to another exchange."""
        if (step.nonce, step.server_nonce) != (self.nonce, self.server_nonce):
            raise HandshakeRefused(f"{type(step).__name__} carries other nonces")

    def offer(self, request: ReqDHParamsRequest) -> ServerDHParamsOk:
        """Step 2: take the client's nonce and offer our half of the key."""
        p, q = (minimal_bytes(prime) for prime in PRIMES)
        if (request.p, request.q) != (p, q):
            raise HandshakeRefused("these are not the factors")
        key = self.server_keys.get(request.public_key_fingerprint)
        if key is None:
            raise HandshakeRefused("that RSA key is not ours")
        inner = key.decrypt(request.encrypted_data)
        if not isinstance(inner, PQInnerData | PQInnerDataDc | PQInnerDataTemp | PQInnerDataTempDc):
            raise HandshakeRefused(f"{type(inner).__name__} is no second step")
        self.check_nonces(inner)
        self.lasts = read_term(inner)
        self.secrets = derive_secrets(inner.new_nonce, self.server_nonce)
        return ServerDHParamsOk(self.nonce, self.server_nonce, self.seal_offer(self.secrets))

    def seal_offer(self, temporary: Secrets) -> bytes:
        """Encrypt our half for the client that knows the nonces."""
        prime = minimal_bytes(DH_PRIME)
        now = int(self.clock())
        public = self.exponent.public
        inner = ServerDHInnerData(self.nonce, self.server_nonce, DH_GENERATOR, prime, public, now)
        hashed = sha1(bytes(inner), usedforsecurity=False).digest() + bytes(inner)
        padded = hashed + secrets.token_bytes(-len(hashed) % BLOCK)
        return encrypt_ige(padded, temporary.aes_key, temporary.aes_iv)

    def finish(self, cipher: bytes) -> DhGenOk:
        """Step 3: take the client's half, keep the key, prove that we have it."""
        if self.secrets is None:
            raise HandshakeRefused("the client's half came before the offer")
        temporary, self.secrets = self.secrets, None
        inner = open_client_half(cipher, temporary)
        self.check_nonces(inner)
        key = self.exponent.agree(int.from_bytes(inner.g_b, "big"))
        self.keep(MadeKey(key, self.first_salt(temporary), self.lasts))
        proof = sha1(temporary.new_nonce + b"\x01" + key.aux_hash, usedforsecurity=False)
        hashed = int.from_bytes(proof.digest()[4:20], "little", signed=True)
        return DhGenOk(self.nonce, self.server_nonce, hashed)

    def first_salt(self, temporary: Secrets) -> int:
        """Return the salt with which both sides begin."""
        ours = self.server_nonce.to_bytes(16, "little", signed=True)
        mixed = bytes(a ^ b for a, b in zip(temporary.new_nonce[:8], ours[:8], strict=True))
        return int.from_bytes(mixed, "little", signed=True)


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key that was agreed on, the salt with which both sides begin, and its term in seconds."""

    key: AuthKey
    first_salt: int
    lasts: int | None


def read_term(inner: TLObject) -> int | None:
    """Read for how many seconds the key shall last; None is for ever."""
    seconds: int | None = getattr(inner, "expires_in", None)
    if seconds is not None and not 0 < seconds <= LONGEST_TERM:
        raise HandshakeRefused(f"a key that lasts {seconds} seconds is not made here")
    return seconds


def open_client_half(cipher: bytes, temporary: Secrets) -> ClientDHInnerData:
    """Decrypt the client's half and compare it with the hash in front of it."""
    if not cipher or len(cipher) % BLOCK:
        raise HandshakeRefused("the client's half does not consist of whole blocks")
    plain = decrypt_ige(cipher, temporary.aes_key, temporary.aes_iv)
    reader = GuardedReader(plain[SHA1_BYTES:])
    inner = read_object_from(reader)
    used = plain[SHA1_BYTES : SHA1_BYTES + reader.tell_position()]
    if sha1(used, usedforsecurity=False).digest() != plain[:SHA1_BYTES]:
        raise HandshakeRefused("the hash of the client's half does not match")
    if not isinstance(inner, ClientDHInnerData):
        raise HandshakeRefused(f"{type(inner).__name__} is not the client's half")
    return inner


def derive_secrets(new_nonce: int, server_nonce: int) -> Secrets:
    """Return the temporary AES key of the exchange."""
    new = new_nonce.to_bytes(32, "little", signed=True)
    server = server_nonce.to_bytes(16, "little", signed=True)
    a, b, c = (
        sha1(pair, usedforsecurity=False).digest()
        for pair in (new + server, server + new, new + new)
    )
    return Secrets(new, a + b[:12], b[12:] + c + new[:4])


def minimal_bytes(number: int) -> bytes:
    """Return a number in big-endian order without leading zeros."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
