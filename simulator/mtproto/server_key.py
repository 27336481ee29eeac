"""The server's RSA key and both ways in which clients pad what they encrypt to it."""

from dataclasses import dataclass
from hashlib import sha1, sha256

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from telethon.tl import TLObject

from simulator.mtproto.crypto import decrypt_ige
from simulator.mtproto.errors import HandshakeRefused
from simulator.mtproto.reading import GuardedReader, read_object, read_object_from

MODULUS_BITS = 2048
BLOCK_BYTES = MODULUS_BITS // 8
TEMP_KEY_BYTES = 32
PADDED_BYTES = 192
SHA1_BYTES = 20
FINGERPRINT_BITS = 64


@dataclass(frozen=True, slots=True)
class ServerKey:
    """An RSA key that lives as long as the server."""

    numbers: rsa.RSAPrivateNumbers
    public_pem: str
    fingerprint: int

    @classmethod
    def generate(cls) -> "ServerKey":
        """Make a new key that every client can name."""
        while True:
            private = rsa.generate_private_key(public_exponent=65537, key_size=MODULUS_BITS)
            made = cls.of_private(private)
            if is_nameable(made.fingerprint):
                return made

    @classmethod
    def of_pem(cls, pem: str) -> "ServerKey":
        """Read a key that `private_pem` wrote; raises ValueError for anything else."""
        private = load_pem_private_key(pem.encode(), None)
        if not isinstance(private, rsa.RSAPrivateKey) or private.key_size != MODULUS_BITS:
            raise ValueError(f"this is no RSA key of {MODULUS_BITS} bits")
        return cls.of_private(private)

    @classmethod
    def of_private(cls, private: rsa.RSAPrivateKey) -> "ServerKey":
        """Take a key with what clients know of it."""
        public = private.public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
        return cls(private.private_numbers(), pem, fingerprint(public.public_numbers()))

    @property
    def private_pem(self) -> str:
        """The whole key, secret as it is."""
        form, unlocked = PrivateFormat.TraditionalOpenSSL, NoEncryption()
        return self.numbers.private_key().private_bytes(Encoding.PEM, form, unlocked).decode()

    def decrypt(self, cipher: bytes) -> TLObject:
        """Return the inner data of a key exchange, whichever form of padding carries it.

        The older form is what Telethon 1.45 sends; RSA_PAD is the one that is documented now.
        """
        number = int.from_bytes(cipher, "big")
        if len(cipher) != BLOCK_BYTES or number >= self.numbers.public_numbers.n:
            raise HandshakeRefused("the encrypted data does not fit the key")
        block = self.raise_to_private(number).to_bytes(BLOCK_BYTES, "big")
        try:
            return unpad_new(block)
        except HandshakeRefused:
            return unpad_old(block)

    def raise_to_private(self, number: int) -> int:
        """Do the private operation with both primes apart, which is four times as fast."""
        key = self.numbers
        by_p, by_q = pow(number, key.dmp1, key.p), pow(number, key.dmq1, key.q)
        return by_q + (by_p - by_q) * key.iqmp % key.p * key.q


def fingerprint(key: rsa.RSAPublicNumbers) -> int:
    """Return the 64 bits by which clients name a key."""
    parts = (n.to_bytes((n.bit_length() + 7) // 8, "big") for n in (key.n, key.e))
    packed = b"".join(TLObject.serialize_bytes(part) for part in parts)
    digest = sha1(packed, usedforsecurity=False).digest()
    return int.from_bytes(digest[-8:], "little", signed=True)


def is_nameable(name: int) -> bool:
    """Tell whether a fingerprint has all its hexadecimal digits.

    mtcute compares keys by these digits, and on one side without the zeros in front.
    """
    return name < 0 or name >> (FINGERPRINT_BITS - 4) != 0


def unpad_old(block: bytes) -> TLObject:
    """Read the object that stands behind its own SHA-1 and in front of random bytes."""
    digest, reader = block[1 : 1 + SHA1_BYTES], GuardedReader(block[1 + SHA1_BYTES :])
    inner = read_object_from(reader)
    used = reader.get_bytes()[: reader.tell_position()]
    if block[0] or sha1(used, usedforsecurity=False).digest() != digest:
        raise HandshakeRefused("the hash inside the RSA block does not match")
    return inner


def unpad_new(block: bytes) -> TLObject:
    """Undo RSA_PAD: a random AES key, masked by the hash of what it encrypts."""
    masked, cipher = block[:TEMP_KEY_BYTES], block[TEMP_KEY_BYTES:]
    temp_key = bytes(a ^ b for a, b in zip(masked, sha256(cipher).digest(), strict=True))
    plain = decrypt_ige(cipher, temp_key, bytes(32))
    padded, digest = plain[:PADDED_BYTES][::-1], plain[PADDED_BYTES:]
    if sha256(temp_key + padded).digest() != digest:
        raise HandshakeRefused("the hash inside the RSA block does not match")
    return read_object(padded)
